"""An archived day again: what it puts, fetches and asks, and its time as a share of the first run's.

The day is archived by the fleet of the embedded stack, faults included, then once more when the fleet is at rest: what
follows a first run (the search's index, the recount) is not the second's. Both times are those of
`strongroom archive DAY --wait`, start of the command included. `CONVERSATIONS` says how many; 2,000 without it.
"""

import os
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text

from bench.report import Goal, write_report
from embedded.command import strongroom
from embedded.fleet import running_fleet
from embedded.stack import BUCKET, FLEET, SimulatedDay, Stack, running_stack
from strongroom.ledger.engine import connect
from strongroom.ledger.recounts import latest_recount
from strongroom.ledger.sealed_days import sealed_day
from strongroom.times import day_of, utc_now

_GOAL_SHARE_PERCENT = 2.0
_REST_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Pass:
    """What one pass over the day cost. Puts are those below `archive/`."""

    seconds: float
    puts: int
    media_gets: int
    api_requests: int


def main() -> Path:
    """Archive a day twice, and write the report."""
    conversations = int(os.environ.get("CONVERSATIONS") or 2_000)
    day = day_of(utc_now()) - timedelta(days=5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_stack(folder, SimulatedDay(day, conversations, seed=1)) as stack:
            # Beat sweeps; its catch-up would be other days' work, which must not be counted as this one's
            environment = stack.environment | {
                "STRONGROOM_START_DAY": day.isoformat(),
                "STRONGROOM_CATCH_UP_DAYS": "0",
            }
            with running_fleet(environment, folder / "logs", FLEET):
                first = _archived(stack, environment, day)
                _wait_for_rest(environment, day)
                again = _archived(stack, environment, day)
    share = 100 * again.seconds / first.seconds
    goals = [
        Goal("puts of the second pass", again.puts, 0, "<="),
        Goal("media fetched by the second pass", again.media_gets, 0, "<="),
        Goal("time of the second pass, % of the first", share, _GOAL_SHARE_PERCENT, "<="),
    ]
    raw = {
        "conversations": conversations,
        "first": asdict(first),
        "again": asdict(again),
        "api_requests_an_interaction_again": again.api_requests / conversations,
    }
    return write_report("rerun", raw, goals)


def _archived(stack: Stack, environment: dict[str, str], day: date) -> Pass:
    before, began = _cost(stack), time.monotonic()
    strongroom(environment, "archive", day.isoformat(), "--wait", findings=True)
    seconds, after = time.monotonic() - began, _cost(stack)
    return Pass(seconds, *(now - then for now, then in zip(after, before, strict=True)))


def _wait_for_rest(environment: dict[str, str], day: date) -> None:
    engine = connect(environment["STRONGROOM_DATABASE_URL"], connect_timeout_s=10)
    unindexed = text("SELECT count(*) FROM conversations WHERE state = 'archived' AND indexed_at IS NULL")
    deadline = time.monotonic() + _REST_TIMEOUT_S
    try:
        while True:
            with engine.connect() as connection:
                left = connection.execute(unindexed).scalar_one()
            if left == 0 and latest_recount(engine, day) is not None and sealed_day(engine, day) is not None:
                return
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not at rest in time: {left} are not indexed, or the day is not recounted and sealed"
                )
            time.sleep(1.0)
    finally:
        engine.dispose()


def _cost(stack: Stack) -> tuple[int, int, int]:
    stats = stack.simulator.stats()
    api = sum(sum(by_status.values()) for endpoint, by_status in stats["requests"].items() if " /api/" in endpoint)
    return stack.s3.writes(BUCKET, "archive/"), stats["media"]["gets"], api
