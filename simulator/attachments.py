"""Files people attach: small PDFs, pictures and notes that open. Each is its conversation's own.

Awkward ones are named like paths, empty, of one name, or thirty megabytes long.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from simulator.awkwardness import Awkwardness
from simulator.kinds import Kind
from simulator.story import Recording, Story

LARGE_BYTES = 30 * 1024 * 1024
PATH_NAMES = (
    "../../x", "..\\x", "/etc/passwd", "C:\\autoexec.bat", 'say "so"\n.txt', ".", "nul\u0000.txt", "a/b.txt", "é" * 300,
)  # fmt: skip
_TABLE_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Attachment:
    """A file attached to a message or an e-mail; `chunks` makes its bytes."""

    id: str
    name: str
    content_type: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]

    def data(self) -> bytes:
        """The file whole."""
        return b"".join(self.chunks())


def attachments_of(story: Story, recording: Recording) -> list[Attachment]:
    """What is attached to the text that a recording holds; empty for most."""
    draw = story.generator(recording.id, "attachments")
    if recording.media == "message" and story.kind is Kind.MESSAGE_ATTACHMENTS:
        # message attachments are pictures: the vendor's enum has no more
        return [
            _small(story.identifier(recording.id, number), f"photo-{number}.png", "image/png", png(draw.randbytes(3)))
            for number in range(1, draw.randint(1, 2) + 1)
        ]
    if recording.media == "email" and story.part and (awkward := _awkward(story, recording)):
        return awkward
    if recording.media == "email" and story.kind in {Kind.EMAIL_ATTACHMENTS, Kind.EMAIL_DAYS}:
        reference = draw.randrange(10**9)
        files = [
            ("statement.pdf", "application/pdf", pdf(f"Statement {reference}")),
            ("scan.png", "image/png", png(draw.randbytes(3))),
            ("notes.txt", "text/plain", f"Reference {reference}\r\nPlease see the statement – thank you.\r\n".encode()),
        ]
        return [
            _small(story.identifier(recording.id, name), name, content_type, data)
            for name, content_type, data in files[: draw.randint(1, 3)]
        ]
    return []


def _awkward(story: Story, recording: Recording) -> list[Attachment]:
    def note(number: int, name: str, data: bytes | None = None) -> Attachment:
        text = f"Note {number} of {recording.id}\r\n".encode() if data is None else data
        return _small(story.identifier(recording.id, "awkward", number), name, "text/plain", text)

    if story.plays(Awkwardness.ZERO_BYTE_ATTACHMENT):
        return [note(0, "empty.txt", b""), note(1, "notes.txt")]
    if story.plays(Awkwardness.PATH_NAMED_ATTACHMENT):
        return [note(number, name) for number, name in enumerate(PATH_NAMES)]
    if story.plays(Awkwardness.SAME_NAME_ATTACHMENTS):
        return [note(0, "statement.txt"), note(1, "statement.txt")]
    if story.plays(Awkwardness.LARGE_ATTACHMENT):
        attachment_id = story.identifier(recording.id, "large")
        table = partial(_table, recording.id, LARGE_BYTES)
        return [Attachment(attachment_id, "transactions.csv", "text/csv", LARGE_BYTES, table)]
    return []


def _small(attachment_id: str, name: str, content_type: str, data: bytes) -> Attachment:
    return Attachment(attachment_id, name, content_type, len(data), lambda: iter((data,)))


def _table(reference: str, size: int) -> Iterator[bytes]:
    """A table of `size` bytes, the same line over and over."""
    line = f"{reference},0.00\r\n".encode()
    chunk = line * (_TABLE_CHUNK_BYTES // len(line))
    whole, rest = divmod(size, len(chunk))
    for _ in range(whole):
        yield chunk
    yield chunk[:rest]


def png(colour: bytes) -> bytes:
    """A picture of 64 by 64 points in one colour (three bytes: red, green, blue)."""
    side = 64
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + colour * side) * side
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def pdf(line: str) -> bytes:
    """A page with one line of (ASCII) text."""
    drawing = f"BT /F1 18 Tf 72 720 Td ({line}) Tj ET".encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        count, table, count, len(body),
    )  # fmt: skip
