"""Scripted worlds: exactly the conversations a test asks for, in place of the generated ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from simulator.clock import parse_instant
from simulator.kinds import Kind, Outcome
from simulator.population import MINUTE_MS, Outline, Place, Stretch

KINDS = {"voice": Kind.VOICE, "email": Kind.EMAIL, "message": Kind.MESSAGE}
_FIRST_DAY = date(1900, 1, 1)  # a day of its own for each script, so that no two share an id


@dataclass(frozen=True)
class Script:
    """The `number`-th script of a simulator: outlines, in the order they were given."""

    seed: int
    number: int
    outlines: tuple[Outline, ...]

    def places(self) -> list[tuple[date, bool, int]]:
        """All of them are on the script's own day, whenever they really are."""
        return [(self._day, False, len(self.outlines))]

    def place(self, position: int) -> Place:
        """Which conversation one of the script's is."""
        return Place(self._day, position)

    def outline(self, place: Place) -> Outline:
        """Times, kind and outcome of a conversation."""
        return self.outlines[place.number]

    @property
    def _day(self) -> date:
        return _FIRST_DAY + timedelta(days=self.number)


def read_script(seed: int, number: int, conversations: object) -> Script:
    """A script from what was posted. Raises ValueError, in words."""
    if not isinstance(conversations, list):
        raise ValueError('say {"conversations": [{"start": …, "ends": [… ], "kind": "voice"}, …]}')
    return Script(seed, number, tuple(_outline(each) for each in conversations))


def _outline(conversation: object) -> Outline:
    """`ends` are in order; each but the first ends a stretch for which the conversation was re-opened."""
    if not isinstance(conversation, Mapping):
        raise ValueError("a conversation is an object")
    start_ms = _instant_ms(conversation.get("start"))
    ends = conversation.get("ends")
    if not isinstance(ends, list) or not ends:
        raise ValueError("ends is a list of at least one instant")
    ends_ms = [_instant_ms(end) for end in ends]
    if any(later <= earlier for earlier, later in pairwise([start_ms, *ends_ms])):
        raise ValueError("start and ends are in order, none twice")
    kind, shown_after_s = conversation.get("kind", "voice"), conversation.get("shownAfterS", 0)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    if isinstance(shown_after_s, bool) or not isinstance(shown_after_s, int | float) or shown_after_s < 0:
        raise ValueError("shownAfterS is a number of seconds from 0 up")
    reopened = (Stretch(max(end - MINUTE_MS, (before + end) // 2), end) for before, end in pairwise(ends_ms))
    return Outline(
        KINDS[kind],
        Outcome.AVAILABLE,
        start_ms,
        ends_ms[0],
        reopened=tuple(reopened),
        shown_ms=ends_ms[0] + int(shown_after_s * 1000) if shown_after_s else 0,
    )


def _instant_ms(value: object) -> int:
    try:
        return round(parse_instant(str(value)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ValueError("start and ends are instants in ISO-8601") from None
