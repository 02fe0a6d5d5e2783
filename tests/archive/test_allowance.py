"""A worker whose request has no room gives its row back, and the deadline moves; without Redis nothing is sent."""

import pytest
from archives import Archive, StartArchive
from sqlalchemy import text

from strongroom.genesys.patience import Patience
from strongroom.house import House
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.runs import open_run
from strongroom.pipeline.capture import archive_conversation
from strongroom.pipeline.enumerate import enumerate_day
from strongroom.pipeline.outcomes import NOTHING


@pytest.fixture
def archive(start_archive: StartArchive) -> Archive:
    return start_archive(conversations=2, rate_limit_per_min=300, settings={"STRONGROOM_REQUESTS_PER_MINUTE": "300"})


def discovered(archive: Archive) -> ConversationRef:
    """One conversation of the day, which nobody has looked at."""
    open_run(archive.engine, archive.day, "a test")
    return next(ref for page in enumerate_day(archive.house, archive.day) for ref in page)


def row(archive: Archive, ref: ConversationRef) -> tuple[str, str, float]:
    """State, cause and how long it waits."""
    query = "SELECT state, cause, extract(epoch FROM due_at - now()) FROM conversations WHERE conversation_id = :id"
    with archive.engine.connect() as connection:
        state, cause, wait_s = connection.execute(text(query), {"id": ref.conversation_id}).one()
    return state, cause, float(wait_s)


def refuse_for(house: House, seconds: int) -> None:
    """Another process of the fleet was answered 429."""
    for client in [house.pool.of(f"client-{number}") for number in (1, 2)]:
        assert client.allowance is not None
        with client.allowance.slot(Patience(5), 5, "a test") as slot:
            slot.heard(429, {"Retry-After": str(seconds)})


def test_work_without_room_gives_its_worker_back(archive: Archive) -> None:
    ref = discovered(archive)
    asked = archive.simulator.stats()["clients"]
    refuse_for(archive.house, 600)
    assert archive_conversation(archive.house, ref) == NOTHING
    state, cause, wait_s = row(archive, ref)
    assert (state, wait_s > 580) == ("discovered", True)
    assert "used up" in cause
    assert archive.simulator.stats()["clients"] == asked


def test_without_redis_the_row_waits_and_nothing_is_sent(archive: Archive, closed_port: int) -> None:
    ref = discovered(archive)
    asked = archive.simulator.stats()["clients"]
    blind = archive.open_house("blind", STRONGROOM_REDIS_URL=f"redis://127.0.0.1:{closed_port}/0")
    assert archive_conversation(blind, ref) == NOTHING
    state, cause, wait_s = row(archive, ref)
    assert (state, wait_s > 0) == ("discovered", True)
    assert "Redis does not say" in cause
    assert archive.simulator.stats()["clients"] == asked
    blind.engine.dispose()


def test_a_house_in_the_background_keeps_out_of_the_priority_share(archive: Archive) -> None:
    behind = archive.house.in_background()
    allowance = behind.pool.of("client-1").allowance
    assert allowance is not None
    assert allowance.background
    assert behind.genesys.get("/api/v2/organizations/me").status == 200
    assert behind.patient_genesys.get("/api/v2/organizations/me").status == 200
    assert (behind.engine, behind.store, behind.names) == (
        archive.house.engine,
        archive.house.store,
        archive.house.names,
    )
