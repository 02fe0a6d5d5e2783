"""What a simulator is started with."""

from dataclasses import dataclass, field
from datetime import date, datetime

from simulator.faults import Faults
from simulator.population import SHARES, Outcome


@dataclass(frozen=True)
class Options:
    """Everything but where it listens. `now` puts its clock; without it the clock is the machine's."""

    days: tuple[date, ...]
    seed: int = 1
    conversations: int = 300
    clients: int = 1
    token_ttl_s: int = 86_400
    rate_limit_per_min: int = 300
    link_ttl_s: int = 3_600
    late_s: float = 600.0
    transcode_s: float = 5.0
    audio_bytes: int | None = None
    path_prefix: str = ""
    now: datetime | None = None
    shares: dict[Outcome, float] = field(default_factory=lambda: dict(SHARES))
    faults: Faults = field(default_factory=Faults)
