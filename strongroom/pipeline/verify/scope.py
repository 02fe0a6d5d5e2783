"""What is verified, and how deep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from strongroom.times import days_between


class Depth(IntEnum):
    """Each depth holds the one before."""

    LISTED = 1
    HASHED = 2
    PROVEN = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Scope:
    """Some conversations, or the days from `first` to `last`, both included, or everything.

    `name` is what conversations that nobody asked for one by one are called together.
    """

    conversations: tuple[UUID, ...] = ()
    first: date | None = None
    last: date | None = None
    name: str | None = None

    @property
    def everything(self) -> bool:
        """Whether it is all there is."""
        return not self.conversations and self.first is None

    def holds(self, conversation_id: UUID, day: date) -> bool:
        """Whether a revision of this conversation, filed under this day, is in it."""
        if self.conversations:
            return conversation_id in self.conversations
        return self.first is None or self.last is None or self.first <= day <= self.last

    def prefixes(self, conversation_days: Sequence[tuple[UUID, date]]) -> Iterator[str]:
        """Below which prefixes of the vault its records stand; conversations come with the days they are of."""
        if self.conversations:
            for conversation_id, day in sorted(set(conversation_days)):
                yield f"archive/{day}/{conversation_id}/"
        elif self.first is not None and self.last is not None:
            yield from (f"archive/{day}/" for day in days_between(self.first, self.last))
        else:
            yield ""

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.conversations:
            first, *others = map(str, self.conversations)
            return f"{first} and {len(others)} more" if others else first
        if self.first is None:
            return "all"
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
