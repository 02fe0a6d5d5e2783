"""Notices: each once for its cause and channel, `waiting → sent`, or `failed` when it could not be sent for long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger import leases
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import Holder
from strongroom.ledger.operations_schema import notices
from strongroom.ledger.request_schema import request_conversations, requests
from strongroom.ledger.review import Selection, reviewed_by_day

_WAITING = ("waiting",)


class NoticeRef(NamedTuple):
    """What tells a notice from every other: what about, and how it is told."""

    kind: str
    subject: str
    channel: str


@dataclass(frozen=True)
class Cause:
    """What people are to be told of; `subject` is the same however often the cause is found."""

    kind: str
    subject: str
    message: str


@dataclass(frozen=True)
class HeldNotice:
    """A notice that this process sends. `age_s` is how long ago its cause was found."""

    ref: NoticeRef
    message: str
    attempts: int
    age_s: float


def want_notices(engine: Engine, causes: Sequence[Cause], channels: Sequence[str]) -> int:
    """Have each cause told on each channel, unless it was before; how many are new. Two at once make one."""
    rows = [
        {"kind": one.kind, "subject": one.subject, "channel": channel, "message": one.message}
        | {"state": "waiting", "cause": "found"}
        for one in causes
        for channel in channels
    ]
    if not rows:
        return 0
    with transaction(engine) as connection:
        return connection.execute(postgresql_insert(notices).values(rows).on_conflict_do_nothing()).rowcount


def due_notices(engine: Engine, limit: int) -> list[NoticeRef]:
    """What is due to be sent and held by nobody, the longest due first."""
    statement = (
        select(notices.c.kind, notices.c.subject, notices.c.channel)
        .where(notices.c.state.in_(_WAITING), notices.c.due_at <= func.clock_timestamp(), leases.free(notices))
        .order_by(notices.c.due_at)
        .limit(limit)
    )
    with transaction(engine) as connection:
        return [NoticeRef(*row) for row in connection.execute(statement)]


def take_notice(engine: Engine, ref: NoticeRef, holder: Holder) -> HeldNotice | None:
    """Take one to send it, or None when it is sent, not due, or held."""
    with transaction(engine) as connection:
        row = leases.take(connection, notices, ref._asdict(), _WAITING, holder)
    if row is None:
        return None
    age_s = (row["taken_at"] - row["first_seen_at"]).total_seconds()
    return HeldNotice(ref, row["message"], row["attempts"], age_s)


def notice_sent(engine: Engine, held: HeldNotice, holder: Holder) -> None:
    """It was told. Raises LeaseLost."""
    _change(engine, held, holder, state="sent", cause="sent")


def notice_failed(engine: Engine, held: HeldNotice, holder: Holder, cause: str) -> None:
    """It could not be told for so long that nobody tries again. Raises LeaseLost."""
    _change(engine, held, holder, state="failed", cause=cause)


def put_notice_off(engine: Engine, held: HeldNotice, holder: Holder, due_in_s: float, cause: str) -> None:
    """It is tried again later. Raises LeaseLost."""
    _change(engine, held, holder, due_at=leases.seconds_from_now(due_in_s), cause=cause)


def review_by_day(engine: Engine, first: date) -> list[tuple[date, str, int]]:
    """Of the days since `first`: each day and cause on the review list, and how many rows have it."""
    with transaction(engine) as connection:
        return [
            (row.day, row.cause, row.number) for row in connection.execute(reviewed_by_day(Selection(first_day=first)))
        ]


def requests_at_risk(engine: Engine, warn_before_s: float) -> list[tuple[str, datetime]]:
    """Requests that are not ready and due soon, or whose restores will be later than they are due; by when each is."""
    later = (
        select(request_conversations.c.request_id)
        .where(
            request_conversations.c.request_id == requests.c.request_id,
            request_conversations.c.ready_by > requests.c.needed_by,
        )
        .exists()
    )
    soon = requests.c.needed_by < leases.seconds_from_now(warn_before_s)
    statement = select(requests.c.request_id, requests.c.needed_by).where(
        requests.c.state.in_(("waiting", "preparing")), soon | later
    )
    with transaction(engine) as connection:
        return [(str(row.request_id), row.needed_by) for row in connection.execute(statement)]


def _change(engine: Engine, held: HeldNotice, holder: Holder, **values: object) -> None:
    with transaction(engine) as connection:
        leases.change(connection, notices, held.ref._asdict(), _WAITING, holder, **values)
