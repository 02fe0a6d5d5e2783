"""Killed at any line, two workers at once, placed and released at the same time: store and ledger end up agreeing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier
from typing import Any, TypeVar

import pytest
from holding import RITA, ROBERT, Holding
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from strongroom.ledger import hold_work
from strongroom.ledger.leases import hand_back
from strongroom.ledger.tables import metadata
from strongroom.legal import holding as work
from strongroom.legal import holds
from strongroom.legal.errors import NotNow
from strongroom.vault.errors import VaultUnreachable
from strongroom.vault.store import Store

T = TypeVar("T")
PLACES = ("before the store", "after the store", "after the record", "before it settles")


class Killed(BaseException):
    """The process is gone: nothing that is caught as an error."""


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Run each call in a thread of its own, all starting together."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def dying(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Let the next worker die there, at the second object."""
    calls = 0

    def once(then: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if before and calls == 2:
                raise Killed
            answer = then(*arguments, **named)
            if not before and calls == 2:
                raise Killed
            return answer

        return call

    if where == "before it settles":
        calls = 1
        monkeypatch.setattr(work, "settle_hold", once(hold_work.settle_hold, before=True))
    elif where == "after the record":
        monkeypatch.setattr(work, "record_hold", once(hold_work.record_hold, before=False))
    else:
        monkeypatch.setattr(work, "set_hold", once(work.set_hold, before=where == "before the store"))


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("placing", [True, False], ids=["placing", "lifting"])
def test_a_worker_that_is_killed_leaves_what_the_next_one_finishes(
    holding: Holding, where: str, placing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = holding.keep("conversation", "recordings/1/1")
    matter = holding.place("Case 17", one).matter.matter_id
    if not placing:
        holding.work()
        holding.release(matter)
    holding.due_now()
    with monkeypatch.context() as dies:
        dying(dies, where)
        with pytest.raises(Killed):
            work.apply_hold(holding.house, one)
    work.apply_hold(holding.house, one)  # the dead one's lease is respected
    holding.work()
    assert holding.held(one) is placing
    steps = ["placed", "applied"] if placing else ["placed", "applied", "lifted"]
    assert [step for _, step in holding.acts(one)] == steps


def test_what_the_dead_one_lifted_is_held_again_when_a_matter_came_meanwhile(
    holding: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = holding.keep("conversation", "recordings/1/1")
    first = holding.place("First", one).matter.matter_id
    holding.work()
    holding.release(first)
    holding.due_now()
    with monkeypatch.context() as dies:
        dying(dies, "after the store")
        with pytest.raises(Killed):
            work.apply_hold(holding.house, one)
    holding.place("Second", one)
    holding.work()
    assert holding.held(one)


def test_placed_between_a_workers_look_and_the_stores_answer_it_is_held(
    holding: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = holding.keep("conversation", "recordings/1/1")
    first = holding.place("First", one).matter.matter_id
    holding.work()
    holding.release(first)
    lift = Store.hold
    placed = []

    def place_first(store: Store, key: str, version_id: str, *, on: bool) -> None:
        if not on and not placed:
            placed.append(holding.place("Second", one))
        lift(store, key, version_id, on=on)

    with monkeypatch.context() as between:
        between.setattr(Store, "hold", place_first)
        holding.due_now()
        work.apply_hold(holding.house, one)
    # without any further message: whoever lifted has seen it, and gone on with what is so now
    assert holding.held(one)
    assert holds.names_holding(holding.house, one) == ("Second",)


def test_one_object_that_is_gone_keeps_none_of_the_others_from_being_held(holding: Holding) -> None:
    one = holding.keep("conversation", "recordings/1/1")
    (gone,) = holding.rows("SELECT key, version_id FROM objects WHERE part = 'conversation'")
    holding.house.store.once.delete_object(
        Bucket=holding.house.store.bucket, Key=gone.key, VersionId=gone.version_id, BypassGovernanceRetention=True
    )
    matter = holding.place("Case 17", one).matter.matter_id
    work.apply_hold(holding.house, one)
    assert list(holding.in_store(one).values()) == [True, True]
    (row,) = holding.rows("SELECT state, cause FROM conversation_holds")
    assert row.state == "wanted" and "does not stand" in row.cause
    assert holds.read(holding.house, RITA, matter).applied == 0


def test_a_store_that_does_not_answer_is_told_later(holding: Holding, monkeypatch: pytest.MonkeyPatch) -> None:
    one = holding.keep()
    holding.place("Case 17", one)

    def away(store: Store, key: str, version_id: str, *, on: bool) -> None:
        raise VaultUnreachable("the store does not answer", where=key, todo="wait")

    with monkeypatch.context() as gone:
        gone.setattr(Store, "hold", away)
        work.apply_hold(holding.house, one)
    (row,) = holding.rows("SELECT due_at > now() AS later, lease_owner FROM conversation_holds")
    assert row.later and row.lease_owner is None
    holding.work()
    assert holding.held(one)


def test_placed_and_released_at_once_by_several_all_of_it_agrees(holding: Holding) -> None:
    ids = [holding.keep() for _ in range(3)]
    for round_ in range(5):
        first = holding.place(f"First {round_}", *ids).matter.matter_id
        holds.ask_release(holding.house, RITA, first, "settled")

        def tolerant(call: Callable[[], object]) -> object:
            try:
                return call()
            except NotNow as error:
                return error

        def approve(matter: Any = first) -> object:
            return holds.approve(holding.house, ROBERT, matter)

        outcomes = at_once(
            lambda: tolerant(approve),
            lambda: tolerant(approve),
            lambda number=round_: tolerant(lambda: holding.place(f"Second {number}", *ids[:2])),
            lambda: [work.apply_hold(holding.house, one) for one in ids],
            lambda: [work.apply_hold(holding.house, one) for one in reversed(ids)],
        )
        assert [isinstance(one, NotNow) for one in outcomes].count(True) == 1, outcomes
        holding.work()
        assert [holding.held(one) for one in ids] == [True, True, False]
        holding.release(holds.named(holding.house, RITA, f"Second {round_}").matter_id)
    holding.work()
    assert not any(holding.held(one) for one in ids)


def test_two_workers_on_one_conversation_tell_custody_once(holding: Holding) -> None:
    one = holding.keep("a", "b", "c")
    holding.place("Case 17", one)
    at_once(*[lambda: work.apply_hold(holding.house, one)] * 4)
    holding.work()
    assert holding.held(one)
    assert holding.acts(one) == [("held", "placed"), ("held", "applied")]


class Matters(RuleBasedStateMachine):
    """People and workers in any order; a worker may die with the store told, and objects may come at any time."""

    holding: Holding

    @initialize()
    def begin(self) -> None:
        with self.holding.house.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        self.refs = [self.holding.begin() for _ in range(2)]
        self.parts = 0
        for ref in self.refs:
            self.holding.add(ref, "conversation")
        self.model: dict[str, tuple[str, set[int]]] = {}

    @rule(name=st.sampled_from("abc"), which=st.sampled_from([0, 1]))
    def place(self, name: str, which: int) -> None:
        state, held = self.model.get(name, ("open", set()))
        try:
            self.holding.place(name, self.refs[which].conversation_id)
        except NotNow:
            assert state != "open"
        else:
            assert state == "open"
            self.model[name] = (state, held | {which})

    @rule(name=st.sampled_from("abc"), decision=st.sampled_from(["ask", "approve", "refuse"]))
    def decide(self, name: str, decision: str) -> None:
        if name not in self.model:
            return
        state, held = self.model[name]
        matter = holds.named(self.holding.house, RITA, name).matter_id
        before, after = {
            "ask": ("open", "release asked"),
            "approve": ("release asked", "released"),
            "refuse": ("release asked", "open"),
        }[decision]
        try:
            if decision == "ask":
                holds.ask_release(self.holding.house, RITA, matter, "why")
            elif decision == "approve":
                holds.approve(self.holding.house, ROBERT, matter)
            else:
                holds.refuse(self.holding.house, ROBERT, matter, "why not")
        except NotNow:
            assert state != before
        else:
            assert state == before
            self.model[name] = (after, held)

    @rule(which=st.sampled_from([0, 1]))
    def another_object(self, which: int) -> None:
        self.parts += 1
        self.holding.add(self.refs[which], f"recordings/{self.parts}/1")

    @rule(which=st.sampled_from([0, 1]), where=st.sampled_from([None, *PLACES]))
    def work(self, which: int, where: str | None) -> None:
        self.holding.due_now()
        with pytest.MonkeyPatch.context() as dies:
            if where is not None:
                dying(dies, where)
            with suppress(Killed):
                work.apply_hold(self.holding.house, self.refs[which].conversation_id)

    @invariant()
    def what_is_held_is_held_in_the_end(self) -> None:
        if not hasattr(self, "refs"):
            return
        for which, ref in enumerate(self.refs):
            names = tuple(
                name for name, (state, held) in sorted(self.model.items()) if which in held and state != "released"
            )
            assert holds.names_holding(self.holding.house, ref.conversation_id) == names

    def teardown(self) -> None:
        if not hasattr(self, "refs"):
            return
        self.holding.work()
        for which, ref in enumerate(self.refs):
            wanted = any(which in held and state != "released" for state, held in self.model.values())
            assert self.holding.held(ref.conversation_id) is wanted


def test_in_any_order_the_store_ends_up_as_the_matters_have_it(holding: Holding) -> None:
    machine = type("Matters", (Matters,), {"holding": holding})
    few = settings(
        max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(machine, settings=few)


def test_the_holds_of_a_stopped_worker_are_anyones_at_once(holding: Holding) -> None:
    one = holding.keep()
    holding.place("Case 17", one)
    house = replace(holding.house, holder=replace(holding.house.holder, owner="host/gone/1"))
    assert hold_work.take_hold_work(house.engine, one, house.holder) is not None
    work.apply_hold(holding.house, one)
    assert not holding.held(one)
    assert hand_back(house.engine, "host/gone/") == 1
    work.apply_hold(holding.house, one)
    assert holding.held(one)
