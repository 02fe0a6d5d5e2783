"""Activity reads: each day that has a run is read once more, by one worker, and comes back by the sweeper alone."""

from datetime import date, timedelta

import pytest
from ledger_material import ANNE, BERT, DAY, at_once, execute, expire_leases, let_pass, rows

from strongroom.ledger.activity import (
    ActivityRead,
    activity_was_read,
    counted,
    postpone_activity_read,
    submitted,
    take_activity_read,
    unread_days,
    want_activity_reads,
    want_recount,
)
from strongroom.ledger.due import claim_activity_reads
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.heartbeat import kept_activity_read
from strongroom.ledger.leases import hand_back
from strongroom.ledger.recounts import recounts_not_logged
from strongroom.ledger.runs import open_run

GRACE_S = 600.0


def wanted(engine: Engine, day: date = DAY) -> None:
    """A day whose read is wanted."""
    open_run(engine, day, "asked for")
    want_activity_reads(engine)


def taken(engine: Engine, day: date = DAY) -> ActivityRead:
    """A day's read, which must be there to take."""
    read = take_activity_read(engine, day, ANNE)
    assert read is not None
    return read


def held(read: ActivityRead | None) -> tuple[date, str | None, int]:
    """Day, job and attempts of a read that must be there."""
    assert read is not None
    return read.day, read.job_id, read.attempts


def recounted(engine: Engine, differences: int = 0) -> ActivityRead:
    """Count the wanted day and commit its result; the read, which is to be put."""
    taken(engine)
    submitted(engine, DAY, ANNE, "job-1", 0)
    counted(engine, taken(engine), ANNE, b'{"kind":"recount"}', conversations=12, differences=differences)
    return taken(engine)


def kept(engine: Engine) -> tuple[str, str, str | None]:
    """State, cause and job of the one read there is."""
    ((state, cause, job_id),) = rows(engine, "SELECT state, cause, job_id FROM activity_reads")
    return state, cause, job_id


def test_each_day_that_has_a_run_is_wanted_once_however_long_ago(engine: Engine) -> None:
    assert want_activity_reads(engine) == 0
    open_run(engine, DAY, "asked for")
    open_run(engine, DAY - timedelta(days=700), "back-filled")
    execute(engine, "UPDATE runs SET state = 'settled'")
    open_run(engine, DAY, "asked for again")
    assert want_activity_reads(engine) == 2
    assert want_activity_reads(engine) == 0
    assert unread_days(engine, DAY - timedelta(days=700), DAY) == {DAY - timedelta(days=700), DAY}
    assert unread_days(engine, DAY - timedelta(days=699), DAY) == {DAY}


def test_two_sweepers_want_each_day_once(engine: Engine) -> None:
    for offset in range(8):
        open_run(engine, DAY + timedelta(days=offset), "asked for")
        assert sorted(at_once(*[lambda: want_activity_reads(engine)] * 4)) == [0, 0, 0, 1]


def test_a_read_that_is_done_is_never_wanted_taken_or_due_again(engine: Engine) -> None:
    wanted(engine)
    activity_was_read(engine, recounted(engine), ANNE)
    assert kept(engine) == ("read", "12 conversations counted, 0 differences", "job-1")
    let_pass(engine, 10 * GRACE_S)
    assert want_activity_reads(engine) == 0
    assert take_activity_read(engine, DAY, BERT) is None
    assert claim_activity_reads(engine, 0, 10) == []
    assert unread_days(engine, DAY, DAY) == set()


def test_a_result_is_committed_once_and_stays_due_until_it_stands(engine: Engine) -> None:
    wanted(engine)
    read = recounted(engine, differences=3)
    assert (read.number, read.is_counted) == (1, True)
    postpone_activity_read(engine, read, ANNE, 900, "the vault does not answer", anew=True)
    assert kept(engine) == ("counted", "the vault does not answer", None)
    let_pass(engine, 900)
    again = taken(engine)
    assert again.is_counted
    with pytest.raises(LeaseLost):
        counted(engine, again, ANNE, b"{}", conversations=0, differences=0)
    assert recounts_not_logged(engine) == []
    activity_was_read(engine, again, ANNE)
    [result] = recounts_not_logged(engine)
    assert (result.number, result.differences, result.document) == (1, 3, b'{"kind":"recount"}')


def test_a_day_can_be_wanted_again_by_hand_once_it_is_read(engine: Engine) -> None:
    assert want_recount(engine, DAY, "by hand") is None
    wanted(engine)
    assert want_recount(engine, DAY, "by hand") == 1
    activity_was_read(engine, recounted(engine), ANNE)
    assert at_once(*[lambda: want_recount(engine, DAY, "by hand")] * 4) == [2] * 4
    assert held(taken(engine)) == (DAY, None, 1)
    execute(engine, "DELETE FROM activity_reads")
    assert want_activity_reads(engine) == 0, "a day that was recounted is not read again by itself"
    assert want_recount(engine, DAY, "by hand") == 2


def test_of_many_takers_one_has_the_read(engine: Engine) -> None:
    wanted(engine)
    reads = at_once(*[lambda holder=holder: take_activity_read(engine, DAY, holder) for holder in (ANNE, BERT) * 3])
    assert sum(read is not None for read in reads) == 1
    assert take_activity_read(engine, DAY + timedelta(days=1), ANNE) is None


def test_what_a_submitted_job_is_called_is_told_to_whoever_comes_next(engine: Engine) -> None:
    wanted(engine)
    assert held(taken(engine)) == (DAY, None, 1)
    submitted(engine, DAY, ANNE, "job-1", 60)
    assert kept(engine) == ("submitted", "the job is submitted", "job-1")
    assert take_activity_read(engine, DAY, BERT) is None
    let_pass(engine, 60)
    assert held(take_activity_read(engine, DAY, BERT)) == (DAY, "job-1", 2)


@pytest.mark.parametrize(
    ("job_id", "anew", "left"),
    [
        (None, False, ("wanted", None)),
        (None, True, ("wanted", None)),
        ("job-1", False, ("submitted", "job-1")),
        ("job-1", True, ("wanted", None)),
    ],
)
def test_a_postponed_read_keeps_its_job_unless_another_is_to_be_submitted(
    engine: Engine, job_id: str | None, anew: bool, left: tuple[str, str | None]
) -> None:
    wanted(engine)
    read = taken(engine)
    if job_id is not None:
        submitted(engine, DAY, ANNE, job_id, 0)
        read = taken(engine)
    postpone_activity_read(engine, read, ANNE, 900, "not yet", anew=anew)
    state, job_left = left
    assert kept(engine) == (state, "not yet", job_left)
    assert take_activity_read(engine, DAY, BERT) is None
    let_pass(engine, 900)
    again = take_activity_read(engine, DAY, BERT)
    assert again is not None
    assert again.job_id == job_left


def test_a_postponed_read_is_swept_as_soon_as_it_is_due_and_not_before(engine: Engine) -> None:
    """No message is on its way: nobody must wait out the time that one would have had."""
    wanted(engine)
    assert claim_activity_reads(engine, GRACE_S, 10) == [DAY]
    assert claim_activity_reads(engine, GRACE_S, 10) == []
    postpone_activity_read(engine, taken(engine), ANNE, 900, "not yet")
    let_pass(engine, 890)
    assert claim_activity_reads(engine, GRACE_S, 10) == []
    let_pass(engine, 10)
    assert claim_activity_reads(engine, GRACE_S, 10) == [DAY]


def test_a_read_is_changed_by_its_holder_only(engine: Engine) -> None:
    wanted(engine)
    read = taken(engine)
    expire_leases(engine)
    assert take_activity_read(engine, DAY, BERT) is not None
    for change in (
        lambda: submitted(engine, DAY, ANNE, "job-1", 60),
        lambda: postpone_activity_read(engine, read, ANNE, 60, ""),
        lambda: counted(engine, read, ANNE, b"{}", conversations=0, differences=0),
        lambda: activity_was_read(engine, read, ANNE),
    ):
        before = rows(engine, "SELECT * FROM activity_reads")
        with pytest.raises(LeaseLost):
            change()
        assert rows(engine, "SELECT * FROM activity_reads") == before


def test_a_reads_lease_can_be_kept_and_is_handed_back_by_a_worker_that_stops(engine: Engine) -> None:
    wanted(engine)
    taken(engine)
    with kept_activity_read(engine, DAY, ANNE):
        assert take_activity_read(engine, DAY, BERT) is None
    assert hand_back(engine, ANNE.owner) == 1
    assert claim_activity_reads(engine, GRACE_S, 10) == [DAY]
    assert take_activity_read(engine, DAY, BERT) is not None
