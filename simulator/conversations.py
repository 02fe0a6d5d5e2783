"""A conversation as the analytics API sends it: what is known of it by an instant, and no more.

Names as in the vendor's SDK: AnalyticsConversationWithoutAttributes and what it is made of.
"""

from collections.abc import Mapping
from typing import Any

from simulator.awkwardness import Awkwardness
from simulator.clock import instant
from simulator.new_fields import with_new_fields
from simulator.people import Person
from simulator.story import Participant, Segment, Session, Story

CONTACT_CENTRE_NUMBER = "+442079460000"
CONTACT_CENTRE_EMAIL = "contact@example-wealth.example"
_PROVIDERS = {"voice": "Edge", "callback": "PureCloud Callback", "chat": "PureCloud Webchat v2"}


def record(story: Story, now_ms: int, wrap_ups: Mapping[str, str]) -> dict[str, Any]:
    """The record as it stands at `now_ms`; a conversation that has not ended has no `conversationEnd`.

    `wrap_ups` are the codes that somebody gave since, by conversation.
    """
    ended = {"conversationEnd": instant(story.end_ms)} if story.end_ms <= now_ms else {}
    shape = {
        "conversationId": story.id,
        "conversationStart": instant(story.start_ms),
        **ended,
        "originatingDirection": story.direction,
        "divisionIds": list(story.division_ids),
        "conversationInitiator": "agent" if story.direction == "outbound" else "customer",
        "customerParticipation": True,
        "participants": [
            shape for who in story.participants if (shape := _participant(who, story.customer, now_ms)) is not None
        ],
    }
    if (wrap_up := wrap_ups.get(story.id)) is not None:
        _wrap_up_again(shape, wrap_up)
    return with_new_fields(shape) if story.plays(Awkwardness.NEW_FIELDS) else shape


def _wrap_up_again(shape: dict[str, Any], code: str) -> None:
    sessions = [session for who in shape["participants"] for session in who["sessions"]]
    segments = [segment for session in sessions for segment in session["segments"]]
    wrapped = [segment for segment in segments if segment["segmentType"] == "wrapup"]
    for segment in wrapped or segments[-1:]:
        segment["wrapUpCode"] = code


def _participant(who: Participant, customer: Person, now_ms: int) -> dict[str, Any] | None:
    sessions = [_session(session, customer, now_ms) for session in who.sessions if _begun(session, now_ms)]
    if not sessions:
        return None
    return {
        "participantId": who.id,
        "participantName": who.name,
        **({"purpose": who.purpose} if who.purpose else {}),
        **({"userId": who.user_id} if who.user_id else {}),
        **({"flaggedReason": "general"} if who.flagged else {}),
        **({"screenRecording": True} if who.screen_recorded else {}),
        "sessions": sessions,
    }


def _begun(session: Session, now_ms: int) -> bool:
    return session.segments[0].start_ms <= now_ms


def _session(session: Session, customer: Person, now_ms: int) -> dict[str, Any]:
    segments = [_segment(part, now_ms) for part in session.segments if _known(part, now_ms)]
    return {
        "sessionId": session.id,
        "mediaType": session.media_type,
        "direction": session.direction,
        "provider": _PROVIDERS.get(session.media_type, f"PureCloud {session.media_type.title()}"),
        **_addresses(session, customer),
        **({"recording": True} if session.recorded else {}),
        **({"snippetRecording": True} if session.snippet_recorded else {}),
        "metrics": _metrics(session, now_ms),
        "segments": segments,
    }


def _addresses(session: Session, customer: Person) -> dict[str, Any]:
    if session.media_type == "email":
        ends = (customer.email, CONTACT_CENTRE_EMAIL)
        sender, receiver = ends if session.direction == "inbound" else ends[::-1]
        return {"addressFrom": sender, "addressTo": receiver, "addressOther": customer.email, "cc": [], "bcc": []}
    if session.media_type == "message":
        return {"addressFrom": customer.phone, "addressTo": CONTACT_CENTRE_NUMBER, "messageType": "WhatsApp"}
    if session.media_type == "voice":
        ends = (customer.phone, CONTACT_CENTRE_NUMBER)
        ani, dnis = ends if session.direction == "inbound" else ends[::-1]
        return {"ani": f"tel:{ani}", "dnis": f"tel:{dnis}", "sessionDnis": f"tel:{dnis}"}
    if session.media_type == "callback":
        return {"callbackNumbers": [customer.phone]}
    return {}


def _known(part: Segment, now_ms: int) -> bool:
    """A wrap-up is known once the agent has filed it: often after the conversation has ended."""
    return (part.end_ms if part.segment_type == "wrapup" else part.start_ms) <= now_ms


def _segment(part: Segment, now_ms: int) -> dict[str, Any]:
    ended = part.end_ms <= now_ms
    optional = {
        "segmentEnd": instant(part.end_ms) if ended else None,
        "queueId": part.queue_id,
        "wrapUpCode": part.wrap_up_code,
        "disconnectType": part.disconnect_type if ended else None,
        "subject": part.subject,
    }
    return {
        "segmentStart": instant(part.start_ms),
        "segmentType": part.segment_type,
        "conference": False,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _metrics(session: Session, now_ms: int) -> list[dict[str, Any]]:
    names = {"interact": "tTalk", "wrapup": "tAcw", "ivr": "tIvr", "hold": "tHeld", "voicemail": "tVoicemail"}
    return [
        {"emitDate": instant(part.end_ms), "name": names[part.segment_type], "value": part.end_ms - part.start_ms}
        for part in session.segments
        if part.segment_type in names and part.end_ms <= now_ms
    ]
