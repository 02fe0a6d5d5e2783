"""Whether what the desk needs answers."""

import threading
import time
from collections.abc import Callable

import structlog

from strongroom.errors import StrongroomError
from strongroom.house import House
from strongroom.ledger.revision import require_current_schema
from strongroom.vault.fitness import require_there

_KEPT_S = 5.0
_log = structlog.get_logger()


class Readiness:
    """Whether ledger and store answer, looked up every five seconds at most, however often somebody asks."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._looked_at = -_KEPT_S
        self._answer: dict[str, bool] = {}

    def look(self) -> dict[str, bool]:
        """Which of the two answers."""
        with self._lock:
            if time.monotonic() - self._looked_at >= _KEPT_S:
                self._answer = {
                    "ledger": _holds(lambda: require_current_schema(self._house.engine)),
                    "store": _holds(lambda: require_there(self._house.store)),
                }
                self._looked_at = time.monotonic()
            return self._answer


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except StrongroomError as error:
        _log.error("the desk is not ready", reason=str(error))
        return False
    return True
