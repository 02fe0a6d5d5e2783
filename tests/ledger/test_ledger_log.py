"""The log's entries and checkpoints in the ledger: each once, without a gap, and never back."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_material import at_once, execute, rows

from strongroom.errors import StrongroomError
from strongroom.ledger.checkpoints import (
    CheckpointRefused,
    commit_checkpoint,
    latest_checkpoint,
    previous_size,
    record_timestamp,
    record_timestamp_stored,
    record_witnessed,
    timestamp_failed,
    without_timestamp,
    without_witness,
    witness_failed,
)
from strongroom.ledger.engine import Engine
from strongroom.ledger.evidence_objects import EvidenceObject, intend_evidence, record_evidence, short_of
from strongroom.ledger.log import NewEntry, appending, entries_between, entries_of_kind, log_size, sealing_alone
from strongroom.times import utc_now

ROOT = "ab" * 32


def entry(ref: str, kind: str = "policy") -> NewEntry:
    return NewEntry(kind, ref, None, f"bytes of {ref}".encode())


def append(engine: Engine, refs: Sequence[str]) -> int:
    with appending(engine) as log:
        return log.append([entry(ref) for ref in refs])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=5), max_size=5))
def test_each_ref_is_in_the_log_once_in_the_order_of_its_first_appending(
    engine: Engine, batches: list[list[str]]
) -> None:
    execute(engine, "DELETE FROM log_entries")
    for batch in batches:
        append(engine, batch)
    expected = list(dict.fromkeys(ref for batch in batches for ref in batch))
    assert list(entries_between(engine, 0, 99)) == [f"bytes of {ref}".encode() for ref in expected]
    assert log_size(engine) == len(expected)


def test_many_append_at_once_without_a_gap(engine: Engine) -> None:
    refs = [f"{number}" for number in range(60)]
    appended = at_once(*[lambda start=start: append(engine, refs[start : start + 30]) for start in range(0, 40, 5)])
    assert sum(appended) == log_size(engine) == 60
    found = rows(engine, "SELECT leaf_index FROM log_entries ORDER BY 1")
    assert [row.leaf_index for row in found] == list(range(60))


def test_an_appending_that_fails_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), appending(engine) as log:
        log.append([entry("a")])
        raise ZeroDivisionError
    assert log_size(engine) == 0
    assert append(engine, ["b"]) == 1
    assert list(entries_between(engine, 0, 1)) == [b"bytes of b"]


def test_entries_are_read_in_pieces_and_by_kind(engine: Engine) -> None:
    append(engine, [str(number) for number in range(4_500)])
    with appending(engine) as log:
        log.append([entry("k", "key")])
    assert [one.decode() for one in entries_between(engine, 1_999, 4_100)] == [
        f"bytes of {number}" for number in range(1_999, 4_100)
    ]
    assert entries_of_kind(engine, "key") == [b"bytes of k"]
    assert entries_of_kind(engine, "key", 0, 4_500) == []


def test_entries_of_the_vault_replace_those_that_were_not_sealed(engine: Engine) -> None:
    append(engine, ["a", "b", "c"])
    with appending(engine) as log:
        log.replace_from(1, [entry("x"), entry("c"), entry("y")], [(uuid4(), 1, 1)])
    assert list(entries_between(engine, 0, 9)) == [f"bytes of {ref}".encode() for ref in "axcy"]
    assert append(engine, ["b", "x"]) == 1


def test_one_seals_at_a_time(engine: Engine) -> None:
    with sealing_alone(engine) as first, sealing_alone(engine) as second:
        assert (first, second) == (True, False)
    with sealing_alone(engine) as again:
        assert again


def test_a_checkpoint_neither_goes_back_nor_forks(engine: Engine) -> None:
    assert latest_checkpoint(engine) is None
    first = commit_checkpoint(engine, 5, ROOT, "the first", after=0)
    assert commit_checkpoint(engine, 5, ROOT, "another note", after=0) == first
    for size, root, after in ((5, "cd" * 32, 0), (3, ROOT, 0), (7, ROOT, 4), (5, "cd" * 32, 5), (4, ROOT, 5)):
        with pytest.raises(CheckpointRefused):
            commit_checkpoint(engine, size, root, "a fork", after=after)
    commit_checkpoint(engine, 9, ROOT, "the second", after=5)
    assert latest_checkpoint(engine) != first
    assert [previous_size(engine, size) for size in (5, 9, 10)] == [0, 5, 9]


def test_two_that_follow_the_same_checkpoint_make_one(engine: Engine) -> None:
    commit_checkpoint(engine, 1, ROOT, "the first", after=0)

    def follow(size: int) -> int | None:
        try:
            return commit_checkpoint(engine, size, ROOT, f"of {size}", after=1).size
        except CheckpointRefused:
            return None

    outcomes = at_once(*[lambda size=size: follow(size) for size in range(2, 8)])
    assert [size for size in outcomes if size is not None] == [latest_checkpoint(engine).size]  # type: ignore[union-attr]


def test_a_timestamp_stays_and_its_absence_has_a_reason(engine: Engine) -> None:
    commit_checkpoint(engine, 1, ROOT, "the first", after=0)
    timestamp_failed(engine, 1, "no answer")
    [missing] = without_timestamp(engine)
    assert missing.timestamp_error == "no answer"
    now = utc_now()
    assert record_timestamp(engine, 1, b"token", "chain", now)
    assert not record_timestamp(engine, 1, b"other token", "chain", now)
    [unstored] = without_timestamp(engine)
    assert (unstored.timestamp_token, unstored.timestamp_at, unstored.timestamp_error) == (b"token", now, None)
    record_timestamp_stored(engine, 1)
    assert without_timestamp(engine) == []


def test_the_witness_is_owed_what_it_has_not_got(engine: Engine) -> None:
    commit_checkpoint(engine, 1, ROOT, "the first", after=0)
    witness_failed(engine, 1, "not there")
    [owed] = without_witness(engine)
    assert owed.witness_error == "not there"
    record_witnessed(engine, 1)
    witness_failed(engine, 1, "too late to fail")
    assert without_witness(engine) == []
    assert latest_checkpoint(engine).witness_error is None  # type: ignore[union-attr]


def test_an_evidence_object_is_intended_once_and_stands_in_one_version(engine: Engine) -> None:
    now = utc_now()
    wanted = EvidenceObject("evidence/x", "key", 3, ROOT, "text/plain", "COMPLIANCE", now)
    assert intend_evidence(engine, wanted) == wanted
    other = EvidenceObject("evidence/x", "key", 9, "cd" * 32, "text/plain", "COMPLIANCE", now)
    assert intend_evidence(engine, other) == wanted
    assert short_of(engine, ["evidence/x"], [], utc_now()) == []  # it doesn't stand
    record_evidence(engine, "evidence/x", "v1", "COMPLIANCE", now)
    record_evidence(engine, "evidence/x", "v1", "COMPLIANCE", now)
    with pytest.raises(StrongroomError, match="another version"):
        record_evidence(engine, "evidence/x", "v2", "COMPLIANCE", now)
    assert [one.version_id for one in short_of(engine, [], ["key"], utc_now())] == ["v1"]
    assert short_of(engine, ["evidence/x"], ["key"], now) == []
