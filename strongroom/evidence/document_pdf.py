"""A document for people as a PDF. Apart from `document`: workers need that one's text, and not what prints."""

from collections.abc import Sequence
from datetime import datetime

from strongroom.evidence.document import Block, Grid, Heading, Items, Paragraph
from strongroom.evidence.facts import Fact
from strongroom.evidence.pdf import Paper


def as_pdf(title: str, subject: str, facts: Sequence[Fact], blocks: Sequence[Block], made_at: datetime) -> bytes:
    """The document as a PDF; `facts` stand below its title."""
    paper = Paper(title, subject, made_at, trial=False)
    paper.facts(facts)
    for block in blocks:
        _print(paper, block)
    return paper.content()


def _print(paper: Paper, block: Block) -> None:
    if isinstance(block, Heading):
        paper.heading(block.text, small=block.level > 2)
    elif isinstance(block, Paragraph):
        paper.paragraph(block.text)
    elif isinstance(block, Items):
        paper.items(block.items, numbered=block.numbered)
    elif isinstance(block, Grid):
        paper.table(block.headers, block.rows, block.widths)
    else:
        paper.signatures(block.signers)
