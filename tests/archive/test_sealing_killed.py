"""Sealing killed at every step and run again, and two sealers at once: one log, no fork, nothing sealed twice."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from botocore.client import BaseClient
from sealing_material import A_DAY, Sealing, StartSealing, log_in
from sqlalchemy import event

from strongroom.errors import StrongroomError
from strongroom.house import House
from strongroom.ledger.sealed_days import sealed_day
from strongroom.pipeline.seal import Sealed, needs_sealing, seal

ROUNDS = 6


class Killed(BaseException):
    """The process died here: nothing catches it."""


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, house: House, step: int) -> Iterator[None]:
    """Die just before the step of this number: each request to the store is one, and each commit to the ledger.

    To die after a step, its answer lost, is to die before the next one.
    """
    steps = itertools.count(1)

    def take() -> None:
        if next(steps) == step:
            raise Killed

    ask = BaseClient._make_api_call

    def asked(client: BaseClient, *arguments: Any) -> Any:
        take()
        return ask(client, *arguments)

    def commits(_: Any) -> None:
        take()

    event.listen(house.engine, "commit", commits)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(BaseClient, "_make_api_call", asked)
            yield
    finally:
        event.remove(house.engine, "commit", commits)


def require_sealed(sealing: Sealing, manifests: list[UUID], days: list[date]) -> None:
    """The vault holds one log of exactly these manifests and days, in this order, and the ledger says so too."""
    log = log_in(sealing)
    assert log.manifests() == manifests
    assert [(day, late) for day, late, _ in log.days()] == [(day, False) for day in days]
    for day, _, number in log.days():
        row = sealed_day(sealing.engine, day)
        assert row is not None
        assert (row.manifests, row.late_manifests) == (number, 0)
    assert not needs_sealing(sealing.house)


@pytest.mark.parametrize("first_step", [2, *(pytest.param(step, marks=pytest.mark.long) for step in (1, 3, 4, 5, 6))])
def test_killed_at_every_step_and_run_again(
    start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch, first_step: int
) -> None:
    """Day after day, each killed some steps later than the one before, until a day gets through unharmed.

    The six rounds together die at every step there is. Days have none, some, and enough manifests to fill a tile.
    """
    sealing = start_sealing()
    sealed: list[UUID] = []
    days: list[date] = []
    for step in itertools.count(first_step, ROUNDS):
        days.append(A_DAY + timedelta(days=step))
        sealed += sorted(sealing.settled(days[-1], (0, 2, 90)[len(days) % 3]))
        with killed_at(monkeypatch, sealing.house, step):
            try:
                seal(sealing.house)
            except Killed:
                pass
            else:
                break
        seal(sealing.house)
        assert not needs_sealing(sealing.house)
    assert len(days) > 5
    require_sealed(sealing, sealed, days)


def test_killed_again_and_again_before_it_gets_through(
    start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing = start_sealing()
    sealed = sorted(sealing.settled(A_DAY, 3))
    days = [A_DAY]
    # early on, then ever later: what the deaths before have left is what the next attempt finds
    for step in (3, 9, 9, 9, 12, 12, 15, 15, 15):
        with killed_at(monkeypatch, sealing.house, step), suppress(Killed):
            seal(sealing.house)
        if len(days) == 1:
            days.append(A_DAY + timedelta(days=1))
            sealed += sorted(sealing.settled(days[-1], 2))
    seal(sealing.house)
    require_sealed(sealing, sealed, days)


def test_what_was_cut_off_is_sealed_before_what_came_since(
    start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tiles stand already: at another size there would be tiles that no checkpoint has."""
    sealing = start_sealing()
    days = [A_DAY, A_DAY + timedelta(days=1)]
    sealed = sorted(sealing.settled(days[0], 3))
    with monkeypatch.context() as patched:
        patched.setattr("strongroom.pipeline.seal_checkpoint.sign_checkpoint", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            seal(sealing.house)
    sealed += sorted(sealing.settled(days[1], 2))
    seal(sealing.house)
    assert len(log_in(sealing).checkpoints) == 2
    require_sealed(sealing, sealed, days)


def at_once(sealing: Sealing, sealers: int) -> list[Sealed]:
    """What sealers in threads of their own, each with its own house, do at the same time."""
    barrier = Barrier(sealers)

    def run(house: House) -> Sealed:
        barrier.wait(10)
        try:
            return seal(house)
        except StrongroomError as error:  # refused in words, where the other was faster
            return Sealed(not_sealed=str(error))

    houses = [sealing.another() for _ in range(sealers)]
    with ThreadPoolExecutor(sealers) as pool:
        outcomes = list(pool.map(run, houses))
    for house in houses:
        house.engine.dispose()
    return outcomes


def test_of_two_sealers_at_once_one_does_nothing(start_sealing: StartSealing) -> None:
    sealing = start_sealing()
    days = [A_DAY, A_DAY + timedelta(days=1)]
    sealed = [one for day in days for one in sorted(sealing.settled(day, 20))]
    outcomes = at_once(sealing, 2)
    assert sorted(outcome.entries for outcome in outcomes) == [0, 20 + 20 + 2 + 2]
    require_sealed(sealing, sealed, days)


@pytest.mark.long
def test_two_sealers_that_do_not_see_each_other_make_one_log(
    start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the first one's connection, and its lock with it, is lost while it goes on: the puts are the net."""

    @contextmanager
    def believes_it_is_alone(_: object) -> Iterator[bool]:
        yield True

    monkeypatch.setattr("strongroom.pipeline.seal.sealing_alone", believes_it_is_alone)
    sealing = start_sealing()
    sealed: list[UUID] = []
    days: list[date] = []
    for offset in range(4):
        days.append(A_DAY + timedelta(days=offset))
        sealed += sorted(sealing.settled(days[-1], 30))
        at_once(sealing, 2)
    seal(sealing.house)
    require_sealed(sealing, sealed, days)
