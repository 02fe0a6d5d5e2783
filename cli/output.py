"""How results are printed: JSON for machines; for people text that fits the terminal, coloured where there is one."""

import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime

from rich.console import Console
from rich.table import Table

from strongroom.times import format_instant

_UNWRAPPED_WIDTH = 1_000


def open_console() -> Console:
    """Standard output for people. Into a file or a pipe each row stays one line; rich itself respects NO_COLOR."""
    folded = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if folded else _UNWRAPPED_WIDTH, markup=False, highlight=False, emoji=False)


def print_json(document: Mapping[str, object], *, one_line: bool = False) -> None:
    """Print a document and nothing else; on one line where more will follow."""
    print(json.dumps(document, indent=None if one_line else 2), flush=one_line)  # noqa: T201


def json_instant(instant: datetime | None) -> str | None:
    """An instant as JSON has it: ISO-8601 in UTC with milliseconds."""
    return None if instant is None else format_instant(instant)


def instant(moment: datetime) -> str:
    """An instant for people, to the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def columns(*headers: str, right: tuple[str, ...] = ()) -> Table:
    """A table without lines, which also reads well in a file; the columns in `right` hold numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", overflow="fold")
    return table


def printable(text: str) -> str:
    """Text from outside without what a terminal would obey instead of showing."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def count(number: int, noun: str) -> str:
    """A number and its noun, in the plural where it must be."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
