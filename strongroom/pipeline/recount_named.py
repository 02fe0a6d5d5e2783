"""Differences of one kind: all of them counted, so many of them named, so that a recount's memory has a bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MOST_NAMED = 10_000
"""How many of each kind the result names; it counts all of them."""


@dataclass
class Named:
    """Differences of one kind, in the order they were found."""

    count: int = 0
    named: list[Mapping[str, object]] = field(default_factory=list)

    def add(self, one: Mapping[str, object]) -> None:
        """One more; named if there is room."""
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(one)

    def document(self) -> dict[str, object]:
        """As the result has it."""
        return {"count": self.count, "named": [dict(one) for one in self.named]}


def named(count: int, some: Sequence[Mapping[str, object]]) -> Named:
    """So many differences, of which these are known by name."""
    return Named(count, list(some[:MOST_NAMED]))
