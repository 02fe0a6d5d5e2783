"""`make demo`: the main job, a day of interactions archived end to end under faults, and proven from the bucket."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any

from rich.console import Console

from cli.day_report import DayReport, report_of
from cli.watching import watch
from embedded.bucket import connect as connect_bucket
from embedded.bucket import read_all
from embedded.command import strongroom
from embedded.demo_evidence import prove
from embedded.demo_report import Report, Rerun
from embedded.fleet import REPOSITORY, Fleet, running_fleet
from embedded.judge import how_each_ended, judge
from embedded.stack import BUCKET, FLEET, NO_AUTHORITY, SimulatedDay, Stack, running_stack
from embedded.workspace import fresh_workspace
from strongroom.errors import Misconfigured
from strongroom.ledger.activity import unread_days
from strongroom.ledger.engine import connect as connect_ledger
from strongroom.ledger.progress import day_progress
from strongroom.times import day_of, days_between, start_of, utc_now

FOLDER = REPOSITORY / "var" / "demo"
_ARCHIVE = "archive/"
_CATCH_UP_DAYS = 14
_NIGHTS_AFTER = 4
"""Nights after the day's own, in which what shows up late or is re-opened must be found."""
_CONNECT_TIMEOUT_S = 10
_PATIENCE_S = 300
_LOOK_EVERY_S = 1.0
_PATIENCE_S_PER_CONVERSATION = 2


class _NotSettled(Exception):
    """The day takes too long."""


@dataclass(frozen=True)
class _Cost:
    """What had been asked of S3 and the simulator at some moment."""

    puts: int
    media_gets: int
    api_requests: int


def simulated_day(environ: Mapping[str, str]) -> SimulatedDay:
    """What `CONVERSATIONS`, `SEED` and `DAY` ask for. Raises Misconfigured."""
    yesterday = day_of(utc_now()) - timedelta(days=1)
    last = yesterday - timedelta(days=_NIGHTS_AFTER)
    try:
        day = date.fromisoformat(environ.get("DAY") or last.isoformat())
        conversations = int(environ.get("CONVERSATIONS") or 300)
        seed = int(environ.get("SEED") or 1)
    except ValueError as error:
        raise Misconfigured(
            str(error), where="CONVERSATIONS, SEED, DAY", todo="two numbers, and a day as YYYY-MM-DD"
        ) from error
    first = yesterday - timedelta(days=_CATCH_UP_DAYS - 1)
    if not first <= day <= last:
        raise Misconfigured(
            f"{day} is not a day that Beat would catch up, with nights after it",
            where="DAY",
            todo=f"a day from {first} to {last} (UTC)",
        )
    if conversations < 1:
        raise Misconfigured("nothing to archive", where="CONVERSATIONS", todo="1 or more")
    return SimulatedDay(day, conversations, seed)


def demo(simulated: SimulatedDay, console: Console) -> bool:
    """Run it, leave the report in `var/demo`, and tell whether the promises held. Raises StrongroomError."""
    with fresh_workspace(FOLDER) as folder:
        began = time.monotonic()
        with running_stack(folder, simulated) as stack:
            console.print(
                f"PostgreSQL, Redis, S3 and Genesys (simulated, with faults) are up after "
                f"{time.monotonic() - began:.1f} s. Logs: {folder / 'logs'}"
            )
            if stack.timestamp_authority is None:
                console.print(f"Timestamps: {NO_AUTHORITY}")
            report = _archive_and_judge(stack, simulated, console)
        report.write(folder / "report.json")
        report.show(console)
        console.print(f"Report: {folder / 'report.json'}")
        return report.holds


def _archive_and_judge(stack: Stack, simulated: SimulatedDay, console: Console) -> Report:
    day = simulated.day
    with running_fleet(stack.environment, FOLDER / "logs", FLEET) as fleet:
        console.print(f"Beat finds that {day} is not archived; {FLEET['worker']} workers archive it.")
        began = time.monotonic()
        unsettled = _watch_until_settled(stack, simulated, fleet, console)
        seconds = time.monotonic() - began
        that_night = stack.simulator.truth(day)["conversations"]
        console.print(f"{_NIGHTS_AFTER} nights later: what showed up late, went on for weeks or was re-opened.")
        unsettled += _nights_after(stack, simulated, fleet)
        first = _cost(stack)
        console.print("Comparing the bucket with the truth, id by id and hash by hash.")
        truth = _whole_truth(stack, day)
        counted = [truth.pop(conversation["conversationId"]) for conversation in that_night]
        standing = read_all(connect_bucket(stack.s3.endpoint_url), BUCKET, _ARCHIVE)
        verdict = judge(standing, day, counted, truth.values())
        verdict.mismatches[:0] = unsettled
        endings = how_each_ended(standing, stack.simulator.awkward(day))
        endings["over_100k_hits"] = Counter({f"{simulated.query_reach} a query: read from both ends": len(counted)})
        console.print("Archiving the same day again.")
        rerun = _again(stack, day)
        evidence = prove(stack, day, that_night, FOLDER, console)
    return Report(
        day=day,
        truth_conversations=len(counted),
        truth_recordings=sum(len(conversation["recordings"]) for conversation in counted),
        verdict=verdict,
        endings=endings,
        seconds=seconds,
        api_requests=first.api_requests,
        rerun=rerun,
        evidence=evidence,
    )


def _nights_after(stack: Stack, simulated: SimulatedDay, fleet: Fleet) -> list[str]:
    """Let days pass in Genesys, archive them, and wait for the days to be read by activity; what did not come about."""
    day, last = simulated.day, simulated.day + timedelta(days=_NIGHTS_AFTER)
    stack.simulator.clock(now=start_of(last + timedelta(days=1)) + timedelta(minutes=30))
    nights = ((day + timedelta(days=1)).isoformat(), "--to", last.isoformat())
    strongroom(stack.environment, "archive", *nights, "--wait", findings=True)
    engine = connect_ledger(stack.environment["STRONGROOM_DATABASE_URL"], connect_timeout_s=_CONNECT_TIMEOUT_S)
    deadline = time.monotonic() + _PATIENCE_S
    try:
        while unread_days(engine, day, last) or not all(
            day_progress(engine, each).finished for each in days_between(day, last)
        ):
            fleet.require_alive()
            if time.monotonic() > deadline:
                return [f"{day} to {last}: not settled and read by activity after {_PATIENCE_S} s"]
            time.sleep(_LOOK_EVERY_S)
    finally:
        engine.dispose()
    return []


def _whole_truth(stack: Stack, day: date) -> dict[str, dict[str, Any]]:
    """Every conversation whose last end is on the day or one after it, by id."""
    days = days_between(day, day_of(utc_now()))
    truths = chain.from_iterable(stack.simulator.truth(each)["conversations"] for each in days)
    return {conversation["conversationId"]: conversation for conversation in truths}


def _watch_until_settled(stack: Stack, simulated: SimulatedDay, fleet: Fleet, console: Console) -> list[str]:
    """Show the day, and those after it that Beat catches up with it; what was not settled in time, if anything."""
    engine = connect_ledger(stack.environment["STRONGROOM_DATABASE_URL"], connect_timeout_s=_CONNECT_TIMEOUT_S)
    days = days_between(simulated.day, day_of(utc_now()) - timedelta(days=1))
    patience_s = _PATIENCE_S + _PATIENCE_S_PER_CONVERSATION * simulated.conversations
    deadline = time.monotonic() + patience_s

    def look() -> list[DayReport]:
        fleet.require_alive()
        if time.monotonic() > deadline:
            raise _NotSettled
        return [report for report in (report_of(engine, each) for each in days) if report.progress.run_state]

    try:
        watch(look, console, as_json=False)
    except _NotSettled:
        return [f"{simulated.day}: not settled after {patience_s:.0f} s"]
    finally:
        engine.dispose()
    return []


def _again(stack: Stack, day: date) -> Rerun:
    before = _cost(stack)
    began = time.monotonic()
    strongroom(stack.environment, "archive", day.isoformat(), "--wait", findings=True)
    seconds = time.monotonic() - began
    after = _cost(stack)
    return Rerun(after.puts - before.puts, after.media_gets - before.media_gets, seconds)


def _cost(stack: Stack) -> _Cost:
    stats = stack.simulator.stats()
    return _Cost(
        puts=stack.s3.writes(BUCKET, _ARCHIVE),
        media_gets=stats["media"]["gets"],
        api_requests=sum(
            sum(statuses.values()) for endpoint, statuses in stats["requests"].items() if " /api/" in endpoint
        ),
    )
