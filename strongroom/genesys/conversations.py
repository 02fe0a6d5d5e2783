"""A conversation as the analytics API tells it: the record whole, and the facts the archive decides by."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strongroom.genesys.errors import GenesysAnswerInvalid
from strongroom.genesys.fields import is_uuid, objects, text_or_none
from strongroom.times import parse_instant


@dataclass(frozen=True)
class Conversation:
    """One conversation. Tuples hold each value once, in the order of its first appearance; unknown values are kept.

    `raw` is the record as received, to be archived whole. `ended_at` is None while the conversation is open.
    `wrap_up_codes`, `queue_ids`, `division_ids` and `user_ids` are ids; `queue_ids` come from the segments, where
    the API puts them. `recorded_session_ids` are the sessions that say `recording: true`, which the API says
    of audio; text is recorded without it.
    """

    raw: dict[str, Any]
    conversation_id: str
    started_at: datetime
    ended_at: datetime | None
    originating_direction: str | None
    external_tag: str | None
    media_types: tuple[str, ...]
    directions: tuple[str, ...]
    purposes: tuple[str, ...]
    queue_ids: tuple[str, ...]
    division_ids: tuple[str, ...]
    wrap_up_codes: tuple[str, ...]
    user_ids: tuple[str, ...]
    recorded_session_ids: tuple[str, ...]

    @property
    def recorded_sessions(self) -> tuple[tuple[str, str | None], ...]:
        """The sessions that say `recording: true`, each once, with their mediaType."""
        sessions = (
            session
            for participant in objects(self.raw.get("participants"))
            for session in objects(participant.get("sessions"))
        )
        media = {one["sessionId"]: one.get("mediaType") for one in sessions if isinstance(one.get("sessionId"), str)}
        return tuple((one, text_or_none(media.get(one))) for one in self.recorded_session_ids)

    @property
    def answered_media(self) -> tuple[str | None, ...]:
        """The mediaType of each session in which an agent took part, not only was alerted."""
        return tuple(
            text_or_none(session.get("mediaType"))
            for participant in objects(self.raw.get("participants"))
            if participant.get("purpose") == "agent"
            for session in objects(participant.get("sessions"))
            if any(segment.get("segmentType") == "interact" for segment in objects(session.get("segments")))
        )


def parse_conversation(raw: object) -> Conversation:
    """Read one record of a details query.

    Raises GenesysAnswerInvalid when what the archive can't do without is missing or impossible: the record is no
    object, the id no UUID, a time unreadable, the end before the start. All else may be absent, null or of a kind
    not known yet.
    """
    if not isinstance(raw, dict):
        raise _invalid("a conversation's record is not an object", "no id")
    conversation_id = raw.get("conversationId")
    if not is_uuid(conversation_id):
        raise _invalid("a conversation's conversationId is not a UUID", "no id")
    started_at = _instant(raw, "conversationStart", conversation_id)
    ended_at = None if raw.get("conversationEnd") is None else _instant(raw, "conversationEnd", conversation_id)
    if ended_at is not None and ended_at < started_at:
        raise _invalid("conversationEnd is before conversationStart", conversation_id)

    participants = list(objects(raw.get("participants")))
    sessions = [session for participant in participants for session in objects(participant.get("sessions"))]
    segments = [segment for session in sessions for segment in objects(session.get("segments"))]
    divisions = raw.get("divisionIds")
    return Conversation(
        raw=raw,
        conversation_id=conversation_id,
        started_at=started_at,
        ended_at=ended_at,
        originating_direction=text_or_none(raw.get("originatingDirection")),
        external_tag=text_or_none(raw.get("externalTag")),
        media_types=_each_once(sessions, "mediaType"),
        directions=_each_once(sessions, "direction"),
        purposes=_each_once(participants, "purpose"),
        queue_ids=_each_once(segments, "queueId"),
        division_ids=_texts_once(divisions if isinstance(divisions, list) else []),
        wrap_up_codes=_each_once(segments, "wrapUpCode"),
        user_ids=_each_once(participants, "userId"),
        recorded_session_ids=_each_once([s for s in sessions if s.get("recording") is True], "sessionId"),
    )


def _each_once(records: list[dict[str, Any]], member: str) -> tuple[str, ...]:
    return _texts_once([record.get(member) for record in records])


def _texts_once(values: list[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value))


def _instant(raw: dict[str, Any], member: str, conversation_id: str) -> datetime:
    try:
        return parse_instant(raw[member])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _invalid(f"{member} is missing or no ISO-8601 time with a zone", conversation_id) from None


def _invalid(what: str, conversation_id: str) -> GenesysAnswerInvalid:
    return GenesysAnswerInvalid(
        what,
        where=f"conversation details query, conversation {conversation_id}",
        todo="look the conversation up in Genesys; it can't be archived from this record",
    )
