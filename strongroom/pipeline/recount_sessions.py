"""Recordings, counted again: every session that says it was recorded has something stored, or a reason why not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from strongroom.house import House
from strongroom.ledger.activity import ActivityRead
from strongroom.ledger.changed_records import OnceMore, known_records, open_once_more
from strongroom.ledger.recounts import SessionMedia, media_of_sessions, recorded_sessions, under_way
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.schema import OPEN_RECORDING_STATES
from strongroom.pipeline.recount_named import Named

_UNKNOWN = "the ledger has no recording of this session"


@dataclass
class Sessions:
    """Sessions that say they were recorded. `explained`: nothing is stored, and the manifest says why.

    `unexplained`: nothing is stored, nothing is under way, and no manifest says why.
    """

    recorded: int = 0
    stored: int = 0
    under_way: int = 0
    explained: Named = field(default_factory=Named)
    unexplained: Named = field(default_factory=Named)


def compare_sessions(
    house: House, read: ActivityRead, job_id: str, sessions: Sessions
) -> Iterator[list[ConversationRef]]:
    """Hold each recorded session against the ledger; what has nothing, and no reason, is to be archived once more."""
    for batch in recorded_sessions(house.engine, read.day, job_id):
        media: dict[tuple[UUID, str], list[SessionMedia]] = {}
        of_some_session: dict[UUID, dict[str, SessionMedia]] = {}
        for one in media_of_sessions(house.engine, list(batch)):
            if one.session_id is None:
                of_some_session.setdefault(one.conversation_id, {})[one.recording_id] = one
            else:
                media.setdefault((one.conversation_id, one.session_id), []).append(one)
        open_ids = under_way(house.engine, list(batch))
        without = set()
        for conversation_id, session_ids in batch.items():
            for session_id in sorted(session_ids):
                known = media.get((conversation_id, session_id), [])
                # a batch does not say of which of several sessions a recording is: each stands for one of them
                if not known and (others := of_some_session.get(conversation_id)):
                    known = [others.popitem()[1]]
                if _tell(sessions, conversation_id, session_id, known, open_now=conversation_id in open_ids):
                    without.add(conversation_id)
        held = known_records(house.engine, without)
        again = [OnceMore(one.ref, "a session that was recorded has nothing stored") for one in held.values()]
        yield open_once_more(house.engine, again, deadline_s=house.settings.retry_deadline_s)


def _tell(
    sessions: Sessions, conversation_id: UUID, session_id: str, known: list[SessionMedia], *, open_now: bool
) -> bool:
    """Count one session; True when nothing of it is there and nobody said why."""
    sessions.recorded += 1
    told = {"conversationId": str(conversation_id), "sessionId": session_id}
    reasons = [one for one in known if one.on_manifest]
    if any(one.state == "stored" for one in known):
        sessions.stored += 1
    elif open_now or any(one.state in OPEN_RECORDING_STATES for one in known):
        sessions.under_way += 1
    elif reasons:
        sessions.explained.add(told | {"reason": reasons[-1].cause})
    else:
        sessions.unexplained.add(told | {"reason": known[-1].cause if known else _UNKNOWN})
        return True
    return False
