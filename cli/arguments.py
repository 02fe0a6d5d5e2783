"""What is typed after a command: days, conversations, and the options several commands share."""

import re
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

import typer

from strongroom.reasons import KINDS
from strongroom.times import day_of, utc_now

EARLIEST_DAY = date(2000, 1, 1)
"""Long before there was a Genesys Cloud: an earlier day is a slip of the pen."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def known_day(text: str) -> date:
    """A UTC day to look at: `YYYY-MM-DD`, `today` or `yesterday`. Raises typer.BadParameter."""
    today = day_of(utc_now())
    if text in ("today", "yesterday"):
        return today if text == "today" else today - timedelta(days=1)
    if not _DAY.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is not a day: give YYYY-MM-DD or yesterday")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"there is no day {text}") from None
    if day > today:
        raise typer.BadParameter(f"{text} is in the future: in UTC it is {today} now")
    if day < EARLIEST_DAY:
        raise typer.BadParameter(f"{text} is before there was anything to archive")
    return day


def any_day(text: str) -> date:
    """A UTC day, past or to come: `YYYY-MM-DD`, `today` or `yesterday`. Raises typer.BadParameter."""
    if text in ("today", "yesterday"):
        return known_day(text)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"there is no day {text}") from None
    raise typer.BadParameter(f"{text!r} is not a day: give YYYY-MM-DD or yesterday")


def ended_day(text: str) -> date:
    """A UTC day that is over, so that it can be archived: `YYYY-MM-DD` or `yesterday`. Raises typer.BadParameter."""
    day = known_day(text)
    if day == day_of(utc_now()):
        raise typer.BadParameter(f"{day} is not over yet in UTC: the last day that can be archived is yesterday")
    return day


def known_kind(text: str) -> str:
    """A kind of reason on the review list. Raises typer.BadParameter."""
    if text not in KINDS:
        raise typer.BadParameter(f"{text!r} is no kind of reason: one of {', '.join(KINDS)}")
    return text


def require_order(first: date, last: date) -> None:
    """Raises typer.BadParameter when a range of days ends before it begins."""
    if last < first:
        raise typer.BadParameter(f"{last} comes before {first}", param_hint="'--to'")


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines. Times are ISO-8601 in UTC.")]
OfDay = Annotated[
    date | None,
    typer.Option("--day", metavar="DAY", parser=known_day, help="Only conversations that ended on this day (UTC)."),
]
OfConversation = Annotated[
    UUID | None, typer.Option("--conversation", metavar="ID", help="Only this conversation.", show_default=False)
]
WithKind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        parser=known_kind,
        help="Only reasons of this kind, as the runbook and metrics have them.",
    ),
]
WithReason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Only where the reason contains this, in any case.")
]
