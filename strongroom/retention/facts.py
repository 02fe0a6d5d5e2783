"""What a retention rule may ask about a conversation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """Something of the organisation's configuration: its id, and the name it had that day (None: not known)."""

    id: str
    name: str | None


@dataclass(frozen=True)
class Facts:
    """A conversation as its record tells it, over all of its participants, sessions and segments.

    Media types, directions and purposes are Genesys's own words as received; one that is not known yet matches no
    rule and fails nothing.
    """

    queues: frozenset[Named]
    media_types: frozenset[str]
    directions: frozenset[str]
    divisions: frozenset[Named]
    wrap_up_codes: frozenset[Named]
    purposes: frozenset[str]
