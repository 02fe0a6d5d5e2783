"""Names and addresses for people who don't exist. Their numbers are kept free for drama (Ofcom, NANPA)."""

import random
from dataclasses import dataclass

FIRST_NAMES = (
    "Amelia", "Oliver", "Zoë", "Jürgen", "Siobhán", "Mateusz", "Chloé", "Søren", "Priya", "Mehmet",
    "Ingrid", "Lucía", "Tomáš", "Fatima", "Haruto", "Nadia", "Noah", "Aoife", "Björn", "Elena",
)  # fmt: skip
LAST_NAMES = (
    "Fischer", "O'Neill", "Nowak", "García", "Okafor", "Lindqvist", "Dvořák", "Öztürk", "Patel", "Moreau",
    "Tanaka", "Jensen", "Rossi", "Novák", "Byrne", "Schäfer", "Silva", "Kowalczyk", "Evans", "Haddad",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A customer."""

    name: str
    phone: str
    email: str


def person(draw: random.Random) -> Person:
    """A customer, drawn."""
    first, last = draw.choice(FIRST_NAMES), draw.choice(LAST_NAMES)
    phone = draw.choice((f"+447700900{draw.randrange(1000):03d}", f"+1212555{draw.randrange(100, 200):04d}"))
    return Person(f"{first} {last}", phone, f"customer{draw.randrange(100_000)}@mail.example")
