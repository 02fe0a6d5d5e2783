"""Matters hold conversations: by id, by search, and what is archived later; ledger and store say the same."""

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest
from holding import ANNE, AUDREY, END, PAUL, RITA, ROBERT, WHY, Holding

from strongroom.ledger.engine import transaction
from strongroom.ledger.holds import held_by
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.search import find_record
from strongroom.ledger.search_index import Term
from strongroom.legal import holds
from strongroom.legal.access import Forbidden, NotThere
from strongroom.legal.errors import Misuse, NotNow
from web.api.holds import MatterModel
from web.views.holds import search_words

QUEUE = Term("queue", str(uuid4()), "Wealth advice")
OTHER = Term("queue", str(uuid4()), "Cards")
LONDON = Term("division", str(uuid4()), "London")


def test_every_version_of_every_revision_is_held_and_released(holding: Holding) -> None:
    one, other = holding.keep("conversation", "recordings/1/1"), holding.keep("conversation")
    holding.keep("conversation", conversation_id=one, end=END + timedelta(hours=1))
    # whatever came beside the archived version is evidence as well
    key = holding.rows("SELECT key FROM objects WHERE conversation_id = :id AND part = 'conversation'", id=one)[0].key
    holding.house.store.once.put_object(Bucket=holding.house.store.bucket, Key=key, Body=b"beside it")
    placed = holding.place("Case 17", one)
    assert (placed.new, placed.not_there, placed.matter.records, placed.matter.applied) == (1, (), 1, 0)

    holding.work()
    assert holding.held(one)
    assert len(holding.in_store(one)) == 6
    assert not any(holding.in_store(other).values())
    assert holds.read(holding.house, RITA, placed.matter.matter_id).applied == 1
    assert holding.acts(one) == [("held", "placed"), ("held", "applied")]

    released = holding.release(placed.matter.matter_id)
    assert released.state == "released" and released.released_by == "robert"
    holding.work()
    assert not holding.held(one)
    assert holding.acts(one)[2:] == [("released", "lifted")]
    assert holds.read(holding.house, RITA, placed.matter.matter_id).lifted == 1


def test_releasing_one_of_two_matters_releases_nothing_that_the_other_holds(holding: Holding) -> None:
    both, first_only = holding.keep("a"), holding.keep("a")
    first = holding.place("First", both, first_only).matter.matter_id
    second = holding.place("Second", both).matter.matter_id
    holding.work()

    holding.release(first)
    holding.work()
    assert holding.held(both) and not holding.held(first_only)
    assert holds.names_holding(holding.house, both) == ("Second",)
    assert holding.acts(both)[-1] == ("released", "kept")

    holding.release(second)
    holding.work()
    assert not holding.held(both)
    assert holds.names_holding(holding.house, both) == ()


def test_held_by_names_all_matters_in_force_in_order(holding: Holding) -> None:
    one, two, three = holding.keep(), holding.keep(), holding.keep()
    holding.place("beta", one, two)
    alpha = holding.place("Alpha", one).matter.matter_id
    over = holding.place("over", one, three).matter.matter_id
    holding.release(over)
    holds.ask_release(holding.house, RITA, alpha, "settled")
    with transaction(holding.house.engine) as connection:
        # what is to be released holds until it is
        assert held_by(connection, [one, two, three, uuid4()]) == {one: ("Alpha", "beta"), two: ("beta",)}
        assert held_by(connection, []) == {}


def test_a_new_revision_takes_over_the_hold(holding: Holding) -> None:
    one = holding.keep("conversation")
    holding.place("Case 17", one)
    holding.work()
    holding.keep("conversation", "recordings/1/1", conversation_id=one, end=END + timedelta(hours=1))
    holding.work()
    assert holding.held(one) and len(holding.in_store(one)) == 5
    assert holding.acts(one) == [("held", "placed"), ("held", "applied"), ("held", "applied")]


def test_a_hold_that_is_placed_while_a_revision_is_completed_is_on_all_of_it(holding: Holding) -> None:
    ref = holding.begin()
    holding.add(ref, "conversation")
    holding.place("Case 17", ref.conversation_id)
    holding.work()
    assert holding.held(ref.conversation_id)
    holding.add(ref, "manifest")
    holding.finish(ref)
    holding.work()
    assert holding.held(ref.conversation_id) and len(holding.in_store(ref.conversation_id)) == 2


def test_what_is_not_archived_yet_is_held_from_then_on(holding: Holding) -> None:
    to_come = uuid4()
    placed = holding.place("Case 17", to_come)
    assert placed.not_there == (to_come,) and placed.awaited
    holding.work()
    assert holding.acts(to_come) == [("held", "placed")]
    holding.keep("conversation", conversation_id=to_come)
    holding.work()
    assert holding.held(to_come)
    assert holding.acts(to_come) == [("held", "placed"), ("held", "applied")]


def test_a_search_holds_what_it_finds_and_what_is_archived_later_until_it_is_released(holding: Holding) -> None:
    before, elsewhere = holding.found(QUEUE), holding.found(OTHER)
    placed = holding.place("Case 17", queue="wealth", ended_from=END - timedelta(days=1))
    assert placed.matter.records == 1
    again = holding.place("Case 17", queue="wealth", ended_from=END - timedelta(days=1))
    assert len(again.matter.searches) == 1
    later, too_old = holding.found(QUEUE), holding.found(QUEUE, end=END - timedelta(days=2))
    holding.work()
    assert holding.held(before) and holding.held(later)
    assert not any(holding.in_store(elsewhere).values()) and not any(holding.in_store(too_old).values())
    record = find_record(holding.house.engine, later, None)
    assert record is not None and record.held

    # one that turns out to match when it is archived again
    holding.keep("conversation", conversation_id=elsewhere, end=END + timedelta(hours=1))
    holding.index(ConversationRef(elsewhere, 2), QUEUE, end=END + timedelta(hours=1))
    holding.work()
    assert holding.held(elsewhere)
    found_by = holding.rows("SELECT found_by FROM hold_records ORDER BY placed_at")
    assert [row.found_by for row in found_by] == ["search", "later", "later"]

    holding.release(placed.matter.matter_id)
    afterwards = holding.found(QUEUE)
    holding.work()
    assert not holding.held(later) and not any(holding.in_store(afterwards).values())
    record = find_record(holding.house.engine, later, None)
    assert record is not None and not record.held


def test_a_customer_is_looked_for_and_neither_the_chain_nor_a_released_matter_tells_of_whom(holding: Holding) -> None:
    one = holding.found(addresses=["+442079460017"])
    placed = holding.place("Case 17", address="020 7946 0017")
    later = holding.found(addresses=["+442079460017"])
    holding.work()
    assert holding.held(one) and holding.held(later)
    assert not [row for row in holding.rows("SELECT document FROM custody_events") if "7946" in row.document]
    assert "7946" in json.dumps([row.criteria for row in holding.rows("SELECT criteria FROM matter_searches")])
    holding.release(placed.matter.matter_id)
    assert holding.rows("SELECT criteria FROM matter_searches")[0].criteria is None


def test_a_search_is_looked_through_page_by_page_and_goes_on_where_it_was_cut_off(
    holding: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strongroom.ledger.hold_searches._PAGE", 2)
    monkeypatch.setattr("strongroom.legal.holds._LOOK_AT_ONCE_S", -1.0)
    ids = {holding.found(QUEUE, end=END - timedelta(minutes=number)) for number in range(5)}
    placed = holding.place("Case 17", queue="wealth")
    assert placed.matter.records == 2
    assert placed.matter.searches[0].state == "wanted"
    holding.work()
    assert all(holding.held(one) for one in ids)
    assert holds.read(holding.house, RITA, placed.matter.matter_id).searches[0].state == "looked"


def test_a_conversation_that_is_indexed_while_a_search_is_placed_is_not_missed(holding: Holding) -> None:
    """Whichever comes first, the other one finds it: neither may look before the other has committed."""
    holding.keep()
    conversation_id = holding.keep()
    placing = threading.Thread(target=lambda: holding.place("Case 17", queue="wealth"))

    def begin_placing() -> None:
        placing.start()
        placing.join(0.5)
        assert placing.is_alive(), "the search was placed beside a conversation that is being indexed"

    holding.index(ConversationRef(conversation_id, 1), QUEUE, before_the_end=begin_placing)
    placing.join(30)
    holding.work()
    assert holding.held(conversation_id)


def test_a_matter_grows_while_it_is_open_and_case_makes_no_other_matter(holding: Holding) -> None:
    one, two = holding.keep(), holding.keep()
    first = holding.place("Case 17", one)
    again = holding.place("  case  17", one, two)
    assert (again.matter.matter_id, again.new, again.matter.records) == (first.matter.matter_id, 1, 2)
    assert again.matter.name == "Case 17"
    assert holds.named(holding.house, RITA, "CASE 17").matter_id == first.matter.matter_id


def test_a_release_takes_two_people(holding: Holding) -> None:
    one = holding.keep()
    matter = holding.place("Case 17", one).matter.matter_id
    house = holding.house
    with pytest.raises(NotNow):
        holds.approve(house, ROBERT, matter)
    holds.ask_release(house, RITA, matter, "settled")
    for same in (RITA, replace(RITA, name="Rita")):
        with pytest.raises(Forbidden, match="asked for themselves"):
            holds.approve(house, same, matter)
        with pytest.raises(Forbidden):
            holds.refuse(house, same, matter, "no")
    for without in (ANNE, AUDREY):
        with pytest.raises(Forbidden):
            holds.approve(house, without, matter)
    with pytest.raises(NotNow):
        holds.ask_release(house, ROBERT, matter, "again")
    with pytest.raises(NotNow, match="not open"):
        holding.place("Case 17", holding.keep())

    assert holds.refuse(house, PAUL, matter, "the appeal is pending").state == "open"
    holds.ask_release(house, ROBERT, matter, "the appeal was refused")
    assert holds.approve(house, RITA, matter).state == "released"
    with pytest.raises(NotNow, match="was released"):
        holds.approve(house, RITA, matter)
    with pytest.raises(NotNow, match="not open"):
        holding.place("Case 17", one)
    told = [json.loads(row.document) for row in holding.rows("SELECT document FROM custody_events ORDER BY position")]
    of_matter = [(one["act"], one["actor"]) for one in told if one["conversationId"] is None]
    assert of_matter == [
        ("held", "rita"), ("released", "rita"), ("refused", "paul"), ("released", "robert"), ("approved", "rita"),
    ]  # fmt: skip


def test_the_database_itself_lets_nobody_approve_their_own(holding: Holding, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = holding.place("Case 17", holding.keep()).matter.matter_id
    holds.ask_release(holding.house, RITA, matter, "settled")
    monkeypatch.setattr(holds, "_asked", lambda principal, row: False)
    with pytest.raises(NotNow):
        holds.approve(holding.house, RITA, matter)
    assert holds.read(holding.house, RITA, matter).state == "release asked"


def test_what_cannot_be_placed_is_refused(holding: Holding) -> None:
    one = holding.keep()
    for without in (ANNE, PAUL, AUDREY):
        with pytest.raises(Forbidden):
            holding.place("Case 17", one, who=without)
    for name in ("", "  ", "\n", "x" * 321, "a\0b", "—"):
        with pytest.raises(Misuse):
            holding.place(name, one)
    with pytest.raises(Misuse, match="nothing is to be held"):
        holding.place("Case 17")
    with pytest.raises(Misuse, match="nothing is looked for"):
        holding.place("Case 17", queue="  ")
    with pytest.raises(Misuse, match="can't look for that"):
        holding.place("Case 17", text="margin call")
    with pytest.raises(Misuse, match="number or address"):
        holding.place("Case 17", address="anonymous")
    with pytest.raises(Misuse):
        holds.place(holding.house, RITA, "Case 17", " ", conversations=[one])
    assert holding.rows("SELECT 1 FROM matters") == []


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("started_from", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
        ("ended_to", datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12)))),
    ],
)
def test_a_time_that_utc_does_not_have_is_refused_and_breaks_nothing(
    holding: Holding, name: str, time: datetime
) -> None:
    with pytest.raises(Misuse, match=f"`{name.partition('_')[0]}`"):
        holding.place("Case 17", queue="wealth", **{name: time})
    assert holding.rows("SELECT 1 FROM matters") == []
    holding.found(QUEUE)
    assert holds.all_matters(holding.house, RITA) == []


def test_times_are_kept_in_utc(holding: Holding) -> None:
    after_midnight = datetime(2025, 5, 14, 1, tzinfo=timezone(timedelta(hours=2)))
    placed = holding.place("Case 17", queue="wealth", started_from=after_midnight)
    assert holding.rows("SELECT criteria FROM matter_searches")[0].criteria["started_from"] == (
        "2025-05-13T23:00:00+00:00"
    )
    assert holding.place("Case 17", queue="wealth", started_from=after_midnight).matter.searches == (
        placed.matter.searches
    )


def test_divisions_bound_what_is_held_seen_and_released(holding: Holding) -> None:
    london, elsewhere = holding.found(LONDON, QUEUE), holding.found(QUEUE)
    record = json.dumps({"divisionIds": [LONDON.value]})
    holding.execute("UPDATE conversations SET record = :record WHERE conversation_id = :id", record=record, id=london)
    londoner = replace(ROBERT, divisions=frozenset({LONDON.value}))

    placed = holding.place("London's", london, elsewhere, uuid4(), who=londoner, queue="wealth")
    assert placed.matter.records == 1 and len(placed.not_there) == 2 and not placed.awaited
    with pytest.raises(NotThere):
        holding.place("Nobody's", elsewhere, who=londoner)
    everything = holding.place("Everywhere", london, elsewhere).matter.matter_id
    hidden = holding.place("Elsewhere", elsewhere).matter.matter_id

    assert {one.name for one in holds.all_matters(holding.house, londoner)} == {"London's", "Everywhere"}
    shown = holds.records(holding.house, londoner, everything, limit=10)
    assert [one.conversation_id for one in shown] == [london]
    with pytest.raises(NotThere):
        holds.read(holding.house, londoner, hidden)
    with pytest.raises(Forbidden, match="divisions"):
        holds.ask_release(holding.house, londoner, everything, "settled")
    assert placed.matter.reason == WHY


def test_what_others_look_for_is_not_shown_to_who_sees_some_divisions(holding: Holding) -> None:
    """It may name their customers, and one visible record is enough to see the matter."""
    london = holding.found(LONDON, QUEUE)
    record = json.dumps({"divisionIds": [LONDON.value]})
    holding.execute("UPDATE conversations SET record = :record WHERE conversation_id = :id", record=record, id=london)
    londoner = replace(ROBERT, divisions=frozenset({LONDON.value}))
    both = replace(ROBERT, divisions=frozenset({LONDON.value, "elsewhere"}))
    holding.place("Case 17", london, address="020 7946 0017")
    holding.place("Case 17", who=both, address="020 7946 0018")
    joined = holding.place("Case 17", who=londoner, queue="wealth").matter
    house, matter = holding.house, joined.matter_id

    for row in (joined, holds.read(house, londoner, matter), holds.named(house, londoner, "case 17"),
                *holds.all_matters(house, londoner)):  # fmt: skip
        assert "7946001" not in f"{row.searches} {MatterModel.of(row)}"
        assert [one.withheld for one in row.searches] == [True, True, False]
        assert [one.sought is None for one in row.searches] == [True, True, False]
        assert search_words(row.searches[0]) == "something in divisions that are not yours"
    assert [one.withheld for one in holds.read(house, both, matter).searches] == [True, False, False]
    assert "79460017" in str(holds.read(house, RITA, matter).searches[0].sought)
    holds.ask_release(house, RITA, matter, "settled")
    for row in (holds.read(house, RITA, matter), *holds.all_matters(house, RITA)):
        assert not any(one.withheld for one in row.searches)
