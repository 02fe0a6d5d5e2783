"""Enumeration's pages: read any number of times, in any order, by two at once, each conversation's end counts once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_material import (
    ANNE,
    BERT,
    DAY,
    DEADLINE_S,
    DECIDED,
    END,
    archive,
    at_once,
    begun,
    discovered,
    execute,
    expire_leases,
    found,
    let_pass,
    looked_at,
    revisions_of,
    rows,
)

from strongroom.ledger.changed_records import known_records
from strongroom.ledger.conversations import (
    begin_capturing,
    expire_conversation,
    send_conversation_to_review,
    take_captured,
    take_discovered,
)
from strongroom.ledger.discovering import Background, discover
from strongroom.ledger.divisions import known_of
from strongroom.ledger.due import claim_discovered
from strongroom.ledger.engine import Engine, LeaseLost, transaction
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.standing_records import standing_records
from strongroom.times import utc_now

LATER = END + timedelta(hours=1)


def test_a_new_conversation_is_revision_one_and_is_to_be_enqueued(engine: Engine) -> None:
    one, two = found(), found()

    refs = discovered(engine, one, two)

    assert set(refs) == {ConversationRef(one.conversation_id, 1), ConversationRef(two.conversation_id, 1)}
    assert revisions_of(engine, one.conversation_id) == [(1, "discovered", END)]
    held = looked_at(engine, ConversationRef(one.conversation_id, 1))
    assert (held.day, held.conversation_end, held.deadline_at > held.taken_at) == (DAY, END, True)


def test_an_empty_page_is_nothing(engine: Engine) -> None:
    assert discovered(engine) == []


def test_a_page_read_again_enqueues_nothing(engine: Engine) -> None:
    page = [found(), found()]
    discovered(engine, *page)
    assert discovered(engine, *page) == []
    assert len(rows(engine, "SELECT 1 FROM conversations")) == 2


def test_a_later_end_before_anyone_looked_prolongs_the_same_revision(engine: Engine) -> None:
    one = found()
    discovered(engine, one)

    assert discovered(engine, found(one.conversation_id, LATER, record={"seen": 2})) == []

    assert revisions_of(engine, one.conversation_id) == [(1, "discovered", LATER)]
    assert [ref.conversation_id for ref in claim_discovered(engine, 60, 10)] == [one.conversation_id]
    assert looked_at(engine, ConversationRef(one.conversation_id, 1)).record == {"seen": 2}


def test_a_prolonged_revision_is_filed_under_the_day_it_really_ended(engine: Engine) -> None:
    one = found()
    discovered(engine, one)
    discovered(engine, found(one.conversation_id, END + timedelta(days=1), DAY + timedelta(days=1)))
    assert looked_at(engine, ConversationRef(one.conversation_id, 1)).day == DAY + timedelta(days=1)


def test_a_later_end_after_capture_is_the_next_revision(engine: Engine) -> None:
    one = found()
    (ref,) = discovered(engine, one)
    begun(engine, looked_at(engine, ref))
    archive(engine, ref)

    assert discovered(engine, found(one.conversation_id, LATER)) == [ConversationRef(one.conversation_id, 2)]
    assert revisions_of(engine, one.conversation_id) == [(1, "archived", END), (2, "discovered", LATER)]


def test_a_later_end_while_a_worker_looks_at_it_is_the_next_revision_and_waits_for_the_first(engine: Engine) -> None:
    one = found()
    (first,) = discovered(engine, one)
    held = looked_at(engine, first)

    (second,) = discovered(engine, found(one.conversation_id, LATER))

    assert second.revision == 2
    assert take_discovered(engine, second, BERT) is None
    begun(engine, held)
    assert take_discovered(engine, second, BERT) is None
    archive(engine, first)
    assert take_discovered(engine, second, BERT) is not None


def test_a_prolonged_revision_is_no_longer_whose_it_was_when_he_died(engine: Engine) -> None:
    one = found()
    (ref,) = discovered(engine, one)
    held = looked_at(engine, ref)
    expire_leases(engine)
    discovered(engine, found(one.conversation_id, LATER, record={"seen": 2}))
    with pytest.raises(LeaseLost):
        begun(engine, held)
    assert looked_at(engine, ref, BERT).record == {"seen": 2}


def test_what_was_decided_from_is_the_record_that_is_kept(engine: Engine) -> None:
    (ref,) = discovered(engine, found(record={"seen": 1}))
    held = looked_at(engine, ref)
    assert held.first_seen_at <= held.taken_at
    begin_capturing(engine, held, ANNE, {"seen": 2}, DECIDED, {}, [], deadline_s=DEADLINE_S)
    captured = take_captured(engine, ref, BERT)
    assert captured is not None
    assert (captured.record, captured.first_seen_at) == ({"seen": 2}, held.first_seen_at)


def test_a_later_end_of_one_in_review_is_the_next_revision(engine: Engine) -> None:
    one = found()
    (ref,) = discovered(engine, one)
    send_conversation_to_review(engine, looked_at(engine, ref), ANNE, "unreadable")
    (second,) = discovered(engine, found(one.conversation_id, LATER))
    assert take_discovered(engine, second, BERT) is not None


def test_of_what_has_expired_nothing_is_kept_until_a_back_fill_asks_for_it_again(engine: Engine) -> None:
    one = found(record={"said": "+353861234567"})
    (ref,) = discovered(engine, one)
    expire_conversation(engine, looked_at(engine, ref), ANNE, DECIDED, "its retention ran out")
    columns = "SELECT record, names, state, retention_class FROM conversations WHERE conversation_id = :one"
    assert rows(engine, columns, one=one.conversation_id) == [({}, None, "expired", DECIDED.retention_class)]
    # that it is not there any more is no change of the record
    assert known_records(engine, [one.conversation_id]) == {}

    again = replace(one, record={"said": "+353861234567", "wrapUp": "late"})
    assert discovered(engine, again) == []
    assert rows(engine, columns, one=one.conversation_id)[0].record == {}
    discover(engine, [again], quiet_s=0, deadline_s=DEADLINE_S, background=Background(30))
    assert looked_at(engine, ref, BERT).record == again.record


def test_an_expired_revision_hides_nothing_of_the_archived_one_before_it(engine: Engine) -> None:
    one = found(record={"divisionIds": ["d-1"]})
    (first,) = discovered(engine, one)
    _reopened_and_expired(engine, first)
    assert known_of(engine, [one.conversation_id], ["d-1"]) == {one.conversation_id}
    assert known_of(engine, [one.conversation_id], ["d-2"]) == set()
    with transaction(engine) as connection:
        (standing,) = standing_records(connection, [one.conversation_id])
    assert [revision.state for revision in standing.revisions] == ["archived"], "what was let go settles nothing"


def test_what_was_erased_is_not_brought_back_by_way_of_a_revision_that_expired(engine: Engine) -> None:
    one = found(record={"said": "+353861234567"})
    (first,) = discovered(engine, one)
    (second,) = _reopened_and_expired(engine, first)
    execute(
        engine,
        "INSERT INTO certificates (number, kind, document, made_at, records) VALUES (1, 'erasure', '{}', now(), 1)",
    )
    execute(
        engine,
        "UPDATE conversations SET state = 'ended', certificate = 1 WHERE conversation_id = :one AND revision = 1",
        one=one.conversation_id,
    )
    again = replace(one, conversation_end=LATER)
    discover(engine, [again], quiet_s=0, deadline_s=DEADLINE_S, background=Background(30))
    assert revisions_of(engine, one.conversation_id)[-1] == (second.revision, "expired", LATER)
    assert take_discovered(engine, second, BERT) is None


def _reopened_and_expired(engine: Engine, first: ConversationRef) -> list[ConversationRef]:
    begun(engine, looked_at(engine, first))
    archive(engine, first)
    refs = discovered(engine, found(first.conversation_id, LATER, record={"divisionIds": ["d-1"]}))
    expire_conversation(engine, looked_at(engine, refs[0]), ANNE, DECIDED, "its retention ran out")
    return refs


def test_an_earlier_end_is_stale_and_changes_nothing(engine: Engine) -> None:
    one = found(end=LATER)
    discovered(engine, one)
    assert discovered(engine, found(one.conversation_id, END)) == []
    assert revisions_of(engine, one.conversation_id) == [(1, "discovered", LATER)]


@pytest.mark.parametrize("ends", [(END, LATER), (LATER, END), (LATER, LATER)])
def test_the_same_id_twice_on_a_page_counts_once_with_its_latest_end(engine: Engine, ends: tuple[Any, Any]) -> None:
    one = found()
    assert len(discovered(engine, *(found(one.conversation_id, end) for end in ends))) == 1
    assert revisions_of(engine, one.conversation_id) == [(1, "discovered", LATER)]


def test_not_due_before_it_has_been_quiet(engine: Engine) -> None:
    ended = utc_now() - timedelta(minutes=10)
    one = found(end=ended)
    ref = ConversationRef(one.conversation_id, 1)

    assert discovered(engine, one, quiet_s=1_800) == []
    assert take_discovered(engine, ref, ANNE) is None
    assert claim_discovered(engine, 60, 10) == []

    let_pass(engine, 1_200)
    assert claim_discovered(engine, 60, 10) == [ref]
    held = looked_at(engine, ref)
    # the deadline counts from when it was due, not from when it was found
    assert timedelta(seconds=DEADLINE_S - 60) < held.deadline_at - held.taken_at <= timedelta(seconds=DEADLINE_S)


def test_two_enumerations_of_the_same_pages_record_each_conversation_once(engine: Engine) -> None:
    for _ in range(15):
        page = [found(end=END + timedelta(seconds=n)) for n in range(20)]
        turned = [found(one.conversation_id, one.conversation_end) for one in reversed(page)]
        both = at_once(lambda page=page: discovered(engine, *page), lambda turned=turned: discovered(engine, *turned))
        refs = [ref for refs in both for ref in refs]
        assert len(refs) == len(set(refs)) == len(page)


def test_of_two_enumerations_that_see_different_ends_the_later_end_stands(engine: Engine) -> None:
    """Whichever comes first; were they not one after the other, the later end could be lost for good."""
    for known_before in [False, True] * 15:
        conversation_id = uuid4()
        if known_before:
            discovered(engine, found(conversation_id, END - timedelta(hours=1)))
        at_once(
            lambda id=conversation_id: discovered(engine, found(id, END)),
            lambda id=conversation_id: discovered(engine, found(id, LATER)),
        )
        assert revisions_of(engine, conversation_id) == [(1, "discovered", LATER)]


@pytest.mark.parametrize("text", ["\x00", "\ud800", "\udc00\ud800", "é\u202e𝄞", "\\u0000", '"\n\x1f'])
def test_a_record_with_any_text_comes_back_as_it_was(engine: Engine, text: str) -> None:
    record = {"participants": [{"participantName": text, text: None}]}
    (ref,) = discovered(engine, found(record=record))
    assert looked_at(engine, ref).record == record


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=20,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=st.dictionaries(ANY_TEXT, ANY_JSON))
def test_any_record_comes_back_as_it_was(engine: Engine, record: dict[str, Any]) -> None:
    (ref,) = discover(engine, [found(record=record)], quiet_s=0, deadline_s=1)
    assert looked_at(engine, ref).record == record
