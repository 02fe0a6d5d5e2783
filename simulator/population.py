"""What happens on a day: how many conversations of which kind, when each starts and ends, how its recording turns out.

Each fact is a pure function of (seed, place), so any conversation can be made on its own, at any time.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from simulator.draws import generator

DAY_MS = 86_400_000
MINUTE_MS = 60_000
STILL_OPEN_MS = 3_650 * DAY_MS
BLOCK = 100


class Kind(StrEnum):
    """The course a conversation takes."""

    VOICE = "voice"
    VOICE_SPLIT = "voice, its recording in two pieces"
    TRANSFER = "voice, transferred between queues"
    CONSULT = "voice with a consult leg"
    OUTBOUND = "outbound voice"
    ABANDONED = "voice, abandoned in the queue"
    IVR_ONLY = "IVR only"
    CALLBACK = "callback"
    CHAT = "chat"
    MESSAGE = "message"
    MESSAGE_ATTACHMENTS = "message with attachments"
    EMAIL = "e-mail"
    EMAIL_ATTACHMENTS = "e-mail with attachments"
    EMAIL_DAYS = "e-mail that lasts days"


class Outcome(StrEnum):
    """How a recording turns out. `archived` (a restore in Genesys first) belongs here once the simulator has it."""

    AVAILABLE = "available"
    LATE = "late"
    NEVER = "never"
    DELETED = "deleted"
    ERROR = "error"


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
    """Which conversation: the `number`-th of those that end on a UTC day, or of those `still_open` on it."""

    day: date
    number: int
    still_open: bool = False


@dataclass(frozen=True)
class Outline:
    """The least that is known of a conversation. Times in milliseconds since the epoch."""

    kind: Kind
    outcome: Outcome
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Population:
    """`conversations` end on each of `days`; fewer end on the days beside them, and a few stay open."""

    seed: int
    days: tuple[date, ...]
    conversations: int
    shares: tuple[tuple[Outcome, float], ...] = tuple(SHARES.items())

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
        kind = kinds[position]
        start_ms, end_ms = _times(kind, place, generator(self.seed, "times", *place))
        return Outline(kind, outcomes[position], start_ms, end_ms)


def midnight_ms(day: date) -> int:
    """The first instant of a UTC day, in milliseconds since the epoch."""
    return int(datetime.combine(day, time.min, UTC).timestamp()) * 1000


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
    if place.number % 20 == 0:
        end = midnight + draw.randrange(30 * MINUTE_MS)
        return min(end - duration, midnight - draw.randrange(1_000, 10 * MINUTE_MS)), end
    if place.number % 20 == 1:
        end = midnight + DAY_MS - 1 - draw.randrange(30 * MINUTE_MS)
    else:
        end = midnight + int(draw.triangular(7 * 60, 20 * 60, 13 * 60) * MINUTE_MS)
    return end - duration, end
