"""Rows of the ledger that a person looks at: as JSON, as a table where there is room, else a block of lines each."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cli.output import columns, count, instant, json_instant, printable
from strongroom.ledger.review import ReviewRow

_TABLE_WIDTH = 150
"""Narrower, a table would break ids apart, and an id that is broken can't be copied."""


def as_document(row: ReviewRow) -> dict[str, object]:
    """One row for machines; docs/commands.md has the keys."""
    return {
        "day": row.day.isoformat(),
        "conversation_id": str(row.conversation_id),
        "revision": row.revision,
        "recording_id": row.recording_id,
        "media": row.media,
        "reason": row.reason,
        "since": json_instant(row.since),
        "attempts": row.attempts,
    }


def print_rows(console: Console, rows: Sequence[ReviewRow]) -> None:
    """Print rows so that every id can be copied whole."""
    if console.width >= _TABLE_WIDTH:
        _print_table(console, rows)
    else:
        _print_blocks(console, rows)


def _print_table(console: Console, rows: Sequence[ReviewRow]) -> None:
    table = columns("since", "day", "conversation", "recording", "media", "attempts", "reason", right=("attempts",))
    for column in table.columns[:-1]:
        column.no_wrap = True
    for row in rows:
        table.add_row(
            instant(row.since),
            str(row.day),
            _conversation(row),
            printable(row.recording_id or "–"),
            printable(row.media or "–"),
            str(row.attempts),
            printable(row.reason),
        )
    console.print(table)


def _print_blocks(console: Console, rows: Sequence[ReviewRow]) -> None:
    for row in rows:
        console.print(Text.assemble((str(row.day), "bold"), f" conversation {_conversation(row)}"))
        if row.recording_id is not None:
            console.print(f"  recording {printable(row.recording_id)}")
        details = [printable(row.media)] if row.media else []
        details += [count(row.attempts, "attempt"), f"since {instant(row.since)}"]
        console.print(f"  {', '.join(details)}")
        console.print(Padding(printable(row.reason), (0, 0, 1, 2)))


def _conversation(row: ReviewRow) -> str:
    return f"{row.conversation_id}{f' revision {row.revision}' if row.revision > 1 else ''}"
