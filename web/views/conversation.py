"""A conversation as its page shows it: what it is called, and each of its recordings with its files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from strongroom.ledger.dossier import ArchivedObject
from strongroom.legal.conversations import Record, StoredObject
from strongroom.legal.requests import RequestedFile
from strongroom.legal.search import FoundConversation
from web.views.names import Named, medium
from web.views.timeline import instant_of, members
from web.views.titles import title_of
from web.views.wording import plain, utc_minute

_STATES = {
    "stored": ("In the vault", "good"),
    "waiting": ("Not ready at Genesys yet", "accent"),
    "expected": ("Not fetched yet", "accent"),
    "absent": ("Never there", "warn"),
    "review": ("In review", "warn"),
}
_TEXT = frozenset({"chat", "message", "email"})
_ATTACHMENT = "/attachments/"


@dataclass(frozen=True)
class File:
    """An object of the record. `requested` is the same file under the principal's open request, None without one."""

    stored: StoredObject
    name: str
    requested: RequestedFile | None

    @property
    def is_verified(self) -> bool:
        """Whether it may be looked at now."""
        return self.requested is not None and self.requested.state == "verified"

    @property
    def plays(self) -> str | None:
        """`audio` or `video` where a browser may play it."""
        kind = self.stored.object.content_type.partition("/")[0]
        return kind if kind in {"audio", "video"} and not self.is_attachment else None

    @property
    def is_attachment(self) -> bool:
        """Whether somebody sent it along."""
        return _ATTACHMENT in self.stored.object.part

    @property
    def is_transcript(self) -> bool:
        """Whether it is what Genesys gave for a chat, a thread or an e-mail: JSON, the first part."""
        stored = self.stored.object
        return stored.content_type == "application/json" and stored.part.endswith("/1")


@dataclass(frozen=True)
class Recording:
    """One recording. `began` is when its session did, None where the record doesn't say."""

    recording_id: str
    what: str
    who: str
    began: datetime | None
    state: str
    tone: str
    cause: str
    files: tuple[File, ...]

    @property
    def players(self) -> tuple[File, ...]:
        """What can be played."""
        return tuple(file for file in self.files if file.plays)

    @property
    def transcript(self) -> File | None:
        """What can be read."""
        return next((file for file in self.files if file.is_transcript), None)

    @property
    def attachments(self) -> tuple[File, ...]:
        """What was sent along."""
        return tuple(file for file in self.files if file.is_attachment)


def title(found: FoundConversation) -> str:
    """`Call of 10 Mar 2026, 09:15 UTC with +44 7700 900123`."""
    kinds = [kind for kind in dict.fromkeys(map(medium, found.media)) if kind != "Unknown"]
    kind = ", ".join(kinds[:2]) if kinds else "Interaction"
    whom = f" with {plain(found.addresses[0], 60)}" if found.addresses else ""
    return f"{kind} of {utc_minute(found.conversation_start)}{whom}"


def files(record: Record) -> tuple[File, ...]:
    """All that stands of the record, whichever revision put it."""
    requested = {(one.key, one.version_id): one for one in (record.request.files if record.request else ())}
    return tuple(
        File(stored, _title(stored.object), requested.get((stored.object.key, stored.object.version_id)))
        for stored in record.objects
    )


def recordings(record: Record, standing: tuple[File, ...]) -> tuple[Recording, ...]:
    """The recordings of the latest revision, in the order of their sessions."""
    sessions = dict(_sessions(record.analytics, Named(record.names)))
    nobody: tuple[str, datetime | None] = ("", None)
    shown = []
    for one in record.recordings:
        if one.revision != record.found.revision:
            continue
        who, began = sessions.get(one.session_id or "", nobody)
        words, tone = _STATES.get(one.state, (plain(one.state, 40), ""))
        shown.append(
            Recording(
                recording_id=one.recording_id,
                what=_what(one.media),
                who=who,
                began=began,
                state=words,
                tone=tone,
                cause=plain(one.cause, 400),
                files=tuple(file for file in standing if file.stored.object.recording_id == one.recording_id),
            )
        )
    return tuple(sorted(shown, key=lambda one: (one.began is None, one.began, one.recording_id)))


def divisions(record: Record) -> list[str]:
    """The names of its divisions."""
    named = Named(record.names)
    return [named.division(one) for one in record.found.divisions]


def wrap_ups(record: Record) -> list[str]:
    """What agents said it was about, each once."""
    named = Named(record.names)
    codes = [
        named.wrap_up(segment["wrapUpCode"])
        for participant in members(record.analytics, "participants")
        for session in members(participant, "sessions")
        for segment in members(session, "segments")
        if isinstance(segment.get("wrapUpCode"), str)
    ]
    return list(dict.fromkeys(codes))


def content_path(request_id: UUID, file: RequestedFile) -> str:
    """Where a verified file's bytes are served to be looked at."""
    return f"/api/v1/requests/{request_id}/files/{file.file_id}/content"


def _what(media: str | None) -> str:
    kind = medium(media)
    if media in _TEXT:
        return {"email": "E-mail thread", "message": "Message thread"}.get(media or "", kind)
    return f"{kind} recording"


def _title(stored: ArchivedObject) -> str:
    return title_of(stored.key, stored.part, stored.content_type, stored.file_name)


def _sessions(record: Mapping[str, Any], named: Named) -> Iterator[tuple[str, tuple[str, datetime | None]]]:
    for participant in members(record, "participants"):
        user_id, in_record = participant.get("userId"), participant.get("participantName")
        name = named.user(user_id) if isinstance(user_id, str) else ""
        if not name or name == user_id:
            name = plain(in_record, 80) if isinstance(in_record, str) and in_record.strip() else name
        for session in members(participant, "sessions"):
            starts = [instant_of(segment.get("segmentStart")) for segment in members(session, "segments")]
            if isinstance(session.get("sessionId"), str):
                yield session["sessionId"], (name, min((one for one in starts if one is not None), default=None))
