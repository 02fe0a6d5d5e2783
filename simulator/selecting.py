"""Which rows of the world a selection is, and in which order."""

from array import array
from collections.abc import Sequence
from functools import lru_cache

from simulator.query import Filter, Predicate, Selection
from simulator.world import World


def select(world: World, selection: Selection, now_ms: int, unseen: frozenset[int] = frozenset()) -> Sequence[int]:
    """Rows in the order asked for, without the `unseen`.

    By end, conversations that are still open come last, whichever the order.
    """
    started = world.started(selection.first, selection.last, now_ms)
    if selection.filters or selection.by_end or unseen:
        return _selected(world, selection, started, world.ended_count(now_ms), unseen)
    return started[::-1] if selection.descending else started


@lru_cache(maxsize=8)
def _selected(
    world: World, selection: Selection, started: range, ended_count: int, unseen: frozenset[int]
) -> Sequence[int]:
    """Remembered, because all pages read between two starts or ends are pages of one selection."""
    ended_by_ms = world.end_of_the_last(ended_count)
    rows = array(
        "l", (row for row in started if row not in unseen and passes(world, row, selection.filters, ended_by_ms))
    )
    if not selection.by_end:
        return rows[::-1] if selection.descending else rows
    ended = [row for row in rows if world.ends[row] <= ended_by_ms]
    ended.sort(key=lambda row: world.end_of(row, ended_by_ms), reverse=selection.descending)
    return array("l", ended) + array("l", (row for row in rows if world.ends[row] > ended_by_ms))


def passes(world: World, row: int, filters: tuple[Filter, ...], ended_by_ms: int) -> bool:
    """Whether a conversation passes every filter, as it stands at an instant."""
    return all(_passes(world, row, each, ended_by_ms) for each in filters)


def _passes(world: World, row: int, wanted: Filter, ended_by_ms: int) -> bool:
    holds = (_holds(world, row, predicate, ended_by_ms) for predicate in wanted.predicates)
    return all(holds) if wanted.all_of else any(holds)


def _holds(world: World, row: int, predicate: Predicate, ended_by_ms: int) -> bool:
    if predicate.dimension == "conversationId":
        return world.place(row) == world.find(predicate.value or "")
    exists = predicate.dimension == "conversationStart" or world.ends[row] <= ended_by_ms
    return exists if predicate.operator == "exists" else not exists
