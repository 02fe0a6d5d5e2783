"""Which blows fall, in which order and with which pauses: all of it from one seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Blow(StrEnum):
    """What is done to the night."""

    KILL_POOL_PROCESS = "a process of a worker's pool is killed"
    KILL_WORKER = "a worker is killed, pool and all"
    KILL_CONTROL = "a control worker is killed, pool and all"
    KILL_BEAT = "Beat is killed"
    FLUSH_REDIS = "Redis is emptied"
    REDIS_GONE = "Redis is gone"
    POSTGRES_RESTARTED = "PostgreSQL is restarted"
    POSTGRES_GONE = "PostgreSQL is gone"
    S3_FAULTS = "S3 answers 500, 503, late, not at all, and loses answers of puts that took place"
    GENESYS_FAULTS = "Genesys has faults of every kind"
    SPOOL_FULL = "the spool is full"
    NEXT_VERSION = "a new version is rolled out, with a migration"


KILLS = frozenset({Blow.KILL_POOL_PROCESS, Blow.KILL_WORKER, Blow.KILL_CONTROL, Blow.KILL_BEAT})
_KILLS_BY_WEIGHT = {Blow.KILL_POOL_PROCESS: 90, Blow.KILL_WORKER: 5, Blow.KILL_CONTROL: 3, Blow.KILL_BEAT: 2}
ONCE = (
    *(Blow.FLUSH_REDIS,) * 3,
    Blow.REDIS_GONE,
    Blow.POSTGRES_RESTARTED,
    Blow.POSTGRES_GONE,
    *(Blow.S3_FAULTS,) * 4,
    *(Blow.GENESYS_FAULTS,) * 2,
    *(Blow.SPOOL_FULL,) * 2,
    Blow.NEXT_VERSION,
)
"""Those that are no kills, as often as each falls in one night."""


@dataclass(frozen=True)
class Planned:
    """A blow, and how many seconds after the one before it."""

    blow: Blow
    pause_s: float


def plan(seed: int, kills: int, mean_pause_s: float) -> Iterator[Planned]:
    """`kills` kills, and the others at random places among them; the same for the same arguments.

    Without kills nothing else falls either: a quiet night. Pauses are exponential: kills come in bunches and lulls,
    as nobody would place them.
    """
    if kills == 0:
        return
    chance = random.Random(f"chaos {seed}")
    blows = chance.choices(list(_KILLS_BY_WEIGHT), weights=list(_KILLS_BY_WEIGHT.values()), k=kills)
    places = sorted((chance.uniform(0.05, 0.95) for _ in ONCE), reverse=True)
    for place, blow in zip(places, chance.sample(ONCE, k=len(ONCE)), strict=True):
        blows.insert(round(place * kills), blow)
    for blow in blows:
        yield Planned(blow, chance.expovariate(1 / mean_pause_s))
