"""Bytes behind a pre-signed link: all of them, only them, and no word about the link."""

import gzip
import logging
import random
import threading
import traceback
import tracemalloc
from pathlib import Path

import pytest
from scripted_genesys import Reply, ScriptedGenesys

from strongroom.errors import StrongroomError
from strongroom.genesys.errors import (
    GenesysRefused,
    GenesysUnavailable,
    GenesysUnreachable,
    LinkExpired,
    MediaDamaged,
    MediaTooLarge,
    NotFound,
)
from strongroom.genesys.media import CHUNK_BYTES, Media, MediaSession, fetch_media

PATH = "/media/x"
SIGNATURE = "hush-signature"
SOUND = random.Random(1).randbytes(3 * CHUNK_BYTES + 17)
WAV = {"Content-Type": "audio/wav"}


@pytest.fixture
def session() -> MediaSession:
    return MediaSession(connect_timeout_s=5, read_timeout_s=5)


def link(genesys: ScriptedGenesys) -> str:
    return f"{genesys.url}{PATH}?expires=1&signature={SIGNATURE}"


def fetch(genesys: ScriptedGenesys, session: MediaSession, expected_length: int | None = None) -> tuple[Media, bytes]:
    received = bytearray()
    media = fetch_media(session, link(genesys), received.extend, expected_length=expected_length)
    return media, bytes(received)


@pytest.mark.parametrize("content_length", [-1, None], ids=["announced", "not announced"])
@pytest.mark.parametrize("expected_length", [None, len(SOUND)])
def test_media_arrives_whole(
    genesys: ScriptedGenesys, session: MediaSession, content_length: int | None, expected_length: int | None
) -> None:
    genesys.on(PATH, Reply(body=SOUND, headers=WAV, content_length=content_length))
    media, received = fetch(genesys, session, expected_length)
    assert received == SOUND
    assert media == Media(len(SOUND), "audio/wav")


def test_chunks_are_small(genesys: ScriptedGenesys, session: MediaSession) -> None:
    genesys.on(PATH, Reply(body=SOUND))
    sizes: list[int] = []
    fetch_media(session, link(genesys), lambda chunk: sizes.append(len(chunk)), expected_length=None)
    assert sum(sizes) == len(SOUND)
    assert max(sizes) <= CHUNK_BYTES


def test_memory_stays_flat(genesys: ScriptedGenesys, session: MediaSession) -> None:
    body = bytes(48 * CHUNK_BYTES)
    genesys.on(PATH, Reply(body=body))
    tracemalloc.start()
    try:
        fetch_media(session, link(genesys), len, expected_length=len(body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * CHUNK_BYTES


def test_no_credentials_are_sent_and_no_encoding_is_asked_for(
    genesys: ScriptedGenesys, session: MediaSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    genesys.on(PATH, Reply(body=b"x"))
    fetch(genesys, session)
    (asked,) = genesys.requests_to(PATH)
    assert "Authorization" not in asked.headers
    assert asked.headers["Accept-Encoding"] == "identity"
    assert asked.params["signature"] == [SIGNATURE]


def test_bytes_are_not_unpacked(genesys: ScriptedGenesys, session: MediaSession) -> None:
    packed = gzip.compress(b"a document that is itself a .gz")
    genesys.on(PATH, Reply(body=packed, headers={"Content-Type": "application/gzip"}))
    assert fetch(genesys, session)[1] == packed
    genesys.on(PATH, Reply(body=packed, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(MediaDamaged, match="compressed"):
        fetch(genesys, session)


# --- not whole


def test_media_that_breaks_off_says_how_far_it_got(genesys: ScriptedGenesys, session: MediaSession) -> None:
    genesys.on(PATH, Reply(body=SOUND[:-1], content_length=len(SOUND)))
    with pytest.raises(MediaDamaged, match=rf"\d+ of {len(SOUND)} bytes"):
        fetch(genesys, session)


@pytest.mark.parametrize("body", [SOUND[:-1], SOUND + b"x", b"", SOUND * 2], ids=["short", "long", "empty", "twice"])
@pytest.mark.parametrize("content_length", [-1, None], ids=["announced", "not announced"])
def test_media_of_another_length_than_expected_is_damaged(
    genesys: ScriptedGenesys, session: MediaSession, body: bytes, content_length: int | None
) -> None:
    genesys.on(PATH, Reply(body=body, content_length=content_length))
    written = bytearray()
    with pytest.raises(MediaDamaged, match=str(len(SOUND))):
        fetch_media(session, link(genesys), written.extend, expected_length=len(SOUND))
    assert len(written) <= len(SOUND)


def test_a_reset_before_the_answer_is_unreachable(genesys: ScriptedGenesys, session: MediaSession) -> None:
    genesys.on(PATH, Reply(reset=True))
    with pytest.raises(GenesysUnreachable):
        fetch(genesys, session)


def test_a_silent_media_store_is_unreachable(genesys: ScriptedGenesys) -> None:
    never = threading.Event()
    genesys.on(PATH, Reply(wait=never))
    try:
        with pytest.raises(GenesysUnreachable, match="no answer in time"):
            fetch(genesys, MediaSession(connect_timeout_s=5, read_timeout_s=0.1))
    finally:
        never.set()


@pytest.mark.parametrize("content_length", [-1, None], ids=["announced", "not announced"])
def test_media_beyond_the_bound_is_refused(genesys: ScriptedGenesys, content_length: int | None) -> None:
    genesys.on(PATH, Reply(body=bytes(1001), content_length=content_length))
    with pytest.raises(MediaTooLarge):
        fetch(genesys, MediaSession(connect_timeout_s=5, read_timeout_s=5, max_bytes=1000))


# --- refused


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (403, LinkExpired),
        (401, LinkExpired),
        (404, NotFound),
        (410, NotFound),
        (400, GenesysRefused),
        (429, GenesysUnavailable),
        (503, GenesysUnavailable),
        (202, MediaDamaged),
        (206, MediaDamaged),
    ],
)
def test_what_is_not_the_media_is_never_written(
    genesys: ScriptedGenesys, session: MediaSession, status: int, raised: type[StrongroomError]
) -> None:
    genesys.on(PATH, Reply(status, b"<Error>AccessDenied</Error>"))
    written = bytearray()
    with pytest.raises(raised):
        fetch_media(session, link(genesys), written.extend, expected_length=None)
    assert written == b""


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "/relative/path", "", "http://", "http://[", "x:y"])
def test_only_http_links_are_followed(session: MediaSession, url: str) -> None:
    with pytest.raises(MediaDamaged, match=r"not an http\(s\) address"):
        fetch_media(session, url, len, expected_length=None)


def test_a_redirect_may_not_leave_http(genesys: ScriptedGenesys, session: MediaSession) -> None:
    genesys.on(PATH, Reply(302, headers={"Location": "file:///etc/passwd"}))
    with pytest.raises(GenesysUnreachable):
        fetch(genesys, session)


def test_a_redirect_is_followed(genesys: ScriptedGenesys, session: MediaSession) -> None:
    genesys.on(PATH, Reply(303, headers={"Location": "/elsewhere"}))
    genesys.on("/elsewhere", Reply(body=b"sound"))
    assert fetch(genesys, session)[1] == b"sound"


def test_what_write_raises_goes_through(genesys: ScriptedGenesys, session: MediaSession) -> None:
    genesys.on(PATH, Reply(body=SOUND))

    def full(chunk: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fetch_media(session, link(genesys), full, expected_length=None)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403),
        Reply(404),
        Reply(500),
        Reply(reset=True),
        Reply(body=b"x", content_length=9),
        Reply(302, headers={"Location": f"file:///{SIGNATURE}"}),
        Reply(302, headers={"Location": f"/media/x?{SIGNATURE}"}),
    ],
    ids=["403", "404", "500", "reset", "short", "bad redirect", "loop"],
)
def test_the_link_is_in_no_error_traceback_or_log(
    genesys: ScriptedGenesys, session: MediaSession, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    genesys.on(PATH, reply)
    with pytest.raises(StrongroomError) as raised:
        fetch(genesys, session)
    assert SIGNATURE not in "".join(traceback.format_exception(raised.value)) + caplog.text
