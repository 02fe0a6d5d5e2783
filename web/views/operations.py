"""The operator's page: the month as weeks of days, each with its tone and words; reasons in words."""

import calendar as months
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from strongroom.ledger.calendar import DayAtAGlance
from strongroom.ledger.progress import DayProgress

REASON_WORDS: Mapping[str, str] = {
    "lock": "Not locked as it must be",
    "vault-conflict": "Something else stands in the vault",
    "erased": "Erased here, and ended again in Genesys",
    "worker-lost": "Each worker that took it died",
    "unexpected": "A fault of Strongroom itself",
    "restore": "In the archive of Genesys",
    "not-listed": "A recorded session without a recording",
    "not-ready": "Not ready in Genesys in time",
    "failed-in-genesys": "The recording failed in Genesys",
    "damaged-media": "What came was broken, each time",
    "gone-from-genesys": "Gone from Genesys",
    "refused-by-genesys": "Genesys does not permit it",
    "genesys-outage": "Genesys failed for too long",
    "vault-refused": "The vault does not permit it",
    "other": "Another reason",
}


@dataclass(frozen=True)
class DayCell:
    """A day of the calendar. `tone` is a tag's; `words` say what the tone says in colour."""

    day: date
    of_month: bool
    known: bool
    tone: str
    words: str
    archived: int
    review: int


@dataclass(frozen=True)
class Month:
    """A month as weeks from Monday on."""

    name: str
    first: date
    before: str
    after: str | None
    weeks: list[list[DayCell]]


def month_of(first: date, days: Mapping[date, DayAtAGlance], today: date) -> Month:
    """The month that `first` is in."""
    first = first.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    weeks = [
        [_cell(day, day.month == first.month, days.get(day)) for day in week]
        for week in months.Calendar().monthdatescalendar(first.year, first.month)
    ]
    before = (first - timedelta(days=1)).replace(day=1)
    return Month(
        f"{first:%B %Y}", first, f"{before:%Y-%m}", f"{after:%Y-%m}" if after <= today.replace(day=1) else None, weeks
    )


def bounds(first: date) -> tuple[date, date]:
    """The first and the last day of the month that a day is in."""
    _, length = months.monthrange(first.year, first.month)
    return first.replace(day=1), first.replace(day=length)


def share_done(progress: DayProgress) -> int:
    """How much of the day's conversations is neither to be looked at nor being captured, in per cent, rounded down."""
    known = sum(progress.conversations.values())
    done = known - progress.conversations.get("discovered", 0) - progress.conversations.get("capturing", 0)
    return 100 * done // known if known else 0


def _cell(day: date, of_month: bool, seen: DayAtAGlance | None) -> DayCell:
    if seen is None:
        return DayCell(day, of_month, known=False, tone="", words="", archived=0, review=0)
    tone, words = _standing(seen)
    return DayCell(day, of_month, True, tone, words, seen.archived, seen.review)


def _standing(seen: DayAtAGlance) -> tuple[str, str]:
    if seen.review:
        return "warn", f"{seen.review:,} in review"
    if seen.run_state is not None and (seen.run_state != "settled" or seen.under_way):
        return "accent", "Under way"
    if seen.sealed:
        return "good", "Sealed"
    return ("good", "Settled") if seen.run_state == "settled" else ("", "Late arrivals")
