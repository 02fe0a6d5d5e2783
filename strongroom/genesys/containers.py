"""What a file is, judged by its bytes, and whether all of it is there."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from strongroom.genesys.errors import MediaDamaged
from strongroom.genesys.formats import documents, durations, mp3, mp4, ogg, wav, webm, zips
from strongroom.genesys.formats.damage import NotWhole

HEAD_BYTES = 4096
"""How much of a file `identify` wants to see."""


@dataclass(frozen=True)
class Container:
    """A kind of file: its extension, without a dot, and its content type."""

    extension: str
    content_type: str


UNKNOWN = Container("bin", "application/octet-stream")
_WAV = Container("wav", "audio/wav")
_MP3 = Container("mp3", "audio/mpeg")
_WEBM_AUDIO = Container("webm", "audio/webm")
_WEBM_VIDEO = Container("webm", "video/webm")
_MP4_AUDIO = Container("mp4", "audio/mp4")
_MP4_VIDEO = Container("mp4", "video/mp4")
_JSON = Container("json", "application/json")
_EML = Container("eml", "message/rfc822")
_MAGIC = (
    (b"OggS", Container("ogg", "audio/ogg")),
    (b"ID3", _MP3),
    (b"PK\x03\x04", Container("zip", "application/zip")),
    (b"PK\x05\x06", Container("zip", "application/zip")),
    (b"%PDF-", Container("pdf", "application/pdf")),
    (b"\x89PNG\r\n\x1a\n", Container("png", "image/png")),
)
_WEBM_VIDEO_CODEC = re.compile(rb"V_(VP8|VP9|AV1|MPEG)")
_JSON_START = re.compile(rb"""\s*(\{\s*["}]|\[\s*[]["{tfn0-9-])""")
_HEADER_LINE = re.compile(rb"[!-9;-~]+:[ \t\r\n]")
_MAIL_HEADER = re.compile(rb"^(from|date|received|mime-version|message-id|return-path):", re.IGNORECASE | re.MULTILINE)
# RFC 6838, section 4.2: the names a media type may have
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})

_CHECKS: dict[str, Callable[[BinaryIO, int], None]] = {
    "wav": wav.check,
    "ogg": ogg.check,
    "mp3": mp3.check,
    "webm": webm.check,
    "mp4": mp4.check,
    "zip": zips.check,
    "json": documents.check_json,
    "eml": documents.check_eml,
}


def identify(head: bytes, declared: str | None) -> Container:
    """The kind of file that begins with `head` (its first 4,096 bytes, or all); `bin` when it is none we know.

    The bytes decide. `declared`, the content type its sender gave it, is heard only about JSON and mail, which have
    no signature (a text file may begin with a bracket or with a word and a colon), and where the bytes say nothing.
    """
    return _by_signature(head) or _by_text(head, declared) or _unknown(declared)


def check_whole(path: Path, container: Container) -> None:
    """Prove from a file's own structure that it is neither short nor overlong; memory stays flat on 4 GiB.

    WAV, Ogg, MP3, WebM, MP4, ZIP, JSON and mail are checked; other kinds pass, their length is all there is to check.
    No structure shows a cut exactly between two frames of an MP3, two elements of a WebM that was recorded live, or
    in the text of a mail without parts. Raises MediaDamaged.

    It is for what Genesys itself made: an attachment is archived as its sender sent it, broken or not.
    """
    check = _CHECKS.get(container.extension)
    if check is None:
        return
    try:
        with path.open("rb") as file:
            check(file, path.stat().st_size)
    except NotWhole as damage:
        raise MediaDamaged(
            f"the {container.extension} file is not whole: {damage}",
            where=path.name,
            todo="ask for the recording again; if it stays so, listen to it in Genesys",
        ) from None


def duration_s(path: Path, container: Container) -> float | None:
    """How many seconds of sound a file holds, by its structure; None for a kind of which that can't be told."""
    measure = {"ogg": durations.ogg_s, "wav": durations.wav_s}.get(container.extension)
    return None if measure is None else measure(path)


def _by_signature(head: bytes) -> Container | None:
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return _WAV
    if head.startswith(b"\x1aE\xdf\xa3"):
        return _WEBM_VIDEO if _WEBM_VIDEO_CODEC.search(head) else _WEBM_AUDIO
    if head[4:8] == b"ftyp":
        return _MP4_AUDIO if head[8:12] in {b"M4A ", b"M4B "} else _MP4_VIDEO
    return _MP3 if mp3.begins(head) else None


def _unknown(declared: str | None) -> Container:
    said = (declared or "").partition(";")[0].strip().lower()
    return Container(UNKNOWN.extension, said) if _MEDIA_TYPE.fullmatch(said) else UNKNOWN


def _by_text(head: bytes, declared: str | None) -> Container | None:
    said = (declared or "").partition(";")[0].strip().lower()
    if said in _SAYS_NOTHING | {_JSON.content_type} and _JSON_START.match(head):
        return _JSON
    if said in _SAYS_NOTHING | {_EML.content_type} and _begins_mail(head):
        return _EML
    return None


def _begins_mail(head: bytes) -> bool:
    """Whether there are header lines of RFC 5322, section 2.2, up to an empty line or the end of `head`."""
    fields = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    lines = fields.splitlines()
    # The last line may be cut off by the end of `head`.
    whole = lines if len(fields) < len(head) else lines[:-1]
    return bool(_MAIL_HEADER.search(fields)) and all(
        line[:1] in {b" ", b"\t"} or _HEADER_LINE.match(line + b"\n") for line in whole
    )
