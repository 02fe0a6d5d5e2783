"""Task: seal what has settled."""

import structlog
from celery import Task, shared_task

from strongroom.errors import StrongroomError
from strongroom.pipeline.seal import seal as seal_all

_log = structlog.get_logger()


@shared_task(bind=True, name="seal")  # type: ignore[untyped-decorator]
def seal(self: Task) -> None:
    """Seal all that can be sealed; a second message beside it does nothing."""
    try:
        sealed = seal_all(self.app.house)
    except StrongroomError as error:
        # the sweep sends for it again; what is wrong is for a person, in one line
        _log.error("not sealed", reason=str(error))
        return
    if sealed.entries:
        _log.info("sealed", entries=sealed.entries, log_size=sealed.size)
