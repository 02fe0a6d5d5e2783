"""One seed: a night under blows, left in peace at the end, and judged."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chaos.blows import clear, strike
from chaos.night import Night, begun_night, wait
from chaos.plan import KILLS, plan
from chaos.verdict import verdict
from strongroom.errors import StrongroomError
from strongroom.ledger.progress import day_progress
from strongroom.ledger.sealed_days import sealed_day


@dataclass(frozen=True)
class Violence:
    """How a night is struck; kills 0 is the quiet run. `gone_s` is how long what is taken away stays away."""

    seed: int
    conversations: int
    kills: int
    mean_pause_s: float
    gone_s: float
    patience_s: float


@dataclass(frozen=True)
class Struck:
    """A blow that fell, and when, in seconds from the start."""

    at_s: float
    blow: str
    on: str


@dataclass
class Outcome:
    """What came of a night. It held when `mismatches` is empty."""

    violence: Violence
    seconds: float = 0.0
    settled: bool = False
    blows: list[Struck] = field(default_factory=list)
    kills_while_unsettled: int = 0
    not_tried: dict[str, str] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    mismatches: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(struck.blow in KILLS for struck in self.blows)

    def document(self) -> dict[str, Any]:
        """All of it, for JSON."""
        counted = Counter(struck.blow for struck in self.blows)
        return asdict(self) | {"kills": self.kills, "counted": dict(counted)}


def run_night(folder: Path, violence: Violence, say: Callable[[str], None]) -> Outcome:
    """Archive a day under the blows of a plan; the report is left in `folder/outcome.json`."""
    outcome = Outcome(violence)
    with begun_night(folder, seed=violence.seed, conversations=violence.conversations) as night:
        outcome.not_tried = night.not_tried
        began = time.monotonic()
        _strike_all(night, outcome, began, say)
        clear(night)
        say(f"{outcome.kills} kills and {len(outcome.blows) - outcome.kills} other blows; now in peace")
        outcome.settled = _left_in_peace(night, violence.patience_s)
        outcome.seconds = time.monotonic() - began
        outcome.starts = {f"{one.name}-{one.number}": one.starts for one in night.fleet.processes}
        night.fleet.stop()
        if not outcome.settled:
            outcome.mismatches.append(f"not settled and sealed after {violence.patience_s:g} s of peace")
        outcome.mismatches += verdict(night)
    (folder / "outcome.json").write_text(json.dumps(outcome.document(), indent=2) + "\n")
    return outcome


def _strike_all(night: Night, outcome: Outcome, began: float, say: Callable[[str], None]) -> None:
    violence = outcome.violence
    chance = random.Random(f"victims {violence.seed}")
    for planned in plan(violence.seed, violence.kills, violence.mean_pause_s):
        wait(night, planned.pause_s)
        on = strike(night, planned.blow, chance, violence.gone_s)
        while on is None and planned.blow in KILLS:  # none of its kind is alive just now
            wait(night, 0.5)
            on = strike(night, planned.blow, chance, violence.gone_s)
        if on is None:  # this machine does not allow it, which is in `not_tried`
            continue
        at_s = round(time.monotonic() - began, 2)
        outcome.blows.append(Struck(at_s, planned.blow, on))
        if planned.blow in KILLS:
            outcome.kills_while_unsettled += not _is_settled(night)
        else:
            say(f"{at_s:6.1f} s: {planned.blow} ({on})")


def _left_in_peace(night: Night, patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while not (_is_settled(night) and _is_sealed(night)):
        if time.monotonic() > until:
            return False
        wait(night, 1.0)
    return True


def _is_settled(night: Night) -> bool:
    try:
        return day_progress(night.engine, night.day).finished
    except StrongroomError:  # the connection that stood when PostgreSQL was taken away
        return False


def _is_sealed(night: Night) -> bool:
    try:
        return sealed_day(night.engine, night.day) is not None
    except StrongroomError:
        return False
