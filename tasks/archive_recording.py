"""Task: fetch, check and store one recording, or try again later."""

from celery import Task, shared_task

from strongroom.ledger.references import RecordingRef
from strongroom.pipeline.recording import archive_recording as archive
from tasks.following import send_next


@shared_task(bind=True, name="archive_recording")  # type: ignore[untyped-decorator]
def archive_recording(self: Task, conversation_id: str, revision: int, recording_id: str) -> None:
    """Archive one recording of one revision of a conversation."""
    following = archive(self.app.house, RecordingRef.parse(conversation_id, revision, recording_id))
    send_next(self.app, following)
