"""What happens on a day: how many conversations of which kind, when each starts and ends, how its recording turns out.

Each fact is a pure function of (seed, place), so any conversation can be made on its own, at any time.
"""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import NamedTuple, Protocol

from simulator.awkwardness import Awkwardness, Part, parts
from simulator.draws import generator
from simulator.kinds import Kind, Outcome

DAY_MS = 86_400_000
MINUTE_MS = 60_000
STILL_OPEN_MS = 3_650 * DAY_MS
BLOCK = 100
_BLOCKS_A_CAST = 3
_EDGES_EVERY = 20


SHARES = {Outcome.LATE: 0.05, Outcome.NEVER: 0.01, Outcome.DELETED: 0.02, Outcome.ERROR: 0.01}
"""Of the recorded conversations, how many have one recording that turns out so, unless told otherwise."""

IN_A_HUNDRED = {
    Kind.VOICE: 24,
    Kind.VOICE_SPLIT: 4,
    Kind.TRANSFER: 8,
    Kind.CONSULT: 5,
    Kind.OUTBOUND: 8,
    Kind.ABANDONED: 4,
    Kind.IVR_ONLY: 8,
    Kind.CALLBACK: 4,
    Kind.CHAT: 8,
    Kind.MESSAGE: 7,
    Kind.MESSAGE_ATTACHMENTS: 5,
    Kind.EMAIL: 7,
    Kind.EMAIL_ATTACHMENTS: 5,
    Kind.EMAIL_DAYS: 3,
}

_CALL_S = (20, 360, 75)
_DURATION_S = {  # shortest, longest, usual
    Kind.IVR_ONLY: (15, 150, 40),
    Kind.ABANDONED: (20, 240, 60),
    Kind.CALLBACK: (900, 20_000, 3_600),
    Kind.CHAT: (180, 2_400, 600),
    Kind.MESSAGE: (300, 40_000, 2_400),
    Kind.MESSAGE_ATTACHMENTS: (300, 40_000, 2_400),
    Kind.EMAIL: (600, 32_000, 7_200),
    Kind.EMAIL_ATTACHMENTS: (600, 32_000, 7_200),
    Kind.EMAIL_DAYS: (86_400, 518_000, 200_000),
}


class Place(NamedTuple):
    """Which conversation: the `number`-th of those that (first) end on a UTC day, or of those `still_open` on it."""

    day: date
    number: int
    still_open: bool = False


class Stretch(NamedTuple):
    """A time in which a conversation is open, in milliseconds since the epoch."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Outline:
    """The least that is known of a conversation. Times in milliseconds since the epoch.

    `end_ms` is its first end; `reopened` are the stretches for which it came back after that. Until `shown_ms` queries
    don't have it.
    """

    kind: Kind
    outcome: Outcome
    start_ms: int
    end_ms: int
    part: Part | None = None
    reopened: tuple[Stretch, ...] = ()
    shown_ms: int = 0


class Conversations(Protocol):
    """Something that says which conversations there are."""

    @property
    def seed(self) -> int:
        """What all that is drawn depends on."""

    def places(self) -> list[tuple[date, bool, int]]:
        """(day, still open, how many) for each day that has conversations."""

    def outline(self, place: Place) -> Outline:
        """When a conversation starts and ends, its kind, and the outcome of (one of) its recordings."""


@dataclass(frozen=True)
class Population:
    """`conversations` end on each of `days`; fewer end on the days beside them, and a few stay open.

    What is `awkward` is found among those of `days`.
    """

    seed: int
    days: tuple[date, ...]
    conversations: int
    shares: tuple[tuple[Outcome, float], ...] = tuple(SHARES.items())
    awkward: tuple[Awkwardness, ...] = ()
    shown_late_s: float = 0.0

    def places(self) -> list[tuple[date, bool, int]]:
        """(day, still open, how many) for each day that has conversations."""
        if not self.conversations:
            return []
        main = {day.toordinal() for day in self.days}
        beside = {ordinal + step for ordinal in main for step in (-1, 1)} - main
        few = max(20, self.conversations // 10)
        ends = [(ordinal, self.conversations) for ordinal in main] + [(ordinal, few) for ordinal in beside]
        left_open = max(2, self.conversations // 50)
        return [(date.fromordinal(ordinal), False, count) for ordinal, count in sorted(ends)] + [
            (date.fromordinal(ordinal), True, left_open) for ordinal in sorted(main)
        ]

    def outline(self, place: Place) -> Outline:
        """When a conversation starts and ends, its kind, and the outcome of (one of) its recordings."""
        block, position = divmod(place.number, BLOCK)
        kinds, outcomes = _block(self.seed, self.shares, place.day, place.still_open, block)
        start_ms, end_ms = _times(kinds[position], place, generator(self.seed, "times", *place))
        ordinary = Outline(kinds[position], outcomes[position], start_ms, end_ms)
        if not self.awkward or place.still_open or place.day not in self.days or block % _BLOCKS_A_CAST:
            return ordinary
        casting = _casting(self.awkward, outcomes, first_of_day=block == 0)
        if position not in casting:
            return ordinary
        return self._awkward(place, *casting[position])

    def _awkward(self, place: Place, part: Part, kind: Kind) -> Outline:
        draw = generator(self.seed, "awkward times", *place)
        start_ms, end_ms = _times(kind, place, generator(self.seed, "times", *place))
        outline = Outline(kind, Outcome.AVAILABLE, start_ms, end_ms, part)
        midnight = midnight_ms(place.day)
        match part.awkwardness:
            case Awkwardness.SHIFTING_PAGES:  # early on its day, so that those after it are many
                start_ms = midnight + draw.randrange(5 * MINUTE_MS)
                return replace(outline, start_ms=start_ms, end_ms=start_ms + draw.randrange(1, 9) * MINUTE_MS)
            case Awkwardness.LATE_SHOWN:
                return replace(outline, shown_ms=end_ms + int(self.shown_late_s * 1000))
            case Awkwardness.LONG_THREAD:
                return replace(outline, start_ms=end_ms - draw.randrange(9 * DAY_MS, 25 * DAY_MS))
            case Awkwardness.REOPENED_SAME_DAY:
                again_ms = end_ms + draw.randrange(30, 120) * MINUTE_MS
            case Awkwardness.REOPENED_DAYS_LATER:
                again_ms = end_ms + draw.randrange(2, 4) * DAY_MS
            case _:
                return outline
        return replace(outline, reopened=(Stretch(again_ms, again_ms + draw.randrange(5, 60) * MINUTE_MS),))


def midnight_ms(day: date) -> int:
    """The first instant of a UTC day, in milliseconds since the epoch."""
    return int(datetime.combine(day, time.min, UTC).timestamp()) * 1000


@lru_cache(maxsize=64)
def _casting(
    awkward: tuple[Awkwardness, ...], outcomes: tuple[Outcome, ...], *, first_of_day: bool
) -> dict[int, tuple[Part, Kind]]:
    """Who of a hundred plays what: those whose recordings are available and whose times are not on the edge."""
    ordinary = (
        position
        for position, outcome in enumerate(outcomes)
        if outcome is Outcome.AVAILABLE and position % _EDGES_EVERY > 1
    )
    return dict(zip(ordinary, parts(awkward, first_of_day=first_of_day), strict=False))


@lru_cache(maxsize=64)
def _block(
    seed: int, shares: tuple[tuple[Outcome, float], ...], day: date, still_open: bool, block: int
) -> tuple[tuple[Kind, ...], tuple[Outcome, ...]]:
    """Kinds and outcomes of a hundred conversations, dealt like cards: a full block has every kind."""
    draw = generator(seed, "block", day, still_open, block)
    kinds = [kind for kind, count in IN_A_HUNDRED.items() for _ in range(count)]
    draw.shuffle(kinds)
    recorded = [position for position, kind in enumerate(kinds) if kind is not Kind.ABANDONED]
    draw.shuffle(recorded)
    outcomes = [Outcome.AVAILABLE] * BLOCK
    total = len(recorded)
    for outcome, share in shares:
        # The draw makes small shares come out right over many blocks; the first block has each outcome once at least.
        count = int(share * total + draw.random())
        if block == 0 and share > 0:
            count = max(1, count)
        for _ in range(min(count, len(recorded))):
            outcomes[recorded.pop()] = outcome
    return tuple(kinds), tuple(outcomes)


def _times(kind: Kind, place: Place, draw: random.Random) -> tuple[int, int]:
    """One in twenty crosses midnight and ends in the day's first half-hour, one in twenty ends in its last."""
    midnight = midnight_ms(place.day)
    shortest, longest, usual = _DURATION_S.get(kind, _CALL_S)
    duration = int(draw.triangular(shortest, longest, usual) * 1000)
    if place.still_open:
        start = midnight - draw.randrange(7) * DAY_MS + draw.randrange(8 * 60, 18 * 60) * MINUTE_MS
        return start, start + STILL_OPEN_MS
    if place.number % _EDGES_EVERY == 0:
        end = midnight + draw.randrange(30 * MINUTE_MS)
        return min(end - duration, midnight - draw.randrange(1_000, 10 * MINUTE_MS)), end
    if place.number % _EDGES_EVERY == 1:
        end = midnight + DAY_MS - 1 - draw.randrange(30 * MINUTE_MS)
    else:
        end = midnight + int(draw.triangular(7 * 60, 20 * 60, 13 * 60) * MINUTE_MS)
    return end - duration, end
