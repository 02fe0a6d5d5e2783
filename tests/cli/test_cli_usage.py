"""What is typed wrongly is refused in one line before anything is connected to; every command explains itself."""

from datetime import timedelta

import pytest
import typer
from command_line import Strongroom
from hypothesis import given
from hypothesis import strategies as st

from cli.arguments import EARLIEST_DAY, ended_day, known_day
from strongroom.times import day_of, utc_now

COMMANDS = [
    ["migrate"],
    ["vault", "create"],
    ["vault", "check"],
    ["archive"],
    ["backfill", "list"],
    ["backfill", "stop"],
    ["backfill", "start"],
    ["backfill", "expired"],
    ["status"],
    ["review"],
    ["requeue"],
    ["policy", "check"],
    ["policy", "explain"],
    ["policy", "what-if"],
    ["policy", "apply"],
    ["policy", "document"],
    ["user", "add"],
    ["user", "list"],
    ["user", "disable"],
    ["user", "password"],
    ["user", "roles"],
    ["user", "events"],
    ["api-key", "add"],
    ["api-key", "list"],
    ["api-key", "revoke"],
    ["hold", "place"],
    ["hold", "list"],
    ["hold", "release"],
    ["hold", "approve"],
    ["hold", "refuse"],
    ["disposition", "list"],
    ["disposition", "show"],
    ["disposition", "propose"],
    ["disposition", "approve"],
    ["disposition", "refuse"],
    ["disposition", "run"],
    ["erasure", "assess"],
    ["erasure", "list"],
    ["erasure", "show"],
    ["erasure", "answer"],
    ["erasure", "propose"],
    ["erasure", "approve"],
    ["erasure", "refuse"],
    ["erasure", "run"],
    ["doctor"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_explains_itself_with_an_example_and_has_json(strongroom: Strongroom, command: list[str]) -> None:
    outcome = strongroom(*command, "--help")
    assert outcome.exit_code == 0
    assert f"Example: strongroom {' '.join(command)}" in outcome.out
    assert "--json" in outcome.out


def test_without_a_command_it_lists_them(strongroom: Strongroom) -> None:
    outcome = strongroom()
    assert outcome.exit_code == 0
    for command in COMMANDS:
        assert f"\n  {command[0]} " in outcome.out


ODD_DAYS = [
    "",
    "14",
    "2025-5-14",
    "20250514",
    "2025-W20-3",
    "14.05.2025",
    "05/14/2025",
    "2025-05-14T00:00:00Z",
    "2025-02-30",
    "2025-13-01",
    "0000-01-01",
    "\u0662\u0660\u0662\u0665-05-14",
    " 2025-05-14",
    "tomorrow",
    "Yesterday",
    "1999-12-31",
    "9999-12-31",
    "2025-05-14; rm -rf /",
    "2025-05-14\nx",
]


@pytest.mark.parametrize("day", ODD_DAYS)
@pytest.mark.parametrize("command", [["archive"], ["status"], ["review", "--day"], ["requeue", "--day"]], ids=" ".join)
def test_odd_days_are_refused_in_one_line(strongroom: Strongroom, command: list[str], day: str) -> None:
    strongroom(*command, day).refused(2, "Invalid value", "DAY" if len(command) == 1 else "--day")


def test_a_day_that_is_not_over_is_not_archived(strongroom: Strongroom) -> None:
    today = day_of(utc_now())
    strongroom("archive", "today").refused(2, "not over yet")
    strongroom("archive", str(today)).refused(2, "not over yet")
    strongroom("archive", str(today + timedelta(days=1))).refused(2, "future")
    strongroom("archive", "2025-05-14", "--to", str(today)).refused(2, "--to")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["archive"], ["DAY"]),
        (["archive", "2025-05-14", "--to", "2025-05-13"], ["--to", "comes before"]),
        (["archive", "2001-01-01", "--to", "2025-01-01"], ["days at once"]),
        (["archive", "2025-05-14", "2025-05-15"], ["2025-05-15"]),
        (["archive", "2025-05-14", "--for"], ["--for"]),
        (["vault"], ["Missing command"]),
        (["bogus"], ["bogus"]),
        (["policy", "explain", "not-an-id"], ["CONVERSATION"]),
        (["policy", "what-if"], ["FILE"]),
        (["policy", "what-if", "new.yaml", "--from", "2025-05-14"], ["--to", "together"]),
        (["policy", "what-if", "new.yaml", "--from", "2025-05-14", "--to", "2025-05-13"], ["comes before"]),
        (["policy", "what-if", "new.yaml", "--all", "--from", "2025-05-14", "--to", "2025-05-14"], ["one of the two"]),
        (["policy", "apply", "--to", "2025-05-14"], ["--from", "together"]),
        (["policy", "apply", "new.yaml"], ["new.yaml"]),
        (["review", "--conversation", "7"], ["--conversation"]),
        (["hold"], ["Missing command"]),
        (["hold", "place"], ["MATTER"]),
        (["hold", "place", "17", "not-an-id", "--reason", "why"], ["CONVERSATION"]),
        (["hold", "place", "17", "--reason", "why", "--from", "2025-13-01"], ["there is no day"]),
        (["hold", "place", "17", "--reason", "why", "--from", "2025-05-14", "--to", "2025-05-13"], ["comes before"]),
        (["hold", "release", "17"], ["--reason"]),
        (["requeue"], ["--all"]),
        (["requeue", "--dry-run"], ["--all"]),
        (["requeue", "--all", "--day", "2025-05-14"], ["one of the two"]),
        (["requeue", "--to", "2025-05-14"], ["--day"]),
        (["requeue", "--day", "2025-05-14", "--to", "2025-05-13"], ["comes before"]),
        (["disposition", "run"], ["LIST"]),
        (["disposition", "run", "0"], ["LIST"]),
        (["disposition", "refuse", "3"], ["--reason"]),
        (["erasure", "assess", "--reference", "DSR-1"], ["--address", "one of the two"]),
        (["erasure", "assess", "--address"], ["--reference"]),
        (["requeue", "--state", "archived"], ["--state", "review", "waiting"]),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_2(strongroom: Strongroom, arguments: list[str], words: list[str]) -> None:
    strongroom(*arguments).refused(2, *words)


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True))
def test_whatever_is_taken_for_a_day_is_one_that_is_over(text: str) -> None:
    try:
        day = ended_day(text)
    except typer.BadParameter:
        return
    assert EARLIEST_DAY <= day < day_of(utc_now())
    assert text in (str(day), "yesterday")


@given(st.dates(min_value=EARLIEST_DAY, max_value=day_of(utc_now()) - timedelta(days=1)))
def test_every_day_that_is_over_can_be_named(day: object) -> None:
    assert ended_day(str(day)) == known_day(str(day)) == day
