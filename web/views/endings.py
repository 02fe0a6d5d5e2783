"""How lists of records that are to end are shown: their state, what stays and why, what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from strongroom.legal.endings import ClassCount, Ending

_LIST_WORDS = {
    "listed": ("Drawn up", "accent"),
    "proposed": ("Waits for a second person", "warn"),
    "approved": ("Approved, to be carried out", "warn"),
    "ended": ("Carried out", "good"),
    "refused": ("Refused", ""),
}
_RECORD_WORDS = {
    "listed": ("May go", "accent"),
    "held": ("Held", "warn"),
    "kept": ("Stays", ""),
    "refused": ("Refused by the store", "bad"),
    "deleting": ("Being deleted", "warn"),
    "deleted": ("Deleted, being certified", "warn"),
    "certified": ("Deleted, being certified", "warn"),
    "ended": ("Gone", "good"),
}


@dataclass(frozen=True)
class CountRow:
    """A line of a list: how many records of a class are in a state, and why."""

    retention_class: str
    basis: str
    words: str
    tone: str
    cause: str
    article: str
    records: int
    size_bytes: int
    early: str


def list_words(state: str) -> tuple[str, str]:
    """A list's state in words, and their tone."""
    return _LIST_WORDS.get(state, (state, ""))


def record_words(state: str) -> tuple[str, str]:
    """A record's state on a list in words, and their tone."""
    return _RECORD_WORDS.get(state, (state, ""))


def list_title(ending: Ending) -> str:
    """What a list is called."""
    if ending.kind == "erasure":
        return f"Erasure {ending.reference}"
    if ending.month is not None:
        return f"Disposition of {ending.month:%B %Y}"
    return f"Disposition, list {ending.ending_id}"


def count_rows(counts: Sequence[ClassCount]) -> list[CountRow]:
    """The lines of a list: first what may go, then what stays."""
    order = list(_RECORD_WORDS)
    return [
        CountRow(
            retention_class=one.retention_class,
            basis=one.basis,
            words=record_words(one.state)[0],
            tone=record_words(one.state)[1],
            cause=one.cause,
            article="" if one.article is None else f"Art. {one.article} GDPR",
            records=one.records,
            size_bytes=one.size_bytes,
            early=usd(one.early_usd) if one.early_usd and one.state == "listed" else "",
        )
        for one in sorted(counts, key=lambda one: (order.index(one.state), one.retention_class))
    ]


CENT = Decimal("0.01")
"""What is less is not worth a warning."""


def usd(amount: Decimal) -> str:
    """An amount in dollars; what is less than a cent is said to be."""
    return "less than $0.01" if Decimal(0) < amount < CENT else f"${amount:,.2f}"
