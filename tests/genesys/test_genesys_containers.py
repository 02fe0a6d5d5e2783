"""What a file is, and whether it is whole: nothing cut, nothing appended, nothing changed that shows."""

import io
import os
import random
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import sample_files as sample
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.genesys.containers import HEAD_BYTES, Container, check_whole, identify
from strongroom.genesys.errors import MediaDamaged
from strongroom.genesys.formats import documents, ogg, webm, zips
from strongroom.genesys.formats.damage import NotWhole

WHOLE = {
    "wav": sample.wav(),
    "wav with more chunks": sample.riff((b"fmt ", bytes(16)), (b"LIST", b"odd"), (b"data", bytes(50))),
    "wav above 4 GiB": sample.rf64(bytes(100)),
    "ogg opus": sample.ogg(),
    "ogg of two streams": sample.ogg(serial=7) + sample.ogg(serial=8),
    "mp3": sample.mp3(),
    "mp3 with tags": sample.mp3(tagged=True),
    "mp3 of mpeg 2": sample.mp3_mpeg_2(),
    "webm": sample.webm(),
    "webm recorded live": sample.webm(live=True),
    "mp4": sample.mp4(),
    "zip": sample.zipped(),
    "zip stored": sample.zipped(zipfile.ZIP_STORED),
    "zip with comment": sample.zipped(comment=b"exported"),
    "json": sample.transcript(),
    "mail": sample.mail(),
    "mail with crlf": sample.mail(attachments=2).replace(b"\n", b"\r\n"),
}


def container_of(content: bytes) -> Container:
    return identify(content[:HEAD_BYTES], None)


def check(tmp_path: Path, content: bytes, container: Container | None = None) -> None:
    path = tmp_path / "spooled"
    path.write_bytes(content)
    check_whole(path, container or container_of(content))


def is_whole(tmp_path: Path, content: bytes, container: Container) -> bool:
    try:
        check(tmp_path, content, container)
    except MediaDamaged:
        return False
    return True


# --- what it is


@pytest.mark.parametrize(
    ("head", "extension", "content_type"),
    [
        (sample.wav(), "wav", "audio/wav"),
        (sample.rf64(b""), "wav", "audio/wav"),
        (sample.ogg(), "ogg", "audio/ogg"),
        (sample.ogg(head=b"\x01vorbis"), "ogg", "audio/ogg"),
        (sample.webm(), "webm", "audio/webm"),
        (sample.webm(codec=b"V_VP9"), "webm", "video/webm"),
        (sample.mp3(), "mp3", "audio/mpeg"),
        (sample.mp3(1), "mp3", "audio/mpeg"),
        (sample.mp3(tagged=True), "mp3", "audio/mpeg"),
        (sample.mp4(), "mp4", "video/mp4"),
        (sample.mp4(b"M4A "), "mp4", "audio/mp4"),
        (sample.zipped(), "zip", "application/zip"),
        (b"PK\x05\x06" + bytes(18), "zip", "application/zip"),
        (b"%PDF-1.7\n", "pdf", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
        (sample.transcript(), "json", "application/json"),
        (b" \n[ {}]", "json", "application/json"),
        (sample.mail(), "eml", "message/rfc822"),
        (b"Received: by x\r\n\tfor y\r\nDate: today\r\n\r\nhello", "eml", "message/rfc822"),
        (b"", "bin", "application/octet-stream"),
        (b"RIFF\x00\x00\x00\x00AVI ", "bin", "application/octet-stream"),
        (b"\xff\xfeU\x00T\x00F\x00-\x001\x006\x00", "bin", "application/octet-stream"),
        (b"\xff\xf1\x50\x80" + bytes(50), "bin", "application/octet-stream"),
        (b"{\\rtf1 a letter}", "bin", "application/octet-stream"),
        (b"Note: this is no mail\n\n", "bin", "application/octet-stream"),
        (b"From: a\nand then a story\n\n", "bin", "application/octet-stream"),
        (b"<html>", "bin", "application/octet-stream"),
    ],
)
def test_the_bytes_tell_what_a_file_is(head: bytes, extension: str, content_type: str) -> None:
    assert identify(head[:HEAD_BYTES], None) == Container(extension, content_type)


@pytest.mark.parametrize("declared", ["audio/mpeg", "text/html; charset=utf-8", "nonsense", ""])
def test_what_is_declared_does_not_overrule_a_signature(declared: str) -> None:
    assert identify(sample.wav(), declared).extension == "wav"


@pytest.mark.parametrize(
    ("head", "declared", "extension"),
    [
        (b"[1] A footnote", "text/plain", "bin"),
        (b"[1]", "application/json; charset=utf-8", "json"),
        (b"[1]", "application/octet-stream", "json"),
        (b"From: the desk of\n\n", "text/plain", "bin"),
        (b"From: the desk of\n\n", "Message/RFC822", "eml"),
    ],
)
def test_text_is_what_its_sender_says(head: bytes, declared: str, extension: str) -> None:
    assert identify(head, declared).extension == extension


@given(st.binary(max_size=200), st.none() | st.text(max_size=20))
def test_any_bytes_are_something(head: bytes, declared: str | None) -> None:
    assert identify(head, declared).extension.isalnum()


# --- whether it is whole


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_file_passes(tmp_path: Path, content: bytes) -> None:
    assert container_of(content).extension != "bin"
    check(tmp_path, content)


def tails_that_do_not_show(content: bytes) -> set[bytes]:
    """What a cut between two frames, or two elements of a live recording, takes away."""
    if content == WHOLE["mp3"]:
        return {content[end:] for end in (417, 835, 1252, 1670)}
    if content == WHOLE["mp3 with tags"]:
        return {content[140 + end :] for end in (417, 835, 1252, 1670, 2087)}
    if content == WHOLE["mp3 of mpeg 2"]:
        return {content[end:] for end in range(144, 720, 144)}
    if content == WHOLE["webm recorded live"]:
        cluster = content.find(bytes.fromhex("1F43B675"))
        starts = [content.find(ident, cluster) for ident in (b"\xe7", b"\xa3", b"\x1f\x43\xb6\x75\x01", b"\xec")]
        second = content.find(bytes.fromhex("1F43B675"), cluster + 1)
        starts += [second, content.find(b"\xe7", second), content.find(b"\xa3", second)]
        return {content[start:] for start in starts if start > cluster}
    return set()


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
def test_a_file_cut_anywhere_is_damaged(tmp_path: Path, content: bytes) -> None:
    container = container_of(content)
    # A cut of nothing but the line end after a mail's last boundary leaves the mail whole.
    longest = len(content) - (3 if container.extension == "eml" else 1)
    for length in {*range(0, longest, max(1, len(content) // 150)), longest}:
        shows = content[length:] not in tails_that_do_not_show(content)
        assert is_whole(tmp_path, content[:length], container) != shows, f"cut to {length} of {len(content)}"


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
@pytest.mark.parametrize("size", [1, 2, 17, 128, 5000])
def test_a_file_with_bytes_appended_is_damaged(tmp_path: Path, content: bytes, size: int) -> None:
    container = container_of(content)
    assert not is_whole(tmp_path, content + random.Random(size).randbytes(size), container)
    assert not is_whole(tmp_path, content + b"\xaa" * size, container)


@pytest.mark.parametrize("name", ["wav", "ogg opus", "webm", "mp4", "zip", "json", "mail"])
def test_a_file_sent_twice_over_is_damaged(tmp_path: Path, name: str) -> None:
    content = WHOLE[name]
    if name != "mp4":  # Boxes may follow boxes: only its length tells that an MP4 came twice.
        assert not is_whole(tmp_path, content * 2, container_of(content))


@pytest.mark.parametrize("name", ["ogg opus", "zip", "zip stored"])
def test_what_carries_checksums_shows_every_changed_byte_of_its_content(tmp_path: Path, name: str) -> None:
    content = WHOLE[name]
    at = content.find(b"sound") if name == "ogg opus" else 60
    damaged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    assert not is_whole(tmp_path, damaged, container_of(content))


@given(st.sampled_from(sorted(WHOLE)), st.data())
@settings(max_examples=150, deadline=None)
def test_of_a_mangled_file_only_damage_escapes(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    content = bytearray(WHOLE[name])
    container = container_of(bytes(content))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    is_whole(tmp_path_factory.getbasetemp(), bytes(content), container)


@given(st.sampled_from(["wav", "ogg", "mp3", "webm", "mp4", "zip", "json", "eml"]), st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_of_any_bytes_only_damage_escapes(
    tmp_path_factory: pytest.TempPathFactory, extension: str, content: bytes
) -> None:
    is_whole(tmp_path_factory.getbasetemp(), content, Container(extension, "x/y"))


def test_an_error_says_what_and_where(tmp_path: Path) -> None:
    with pytest.raises(MediaDamaged, match=r"the RIFF header counts 244 bytes and the file has 200 \[spooled\]"):
        check(tmp_path, sample.wav()[:200])


def test_a_kind_without_an_end_passes(tmp_path: Path) -> None:
    check(tmp_path, b"%PDF-1.7 cut", Container("pdf", "application/pdf"))


# --- one format's own


@pytest.mark.parametrize("padded", [True, False])
def test_a_wav_of_odd_length_may_leave_out_its_pad_byte(tmp_path: Path, padded: bool) -> None:
    check(tmp_path, sample.riff((b"fmt ", bytes(16)), (b"data", bytes(51)), pad_last=padded))


def test_a_wav_needs_sound(tmp_path: Path) -> None:
    with pytest.raises(MediaDamaged, match="no data chunk"):
        check(tmp_path, sample.riff((b"fmt ", bytes(16))))


@given(st.binary(min_size=1, max_size=300))
def test_the_ogg_checksum_is_the_one_of_the_rfc(page: bytes) -> None:
    assert ogg.page_checksum(page) == sample.ogg_checksum(page)


def test_an_ogg_page_lost_in_the_middle_is_damage(tmp_path: Path) -> None:
    pages = [sample.ogg_page(b"x" * 40, number=n, flags={0: 2, 3: 4}.get(n, 0)) for n in range(4)]
    check(tmp_path, b"".join(pages))
    with pytest.raises(MediaDamaged, match="page is missing"):
        check(tmp_path, pages[0] + pages[1] + pages[3])
    with pytest.raises(MediaDamaged, match="before its stream begins"):
        check(tmp_path, pages[1] + pages[2] + pages[3], container_of(pages[0]))


def test_webm_elements_of_odd_places_are_damage() -> None:
    no_cluster = sample.element("1A45DFA3", b"") + sample.element("18538067", sample.element("EC", b""))
    with pytest.raises(NotWhole, match="no Cluster"):
        webm.check(io.BytesIO(no_cluster), len(no_cluster))


def test_a_webm_header_of_an_impossible_length_is_damage(tmp_path: Path) -> None:
    with pytest.raises(MediaDamaged, match="not all of it"):
        check(tmp_path, b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xfe" + bytes(50))


def test_an_encrypted_zip_is_judged_by_its_directory(tmp_path: Path) -> None:
    content = bytearray(sample.zipped(zipfile.ZIP_STORED))
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 1)
    check(tmp_path, bytes(content))


def test_a_zip_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(MediaDamaged, match="unpack to more than 1000 bytes"):
        check(tmp_path, sample.zipped())


def test_a_mail_without_parts_passes(tmp_path: Path) -> None:
    check(tmp_path, sample.mail(attachments=0))


def test_a_mail_needs_headers(tmp_path: Path) -> None:
    with pytest.raises(MediaDamaged, match="no headers"):
        check(tmp_path, b"\r\nhello", Container("eml", "message/rfc822"))


def test_an_inner_part_left_open_is_damage(tmp_path: Path) -> None:
    content = sample.mail()
    boundaries = [line for line in content.split(b"\n") if line.startswith(b"--=") and line.endswith(b"--")]
    assert len(boundaries) == 2
    with pytest.raises(MediaDamaged, match="not closed"):
        check(tmp_path, content.replace(boundaries[0] + b"\n", b"", 1))


def test_a_transcript_too_large_to_parse_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_JSON_BYTES", 10)
    with pytest.raises(MediaDamaged, match="more than a transcript has"):
        check(tmp_path, sample.transcript())


@pytest.mark.parametrize("extension", ["wav", "ogg", "mp3", "webm", "mp4", "zip", "json", "eml"])
def test_memory_stays_flat_whatever_the_size(tmp_path: Path, extension: str) -> None:
    """A sparse file of 4 GiB behind a whole one: each check must give up, or get through, without reading it in."""
    starts = {container_of(content).extension: content for content in WHOLE.values()}
    path = tmp_path / "large"
    path.write_bytes(starts[extension])
    os.truncate(path, 4 * 1024**3)
    tracemalloc.start()
    try:
        with pytest.raises(MediaDamaged):
            check_whole(path, container_of(starts[extension]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024**2


def test_a_large_wav_is_checked_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    size = 3 * 1024**3
    head = b"RIFF" + (size - 8).to_bytes(4, "little") + b"WAVE" + sample.wav()[12:36]
    path.write_bytes(head + b"data" + (size - 44).to_bytes(4, "little"))
    os.truncate(path, size)
    check_whole(path, Container("wav", "audio/wav"))
