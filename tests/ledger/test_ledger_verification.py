"""The rolling share: each record is hashed again within its quarter, from the first night on."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import update

from strongroom.ledger.engine import Engine
from strongroom.ledger.evidence_schema import verifications
from strongroom.ledger.schema import conversations
from strongroom.ledger.verification import longest_unhashed, record_hashed, unhashed_s

QUARTER_DAYS = 12
"""Short, so that several of them are lived through."""


def _archived(engine: Engine, count: int, state: str = "archived") -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    end = datetime(2025, 5, 14, 12, tzinfo=UTC)
    rows = [
        {"conversation_id": one, "revision": 1, "day": date(2025, 5, 14), "conversation_start": end}
        | {"conversation_end": end, "record": {}, "state": state, "cause": "", "deadline_at": end}
        for one in ids
    ]
    with engine.begin() as connection:
        connection.execute(conversations.insert(), rows)
    return ids


def _a_day_passes(engine: Engine) -> None:
    with engine.begin() as connection:
        for column in (verifications.c.hashed_at, conversations.c.state_at):
            connection.execute(update(column.table).values({column: column - timedelta(days=1)}))


def _hash(engine: Engine, ids: Iterable[UUID]) -> None:
    record_hashed(engine, [(one, 1, 0) for one in ids])


def _waited(engine: Engine) -> timedelta:
    return timedelta(seconds=unhashed_s(engine))


def test_with_a_steady_intake_nothing_waits_longer_than_a_quarter(engine: Engine) -> None:
    longest, again = timedelta(), 0
    hashed: set[UUID] = set()
    for _ in range(4 * QUARTER_DAYS):
        _archived(engine, 24)
        share = longest_unhashed(engine, QUARTER_DAYS)
        longest = max(longest, _waited(engine))
        _hash(engine, share)
        again += len(hashed & set(share))
        hashed |= set(share)
        _a_day_passes(engine)
    assert longest < timedelta(days=QUARTER_DAYS + 1)
    assert again > len(hashed)


def test_what_comes_at_once_is_hashed_within_a_quarter(engine: Engine) -> None:
    """A back-fill brings years in a night."""
    _archived(engine, 12)
    for night in range(2 * QUARTER_DAYS):
        if night == QUARTER_DAYS // 2:
            _archived(engine, 600)
        assert _waited(engine) < timedelta(days=QUARTER_DAYS + 1)
        _hash(engine, longest_unhashed(engine, QUARTER_DAYS))
        _a_day_passes(engine)


def test_what_is_not_archived_waits_for_no_share(engine: Engine) -> None:
    expired = _archived(engine, 1, "expired")
    _hash(engine, expired)
    _a_day_passes(engine)
    assert longest_unhashed(engine, QUARTER_DAYS) == []
    assert _waited(engine) == timedelta()
