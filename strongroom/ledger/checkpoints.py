"""The log's checkpoints: each is committed here before it is put into the vault, and none ever goes back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from strongroom.errors import StrongroomError
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import checkpoints


@dataclass(frozen=True)
class CheckpointRow:
    """A signed tree head. `root` is in hex, `note` the signed note's text as it stands in the vault.

    `timestamp_token` is the RFC 3161 response (DER), `timestamp_chain` the certificates it was verified with (PEM).
    The errors say in words why there is no timestamp or the witness doesn't have it, as of the last attempt.
    """

    size: int
    root: str
    note: str
    created_at: datetime
    timestamp_token: bytes | None
    timestamp_chain: str | None
    timestamp_at: datetime | None
    timestamp_stored_at: datetime | None
    timestamp_error: str | None
    witnessed_at: datetime | None
    witness_error: str | None


_COLUMNS = [checkpoints.c[name] for name in CheckpointRow.__dataclass_fields__]


class CheckpointRefused(StrongroomError):
    """A checkpoint would go back or fork: the log has gone on since, or has another root at that size."""


def latest_checkpoint(engine: Engine) -> CheckpointRow | None:
    """The checkpoint of the most leaves."""
    with transaction(engine) as connection:
        return _latest(connection)


def find_checkpoint(engine: Engine, size: int) -> CheckpointRow | None:
    """The checkpoint of so many leaves."""
    with transaction(engine) as connection:
        row = connection.execute(select(*_COLUMNS).where(checkpoints.c.size == size)).one_or_none()
    return None if row is None else CheckpointRow(*row)


def previous_size(engine: Engine, size: int) -> int:
    """How many leaves the checkpoint before that of so many has; 0 for the first."""
    statement = select(func.coalesce(func.max(checkpoints.c.size), 0)).where(checkpoints.c.size < size)
    with transaction(engine) as connection:
        before: int = connection.execute(statement).scalar_one()
        return before


def checkpoint_sizes(engine: Engine) -> list[int]:
    """The sizes of all checkpoints, ascending."""
    with transaction(engine) as connection:
        return list(connection.scalars(select(checkpoints.c.size).order_by(checkpoints.c.size)))


def commit_checkpoint(engine: Engine, size: int, root: str, note: str, *, after: int) -> CheckpointRow:
    """Commit the checkpoint that follows that of `after` leaves (0: the first), and return it.

    Where it has been committed already the committed one is returned. Raises CheckpointRefused.
    """
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("strongroom.log"))))
        latest = _latest(connection)
        newest = 0 if latest is None else latest.size
        if latest is not None and newest == size and latest.root == root:
            return latest
        if newest != after or size <= after:
            raise CheckpointRefused(
                f"a checkpoint of {size} leaves can't follow one of {after}: the newest has {newest}",
                where="the ledger's checkpoints",
                todo="nothing to do when another sealer was faster; else compare the ledger with the vault",
            )
        connection.execute(insert(checkpoints).values(size=size, root=root, note=note))
        row = connection.execute(select(*_COLUMNS).where(checkpoints.c.size == size)).one()
    return CheckpointRow(*row)


def without_timestamp(engine: Engine) -> list[CheckpointRow]:
    """Checkpoints whose timestamp doesn't stand in the vault yet, oldest first; some may have it here already."""
    return _where_missing(engine, "timestamp_stored_at")


def without_witness(engine: Engine) -> list[CheckpointRow]:
    """Checkpoints that the witness hasn't got yet, oldest first."""
    return _where_missing(engine, "witnessed_at")


def record_timestamp(engine: Engine, size: int, token: bytes, chain: str, at: datetime) -> bool:
    """Commit a checkpoint's timestamp before it is put; False when it has one by now, which stays."""
    statement = (
        update(checkpoints)
        .where(checkpoints.c.size == size, checkpoints.c.timestamp_token.is_(None))
        .values(timestamp_token=token, timestamp_chain=chain, timestamp_at=at, timestamp_error=None)
    )
    with transaction(engine) as connection:
        return connection.execute(statement).rowcount == 1


def record_timestamp_stored(engine: Engine, size: int) -> None:
    """A checkpoint's timestamp stands in the vault."""
    statement = (
        update(checkpoints)
        .where(checkpoints.c.size == size, checkpoints.c.timestamp_stored_at.is_(None))
        .values(timestamp_stored_at=func.clock_timestamp())
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def timestamp_failed(engine: Engine, size: int, reason: str) -> None:
    """Say why a checkpoint has no timestamp yet."""
    statement = (
        update(checkpoints)
        .where(checkpoints.c.size == size, checkpoints.c.timestamp_token.is_(None))
        .values(timestamp_error=reason)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def record_witnessed(engine: Engine, size: int) -> None:
    """The witness has a checkpoint."""
    statement = (
        update(checkpoints)
        .where(checkpoints.c.size == size, checkpoints.c.witnessed_at.is_(None))
        .values(witnessed_at=func.clock_timestamp(), witness_error=None)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def witness_failed(engine: Engine, size: int, reason: str) -> None:
    """Say why the witness hasn't got a checkpoint yet."""
    statement = (
        update(checkpoints)
        .where(checkpoints.c.size == size, checkpoints.c.witnessed_at.is_(None))
        .values(witness_error=reason)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def _latest(connection: Connection) -> CheckpointRow | None:
    row = connection.execute(select(*_COLUMNS).order_by(checkpoints.c.size.desc()).limit(1)).one_or_none()
    return None if row is None else CheckpointRow(*row)


def _where_missing(engine: Engine, name: str) -> list[CheckpointRow]:
    statement = select(*_COLUMNS).where(checkpoints.c[name].is_(None)).order_by(checkpoints.c.size)
    with transaction(engine) as connection:
        return [CheckpointRow(*row) for row in connection.execute(statement)]
