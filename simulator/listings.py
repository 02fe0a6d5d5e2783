"""What a query pages through: a selection, as awkward as the real one's while conversations arrive.

- A page is short, and not the last: after some conversations there are slots with nothing in them.
- A conversation is on two pages: in its own slot and in one a page away.
- Pages shift: some conversations are not there at the first request for their day.
- `totalHits` changes: one too few, one too many, then right.

Apart from what counts requests, all of it is the same each time, so a reader who goes on until it has seen as many
as `totalHits` says finds everything.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from simulator.awkwardness import Awkwardness
from simulator.query import Selection
from simulator.selecting import select
from simulator.world import World

NOTHING = -1
_HOLES = 3
_WRONG_AT_FIRST = (-1, 1)


@dataclass(frozen=True)
class Listing:
    """Rows by position, `NOTHING` where a position holds none; and what `totalHits` says."""

    slots: Sequence[int]
    total_hits: int


class Listings:
    """Counts the requests for each day of start, so that what arrives between two of them can."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: Counter[date] = Counter()
        self._shifting = _rows(world, Awkwardness.SHIFTING_PAGES)
        self._uncertain = _rows(world, Awkwardness.CHANGING_TOTAL_HITS)
        self._repeated = _rows(world, Awkwardness.REPEATED_ON_TWO_PAGES)
        self._short = _rows(world, Awkwardness.SHORT_PAGES)
        self._last: tuple[Sequence[int], int, Sequence[int]] = ((), 0, ())

    def listing(self, selection: Selection, page_size: int, now_ms: int) -> Listing:
        """What one request finds."""
        asked_before = self._asked[selection.first]
        for offset in range((selection.last - selection.first).days + 1):
            self._asked[selection.first + timedelta(days=offset)] += 1
        unseen = self._world.unseen(now_ms)
        if asked_before == 0:
            unseen |= self._shifting
        rows = select(self._world, selection, now_ms, unseen)
        total_hits = len(rows)
        if asked_before < len(_WRONG_AT_FIRST) and any(row in self._uncertain for row in rows):
            total_hits += _WRONG_AT_FIRST[asked_before]
        return Listing(self._with_repeats_and_holes(rows, page_size), total_hits)

    def _with_repeats_and_holes(self, rows: Sequence[int], page_size: int) -> Sequence[int]:
        """The last one is remembered: the next request is for the next page of it."""
        if not self._repeated and not self._short:
            return rows
        if (rows, page_size) != self._last[:2]:
            slots = array("l", rows)
            for position, inserted in sorted(self._insertions(rows, page_size), reverse=True):
                slots[position:position] = array("l", inserted)
            self._last = rows, page_size, slots
        return self._last[2]

    def _insertions(self, rows: Sequence[int], page_size: int) -> Iterator[tuple[int, list[int]]]:
        for position, row in enumerate(rows):
            if row in self._short:
                yield position + 1, [NOTHING] * _HOLES
            if row in self._repeated:
                if position + page_size <= len(rows):
                    yield position + page_size, [row]
                elif position + 1 >= page_size:
                    yield position + 1 - page_size, [row]


def _rows(world: World, awkwardness: Awkwardness) -> frozenset[int]:
    return frozenset(row for row, part in world.parts.items() if part.awkwardness is awkwardness)
