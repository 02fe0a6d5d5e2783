"""The fleet's part: the sweep sends for a sealing, the task seals, and what stops it is one line in the log."""

from pathlib import Path

from sealing_material import A_DAY, Sealing, StartSealing, log_in
from structlog.testing import capture_logs

from config.environment import load_settings
from strongroom.ledger.evidence_objects import find_evidence
from tasks.fleet import Fleet


def fleet_of(sealing: Sealing) -> Fleet:
    """The Celery app of a worker on this ledger and vault; no message goes over a broker here."""
    app = Fleet(load_settings(sealing.environment))
    app.loader.import_default_modules()
    return app


def test_the_task_seals_and_a_second_message_does_nothing(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    ids = sealing.settled(A_DAY, 2)
    app = fleet_of(sealing)
    for _ in range(2):
        app.tasks["seal"].apply(throw=True)
    assert log_in(sealing).manifests() == sorted(ids)
    app.house.engine.dispose()


def test_what_stops_a_sealing_is_one_line_in_the_log(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 1)
    Path(sealing.environment["STRONGROOM_LOG_KEY_FILE"]).unlink()
    app = fleet_of(sealing)
    with capture_logs() as lines:
        app.tasks["seal"].apply(throw=True)
    [line] = [line for line in lines if line["event"] == "not sealed"]
    assert "there is no such key file" in line["reason"]
    app.house.engine.dispose()


def test_the_nightly_task_keeps_evidence(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 1, years=30)
    app = fleet_of(sealing)
    app.tasks["seal"].apply(throw=True)
    [key] = sealing.versions("evidence/log/keys/")
    before = sealing.lock(key)
    # a lock that is years away is left to a later night
    app.tasks["keep_evidence"].apply(throw=True)
    assert sealing.lock(key) == before
    sealing.execute("UPDATE evidence_objects SET retain_until = now() + interval '1 month' WHERE kind = 'key'")
    app.tasks["keep_evidence"].apply(throw=True)
    row = find_evidence(sealing.engine, key)
    assert row is not None
    assert row.retain_until >= before[1]
    app.house.engine.dispose()
