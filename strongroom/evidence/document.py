"""A document for people, as a row of blocks, and as Markdown; `document_pdf` prints the same blocks."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A section begins; `level` 2 is a section of the document, 3 a part of one."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True)
class Items:
    """Points, one below the other; `numbered` where their order counts."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Grid:
    """A table. `widths` are the columns' shares of the paper's width."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Signatures:
    """A line to sign for each of these."""

    signers: tuple[str, ...]


Block = Heading | Paragraph | Items | Grid | Signatures


def as_markdown(title: str, blocks: Sequence[Block]) -> str:
    """The document in Markdown; the same blocks give the same text, to the byte."""
    return "\n\n".join([f"# {_plain(title)}", *(_markdown(block) for block in blocks)]) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_plain(block.text)}"
    if isinstance(block, Paragraph):
        return _plain(block.text)
    if isinstance(block, Items):
        marks = [f"{number}." if block.numbered else "-" for number in range(1, len(block.items) + 1)]
        return "\n".join(f"{mark} {_plain(item)}" for mark, item in zip(marks, block.items, strict=True))
    if isinstance(block, Grid):
        return "\n".join(map(_row, [block.headers, ("---",) * len(block.headers), *block.rows]))
    return "\n".join(map(_row, [("for", "name", "signature", "date"), ("---",) * 4, *_to_sign(block)]))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _plain(text: str) -> str:
    """On one line: a line break in a policy's text must not begin a heading, nor end a table's row."""
    return " ".join(text.split())


def _to_sign(block: Signatures) -> list[tuple[str, ...]]:
    return [(signer, "", "", "") for signer in block.signers]
