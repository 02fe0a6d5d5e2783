"""What a simulator is started with."""

from dataclasses import dataclass, field
from datetime import date, datetime

from simulator.awkwardness import Awkwardness
from simulator.faults import Faults
from simulator.kinds import Outcome
from simulator.limits import WINDOW_S
from simulator.population import SHARES
from simulator.query import MAX_CONVERSATIONS


@dataclass(frozen=True)
class Options:
    """Everything but where it listens. `now` puts its clock; without it the clock is the machine's."""

    days: tuple[date, ...]
    seed: int = 1
    conversations: int = 300
    clients: int = 1
    token_ttl_s: int = 86_400
    rate_limit_per_min: int = 300
    rate_window_s: int = WINDOW_S
    link_ttl_s: int = 3_600
    late_s: float = 600.0
    transcode_s: float = 5.0
    long_transcode_s: float = 180.0
    restore_s: float = 1_800.0
    restorations: int = 100
    job_s: float = 10.0
    availability_lag_s: float = 43_200.0
    batch_s: float = 5.0
    awkward: tuple[Awkwardness, ...] = ()
    shown_late_s: float = 10_800.0
    total_hits_cap: int = MAX_CONVERSATIONS
    audio_bytes: int | None = None
    path_prefix: str = ""
    now: datetime | None = None
    shares: dict[Outcome, float] = field(default_factory=lambda: dict(SHARES))
    faults: Faults = field(default_factory=Faults)
