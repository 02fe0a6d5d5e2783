"""Matters of legal holds in words."""

from collections.abc import Iterator

from strongroom.legal.holds import HoldRecord, MatterRow, MatterSearch
from web.views.names import medium
from web.views.wording import counted, day, plain, utc_minute

_STATES = {
    "open": ("In force", "warn"),
    "release asked": ("Release asked for", "accent"),
    "released": ("Released", ""),
}
_RECORD_STATES = {
    "placed": ("Being placed", "accent"),
    "applied": ("Held", "warn"),
    "released": ("No longer", ""),
}
_FOUND_BY = {"named": "by its id", "search": "by a search", "later": "archived since, by a search"}


def state_words(state: str) -> tuple[str, str]:
    """Words and tone of a matter's state."""
    return _STATES.get(state, (plain(state, 40), ""))


def record_words(record: HoldRecord) -> tuple[str, str]:
    """Words and tone of how a record is held."""
    return _RECORD_STATES.get(record.state, (plain(record.state, 40), ""))


def found_by_words(record: HoldRecord) -> str:
    """How the matter came to hold it."""
    return _FOUND_BY.get(record.found_by, plain(record.found_by, 40))


def progress(row: MatterRow) -> str:
    """How far the store has been told."""
    if row.state == "released":
        left = row.records - row.lifted
        return (
            "everything is let go, or held by another matter"
            if not left
            else f"{counted(left, 'record')} still to let go"
        )
    if not row.records:
        return "nothing is held yet"
    left = row.records - row.applied
    return "all of it is held in the vault" if not left else f"{counted(left, 'record')} still to be held in the vault"


def search_words(search: MatterSearch) -> str:
    """What a matter looks for, in one sentence."""
    return ", ".join(_parts(search))


def _parts(search: MatterSearch) -> Iterator[str]:
    sought = search.sought
    if sought is None:
        yield "something in divisions that are not yours" if search.withheld else "forgotten with the release"
        return
    if sought.addresses:
        yield f"customer {plain(sought.addresses[0], 80)}"
    if sought.external_tag is not None:
        yield f"tag {plain(sought.external_tag, 80)}"
    for kind, value in sought.named:
        yield medium(value).lower() if kind == "media" else f"{kind} {plain(value, 80)}"
    if sought.direction is not None:
        yield plain(sought.direction, 20)
    if sought.started_from is not None:
        yield f"begun {utc_minute(sought.started_from)} or later"
    if sought.started_to is not None:
        yield f"begun before {utc_minute(sought.started_to)}"
    if sought.ended_from is not None:
        yield f"ended {day(sought.ended_from)} or later"
    if sought.ended_to is not None:
        yield f"ended before {day(sought.ended_to)}"
