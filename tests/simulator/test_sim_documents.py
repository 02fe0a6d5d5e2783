"""ZIPs, EMLs and attachments open, hold what the transcript says, and are reproducible."""

import email
import email.policy
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date

import pytest

from simulator.attachments import attachments_of, pdf, png
from simulator.content import document
from simulator.directory import Directory
from simulator.kinds import Kind
from simulator.population import Place, Population
from simulator.story import Story
from simulator.telling import tell
from simulator.transcripts import emails, lines
from simulator.world import World

DAY = date(2025, 5, 14)


def stories(*kinds: Kind) -> Iterator[Story]:
    world = World(Population(1, (DAY,), 100))
    told = (tell(world, Directory(1), Place(DAY, number)) for number in range(100))
    return (story for story in told if story.kind in kinds)


@pytest.mark.parametrize("kind", [Kind.CHAT, Kind.MESSAGE, Kind.MESSAGE_ATTACHMENTS])
def test_a_zip_holds_transcript_and_attachments(kind: Kind) -> None:
    for story in stories(kind):
        (recording,) = story.recordings
        data = b"".join(document(story, recording, "").chunks())
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert len(json.loads(archive.read("transcript.json"))) == len(lines(story, recording))
            for held in attachments_of(story, recording):
                assert archive.read(f"attachments/{held.id}/{held.name}") == held.data()


@pytest.mark.parametrize("kind", [Kind.EMAIL, Kind.EMAIL_ATTACHMENTS, Kind.EMAIL_DAYS])
def test_an_eml_holds_each_email_of_the_thread(kind: Kind) -> None:
    for story in stories(kind):
        (recording,) = story.recordings
        data = b"".join(document(story, recording, "").chunks())
        whole = email.message_from_bytes(data, policy=email.policy.default)
        parts = list(whole.walk())
        assert not [part for part in parts if part.defects]
        assert whole["MIME-Version"] == "1.0"
        assert whole["Subject"] == story.subject
        thread = emails(story, recording, lambda held: held.id)
        plain = [part.get_content().strip() for part in parts if part.get_content_type() == "text/plain"
                 and not part.is_attachment()]  # fmt: skip
        assert plain == [sent["textBody"] for sent in thread]
        attached = {part.get_filename(): part.get_payload(decode=True) for part in parts if part.is_attachment()}
        assert attached == {held.name: held.data() for held in attachments_of(story, recording)}


def test_documents_are_reproducible_until_a_nonce_says_otherwise() -> None:
    for story in stories(Kind.CHAT, Kind.MESSAGE_ATTACHMENTS, Kind.EMAIL_ATTACHMENTS, Kind.EMAIL_DAYS):
        recording = story.recordings[0]
        first, second, other = (b"".join(document(story, recording, nonce).chunks()) for nonce in ("", "", "n"))
        assert first == second
        assert first != other


def test_kinds_with_attachments_have_some_and_others_none() -> None:
    for story in stories(*Kind):
        for recording in story.recordings:
            expected = story.kind in {Kind.MESSAGE_ATTACHMENTS, Kind.EMAIL_ATTACHMENTS, Kind.EMAIL_DAYS}
            assert bool(attachments_of(story, recording)) == expected


def test_a_pdf_finds_its_objects_where_its_table_says() -> None:
    data = pdf("Statement 7")
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n$", data)[0])
    assert data[start:].startswith(b"xref\n0 6\n")
    offsets = [int(offset) for offset in re.findall(rb"(\d{10}) 00000 n ", data)]
    assert [data[at : at + 7] for at in offsets] == [b"%d 0 obj" % number for number in range(1, 6)]


def test_a_png_has_whole_chunks_and_the_colour() -> None:
    data = png(b"\x01\x02\x03")
    position, names, pixels = 8, [], b""
    while position < len(data):
        size, name = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + size]
        assert struct.unpack_from(">I", data, position + 8 + size) == (zlib.crc32(name + body),)
        names.append(name)
        pixels += body if name == b"IDAT" else b""
        position += 12 + size
    assert names == [b"IHDR", b"IDAT", b"IEND"]
    assert zlib.decompress(pixels) == (b"\0" + b"\x01\x02\x03" * 64) * 64
