"""One process at a time feeds the broker: two that each find room for a window of messages would send two."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from strongroom.ledger.engine import Engine, transaction


@contextmanager
def feeding_alone(engine: Engine) -> Iterator[bool]:
    """Hold the feeders' lock for as long as the block runs; False, and nothing held, while another has it.

    It is a lock of Postgres's, which ends with the connection however this process ends. Raises LedgerUnreachable.
    """
    with transaction(engine) as connection:
        # the transaction's, not the session's: so it also holds behind a connection pooler
        yield bool(connection.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext("strongroom.feed")))))
