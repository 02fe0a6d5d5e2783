"""Who does something to a record, and from where: what every custody event names."""

from dataclasses import dataclass

FLEET = "strongroom"
"""The name under which the fleet's workers act."""


@dataclass(frozen=True)
class Actor:
    """A person's account or the fleet. `origin` is where it acts from: a host, or one process of the fleet on it."""

    name: str
    origin: str
