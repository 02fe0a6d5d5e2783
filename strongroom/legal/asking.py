"""What may be asked for: conversations by their ids, pasted or as CSV, with a justification and a due time."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from strongroom.legal.errors import Misuse

MOST_CONVERSATIONS = 1_000
"""In one request; a longer list is several."""
LONGEST_JUSTIFICATION = 2_000
LONGEST_NAME = 320
"""RFC 5321: 64 octets before the @, 255 after it."""
USUAL_DUE = timedelta(hours=4)
"""The design: four hours from subpoena to verified files."""
LATEST_DUE = timedelta(days=366)

_MOST_LINES = 20_000
_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_HEADINGS = frozenset({"conversationid", "conversation id", "conversation_id", "conversation", "id", "interaction id"})
_ALLOWED_CONTROLS = frozenset("\n\t")


@dataclass(frozen=True)
class RejectedLine:
    """A line in which there is no conversation's id. `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class ParsedIds:
    """The ids in the order they were named, each once, and the lines that hold none."""

    ids: tuple[UUID, ...]
    rejected: tuple[RejectedLine, ...]


def parse_ids(text: str) -> ParsedIds:
    """Read ids from a pasted list (one or several a line) or a CSV file, whichever column has them.

    Cells are parted by commas, semicolons, tabs or spaces. Of a CSV's row the first cell that is an id counts, where
    its cells hold anything else as well; its first row may be headings. A line without an id is told, never guessed at.
    Raises Misuse for what has more lines than any list of conversations has.
    """
    ids: dict[UUID, None] = {}
    rejected: list[RejectedLine] = []
    lines = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    if len(lines) > _MOST_LINES:
        raise Misuse(
            f"the list has more than {_MOST_LINES:,} lines",
            where="the list of conversations",
            todo=f"a request has at most {MOST_CONVERSATIONS:,} conversations: make several",
        )
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if not cells or (not ids and not rejected and _is_heading(cells)):
            continue
        found = [UUID(cell) for cell in cells if _ID.fullmatch(cell)]
        if not found:
            rejected.append(RejectedLine(number, _shown(line)))
        # beside other cells there may be other ids: a queue's, an agent's
        for one in found if len(found) == len(cells) else found[:1]:
            ids[one] = None
    return ParsedIds(tuple(ids), tuple(rejected))


def _cells(line: str) -> list[str]:
    try:
        row = next(csv.reader(io.StringIO(line, newline="")), [])
    except (csv.Error, StopIteration):
        row = [line]
    parts = [part for cell in row for part in re.split(r"[;\t]", cell)]
    cells = [part.strip().strip("\"'<>{}[]()").strip() for part in parts]
    cells = [cell for cell in cells if cell]
    # "id id id": a list that was pasted from a mail
    if len(cells) == 1 and len(words := cells[0].split()) > 1 and all(map(_ID.fullmatch, words)):
        return words
    return cells


def _is_heading(cells: list[str]) -> bool:
    return any(cell.lower() in _HEADINGS for cell in cells)


def _shown(line: str) -> str:
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in line.strip())
    return shown if len(shown) <= 120 else f"{shown[:119]}…"


def require_justification(text: str) -> str:
    """A justification as it goes on the record. Raises Misuse where it is blank, or not for people to read."""
    text = text.strip()
    if not any(unicodedata.category(one)[0] in "LNPS" for one in text):
        raise Misuse(
            "the justification is blank",
            where="justification",
            todo="say why these records are needed: the matter, the subpoena's number",
        )
    return _require_readable(text, "justification", LONGEST_JUSTIFICATION)


def require_name(text: str | None, requester: str) -> str | None:
    """Whom it is for, None where that is the requester. Raises Misuse."""
    text = (text or "").strip()
    if not text or text.lower() == requester.lower():
        return None
    return _require_readable(text, "on behalf of", LONGEST_NAME)


def require_reason(text: str) -> str:
    """Why a request is refused. Raises Misuse where it is blank, or not for people to read."""
    text = text.strip()
    if not text:
        raise Misuse("the reason is blank", where="reason", todo="say why: the requester reads it")
    return _require_readable(text, "reason", LONGEST_JUSTIFICATION)


def require_matter(text: str) -> str:
    """A matter's name, on one line. Raises Misuse where it is blank, too long or not for people to read."""
    name = " ".join(_require_readable(text, "the matter's name", LONGEST_NAME).split())
    if not any(unicodedata.category(one)[0] in "LN" for one in name):
        raise Misuse("the matter has no name", where="the matter's name", todo="give its number, or what it is called")
    return name


def require_due(due_at: datetime | None, now: datetime) -> datetime:
    """By when it is needed, four hours from now where nobody said. Raises Misuse."""
    if due_at is None:
        return now + USUAL_DUE
    if due_at.tzinfo is None:
        raise Misuse("the due time has no time zone", where="dueAt", todo="give it as 2026-11-24T14:00Z")
    if not now < due_at <= now + LATEST_DUE:
        what = "past" if due_at <= now else f"more than {LATEST_DUE.days} days away"
        raise Misuse(f"the due time is {what}", where="dueAt", todo="give one that is to come, within a year")
    return due_at


def require_some(conversation_ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """The conversations of a request, each once. Raises Misuse where there are none, or too many."""
    ids = tuple(dict.fromkeys(conversation_ids))
    if not ids:
        raise Misuse("no conversation is named", where="conversations", todo="name at least one by its id")
    if len(ids) > MOST_CONVERSATIONS:
        raise Misuse(
            f"{len(ids):,} conversations are named",
            where="conversations",
            todo=f"a request has at most {MOST_CONVERSATIONS:,}: make several",
        )
    return ids


def _require_readable(text: str, where: str, longest: int) -> str:
    if len(text) > longest:
        raise Misuse(f"it has more than {longest:,} characters", where=where, todo="shorten it")
    if any(
        unicodedata.category(one) in {"Cc", "Cs"} and one not in _ALLOWED_CONTROLS for one in text.replace("\r", "")
    ):
        raise Misuse("it holds control characters", where=where, todo="type it as plain text")
    return text.replace("\r\n", "\n").replace("\r", "\n")
