"""The recordings of a conversation: audio, screen, and the transcripts that chats, messages and e-mails are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from strongroom.genesys.client import GenesysApi
from strongroom.genesys.errors import GenesysAnswerInvalid, NotReady
from strongroom.genesys.fields import is_uuid, objects, text_or_none, word_or_none
from strongroom.times import format_instant

_CONTENT = frozenset({"mediaUris", "transcript", "emailTranscript", "messagingTranscript"})
NOT_READY_STATES = frozenset({"UPLOADING", "RESTORING", "TRANSCODING"})
"""The vendor's fileStates, and our word for a 202."""


@dataclass(frozen=True)
class Attachment:
    """A file sent along in an e-mail or a message; lengths in bytes. `url` is a bearer secret: never log it.

    An attachment that names no id gets its place in the transcript, `{message}.{attachment}` from 0, which stays the
    same when the thread grows. `url`, `name`, `content_type` and `content_length` are None where Genesys gives none.
    """

    attachment_id: str
    name: str | None
    url: str | None
    content_type: str | None
    content_length: int | None


@dataclass(frozen=True)
class Recording:
    """One recording. `raw` is the record whole; `body` the answer's bytes as received, when it was asked for singly.

    `remaining_restorations` is how many restores from Genesys's own archive the organisation has left.
    `media` is audio, chat, email, message, screen or what the vendor adds; `file_state` likewise. `media_uris` are
    (name, link) in an order that is the same at every request, so that part n stays part n. The links are
    bearer secrets: never log them.
    """

    raw: dict[str, Any]
    body: bytes | None
    recording_id: str
    session_id: str | None
    media: str | None
    media_subtype: str | None
    file_state: str | None
    error_status: str | None
    remaining_restorations: int | None
    media_uris: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]

    @property
    def listing(self) -> dict[str, Any]:
        """What is known of it, without links and without what people said: as `recordingmetadata` lists it."""
        return {name: value for name, value in self.raw.items() if name not in _CONTENT}


def recording_metadata(client: GenesysApi, conversation_id: str) -> list[Recording]:
    """All recordings of a conversation, without media links.

    One still in processing may be missing: compare with the sessions that say `recording: true`. Raises
    GenesysAnswerInvalid when the answer is no list of recordings with UUIDs, and what the client raises.
    """
    path = f"/api/v2/conversations/{quote(conversation_id, safe='')}/recordingmetadata"
    answer = client.get(path)
    if not isinstance(answer.json, list):
        raise _invalid("the answer is not a list of recordings", path)
    return [_parse(record, None, path) for record in answer.json]


def recording_with_media(client: GenesysApi, conversation_id: str, recording_id: str, audio_format: str) -> Recording:
    """One recording with pre-signed links to its media, which expire within the hour.

    `audio_format` is a formatId: WAV, WEBM, WAV_ULAW, OGG_VORBIS, OGG_OPUS, MP3, or NONE for the original codec.
    Raises NotReady while it is transcoded (202), UPLOADING or RESTORING; GenesysAnswerInvalid; and what the client
    raises. ARCHIVED, DELETED and ERROR are returned as they are, without links.
    """
    path = f"/api/v2/conversations/{quote(conversation_id, safe='')}/recordings/{quote(recording_id, safe='')}"
    answer = client.get(
        path,
        {
            "download": "true",
            "formatId": audio_format,
            "emailFormatId": "EML",
            "chatFormatId": "ZIP",
            "messageFormatId": "ZIP",
        },
    )
    record = answer.json if isinstance(answer.json, dict) else {}
    state = "TRANSCODING" if answer.status == 202 else word_or_none(record.get("fileState"))
    if state in NOT_READY_STATES:
        raise NotReady(
            f"the recording is {state}",
            where=f"GET {path}",
            todo="ask again later",
            estimate_s=_seconds(record.get("estimatedTranscodeTimeMs")),
            restoring=state == "RESTORING",
        )
    recording = _parse(answer.json, answer.body, path)
    if recording.recording_id.lower() != recording_id.lower():
        raise _invalid("the answer is another recording than was asked for", path)
    return recording


def request_restore(client: GenesysApi, conversation_id: str, recording: Recording, until: datetime) -> None:
    """Ask Genesys to bring a recording back from its own archive until an instant; RESTORING, then RESTORED follow.

    A new archive date of an archived recording restores it (SDK, `put_conversation_recording`); it counts against the
    organisation's restorations and needs the permission to restore. Raises what the client raises.
    """
    path = (
        f"/api/v2/conversations/{quote(conversation_id, safe='')}/recordings/{quote(recording.recording_id, safe='')}"
    )
    client.put(path, recording.raw | {"archiveDate": format_instant(until)})


def _parse(record: object, body: bytes | None, path: str) -> Recording:
    if not isinstance(record, dict) or not is_uuid(record.get("id")):
        raise _invalid("a recording has no UUID for an id", path)
    return Recording(
        raw=record,
        body=body,
        recording_id=record["id"],
        session_id=word_or_none(record.get("sessionId")),
        media=word_or_none(record.get("media")),
        media_subtype=word_or_none(record.get("mediaSubtype")),
        file_state=word_or_none(record.get("fileState")),
        error_status=word_or_none(record.get("recordingErrorStatus")),
        remaining_restorations=_count_or_none(record.get("remainingRestorationsAllowedForOrg")),
        media_uris=_media_uris(record.get("mediaUris"), path),
        attachments=tuple(_attachments(record)),
    )


def _media_uris(uris: object, path: str) -> tuple[tuple[str, str], ...]:
    if uris is None:
        return ()
    if not isinstance(uris, dict):
        raise _invalid("mediaUris is not an object", path)
    links: list[tuple[str, str]] = []
    # By length first, so that the vendor's numbers come as numbers do: 2 before 10.
    for name in sorted(uris, key=lambda name: (len(name), name)):
        link = uris[name].get("mediaUri") if isinstance(uris[name], dict) else None
        if not isinstance(link, str) or not link:
            raise _invalid("a member of mediaUris holds no link: a part of the recording would be lost", path)
        links.append((name, link))
    return tuple(links)


def _attachments(record: dict[str, Any]) -> Iterator[Attachment]:
    """The attachments of all messages; one that is quoted again further down the thread comes once."""
    seen: set[tuple[str, str | None, int | None]] = set()
    for attachment in _listed(record):
        identity = (attachment.attachment_id, attachment.name, attachment.content_length)
        if identity not in seen:
            seen.add(identity)
            yield attachment


def _listed(record: dict[str, Any]) -> Iterator[Attachment]:
    for m, message in enumerate(objects(record.get("emailTranscript"))):
        for n, item in enumerate(objects(message.get("attachments"))):
            yield _attachment(item, "attachmentId", "contentPath", "contentType", place=f"{m}.{n}")
    for m, message in enumerate(objects(record.get("messagingTranscript"))):
        for n, item in enumerate(objects(message.get("messageMediaAttachments"))):
            yield _attachment(item, "id", "url", "mediaType", place=f"{m}.{n}")


def _attachment(item: dict[str, Any], id_member: str, link: str, content_type: str, *, place: str) -> Attachment:
    length = item.get("contentLength")
    return Attachment(
        attachment_id=text_or_none(item.get(id_member)) or place,
        name=text_or_none(item.get("name")),
        url=text_or_none(item.get(link)),
        content_type=text_or_none(item.get(content_type)),
        content_length=length if isinstance(length, int) and not isinstance(length, bool) and length >= 0 else None,
    )


def _count_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(milliseconds: object) -> float | None:
    if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool) or milliseconds < 0:
        return None
    return milliseconds / 1000


def _invalid(what: str, path: str) -> GenesysAnswerInvalid:
    return GenesysAnswerInvalid(
        what, where=f"GET {path}", todo="look the recording up in Genesys; it can't be archived from this answer"
    )
