"""One attempt at a row that is held: whatever goes wrong, the row says why it waits or is in review."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from strongroom.errors import StrongroomError
from strongroom.ledger.engine import LeaseLost
from strongroom.pipeline.failures import Unexpected
from strongroom.pipeline.outcomes import NOTHING, Next


def attempt(
    lease: AbstractContextManager[None], step: Callable[[], Next], put_off: Callable[[StrongroomError], Next]
) -> Next:
    """Do a step while its lease is kept; an error is put off, and nothing is next when another holds the row by now."""
    try:
        with lease:
            return step()
    except LeaseLost:
        return NOTHING
    except StrongroomError as error:
        return put_off(error)
    except Exception as error:  # noqa: BLE001  # one record that we can't handle must not block its row for ever
        return put_off(Unexpected(error))
