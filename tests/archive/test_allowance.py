"""A worker whose request has no room gives its row back, and the deadline moves; without Redis nothing is sent."""

import subprocess

import pytest
from archives import Archive, StartArchive
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from embedded.command import PROGRAMS
from embedded.isolation import clean_environment
from strongroom.genesys.endpoints import OTHER
from strongroom.genesys.patience import Patience
from strongroom.house import House, requests_counted
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
        with client.allowance.slot(Patience(5), 5, "a test", "GET other") as slot:
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


def test_what_archiving_a_day_asks_is_counted_by_endpoint_as_genesys_counts_it(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=6)
    archive.archive_here()
    counted = requests_counted(archive.house.settings)
    assert sum(counted.values()) == sum(archive.simulator.stats()["clients"].values())
    endpoints = {endpoint for endpoint, _ in counted}
    assert {"POST /api/v2/recording/batchrequests", "GET /api/v2/recording/batchrequests/{jobId}"} <= endpoints
    assert not [one for one in endpoints if one.endswith(OTHER)]
    exposed = subprocess.run(
        [PROGRAMS / "strongroom", "metrics"],
        env=clean_environment() | archive.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    told = {
        (sample.labels["endpoint"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name == "strongroom_genesys_requests_total"
    }
    assert told == counted


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
