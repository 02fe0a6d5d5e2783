"""Files people attach: small PDFs, pictures and notes that open. Each is its conversation's own."""

import struct
import zlib
from dataclasses import dataclass

from simulator.population import Kind
from simulator.story import Recording, Story


@dataclass(frozen=True)
class Attachment:
    """A file attached to a message or an e-mail, whole: it is small."""

    id: str
    name: str
    content_type: str
    data: bytes


def attachments_of(story: Story, recording: Recording) -> list[Attachment]:
    """What is attached to the text that a recording holds; empty for most."""
    draw = story.generator(recording.id, "attachments")
    if story.kind is Kind.MESSAGE_ATTACHMENTS:  # message attachments are pictures: the vendor's enum has no more
        return [
            Attachment(
                story.identifier(recording.id, number), f"photo-{number}.png", "image/png", png(draw.randbytes(3))
            )
            for number in range(1, draw.randint(1, 2) + 1)
        ]
    if story.kind in {Kind.EMAIL_ATTACHMENTS, Kind.EMAIL_DAYS}:
        reference = draw.randrange(10**9)
        files = [
            ("statement.pdf", "application/pdf", pdf(f"Statement {reference}")),
            ("scan.png", "image/png", png(draw.randbytes(3))),
            ("notes.txt", "text/plain", f"Reference {reference}\r\nPlease see the statement – thank you.\r\n".encode()),
        ]
        return [
            Attachment(story.identifier(recording.id, name), name, content_type, data)
            for name, content_type, data in files[: draw.randint(1, 3)]
        ]
    return []


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
