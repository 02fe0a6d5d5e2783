"""How the desk's pages spell times, sizes, durations and states: in words, and every time in UTC and said so."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

_SIZES = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
_SHOWN_AS_ARE = {0x09, 0x0A}  # tab and newline


def utc(instant: datetime | None) -> str:
    """An instant to the second: `10 Mar 2026, 09:15:00 UTC`; a dash for none."""
    return "–" if instant is None else f"{_day(instant.astimezone(UTC))}, {instant.astimezone(UTC):%H:%M:%S} UTC"


def utc_minute(instant: datetime | None) -> str:
    """An instant to the minute: `10 Mar 2026, 09:15 UTC`; a dash for none."""
    return "–" if instant is None else f"{_day(instant.astimezone(UTC))}, {instant.astimezone(UTC):%H:%M} UTC"


def clock_time(instant: datetime) -> str:
    """The time of day in UTC, without saying so: for lists under a heading that does."""
    return f"{instant.astimezone(UTC):%H:%M:%S}"


def day(moment: date | None) -> str:
    """A day: `10 Mar 2026`; an instant's is its UTC day; a dash for none."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC)
    return "–" if moment is None else _day(moment)


def machine(instant: datetime) -> str:
    """An instant for `<time datetime>` and for scripts: `2026-03-10T09:15:00Z`."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def duration(seconds: float) -> str:
    """Two units at most: `4 min 12 s`, `3 h 05 min`, `2 days 4 h`. Never negative."""
    whole = max(0, int(seconds))
    days, hours, minutes, rest = whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{days} {'day' if days == 1 else 'days'} {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def size(size_bytes: int) -> str:
    """`1.4 MiB`, `312 bytes`."""
    for unit_bytes, unit in _SIZES:
        if size_bytes >= unit_bytes:
            return f"{size_bytes / unit_bytes:.1f} {unit}"
    return f"{size_bytes} {'byte' if size_bytes == 1 else 'bytes'}"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 file`, `2 files`, `1,204 files`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def plain(text: object, most: int = 300) -> str:
    """Text of a customer's or an agent's on one line: cut at `most` characters, without what would reorder a page.

    Control characters, line separators and the overrides of direction become a space or go; escaping is the
    template's.
    """
    shown = "".join(_harmless(character) for character in str(text))
    words = " ".join(shown.split())
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def prose(text: object) -> str:
    """Text of several lines, whole: like `plain`, but its lines and tabs stay."""
    return "".join(
        character if ord(character) in _SHOWN_AS_ARE else _harmless(character)
        for character in str(text).replace("\r\n", "\n").replace("\r", "\n")
    )


def first_upper(text: str) -> str:
    """A sentence begins with a capital."""
    return text[:1].upper() + text[1:]


def _harmless(character: str) -> str:
    """C0 and C1 controls and separators as a space; bidirectional overrides and isolates (UAX #9), BOM: nothing."""
    code = ord(character)
    if code < 0x20 or 0x7F <= code <= 0x9F or code in {0x2028, 0x2029}:
        return " "
    return "" if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or code == 0xFEFF else character


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%b %Y}"


FILTERS: Mapping[str, Callable[..., str]] = {
    "utc": utc,
    "utc_minute": utc_minute,
    "clock_time": clock_time,
    "day": day,
    "machine": machine,
    "duration": duration,
    "size": size,
    "counted": counted,
    "plain": plain,
    "prose": prose,
    "first_upper": first_upper,
}
"""What templates call these by."""
