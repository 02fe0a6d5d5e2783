"""A ledger brought to a state by its own functions, as workers would."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from strongroom.ledger.conversations import (
    Decided,
    ExpectedRecording,
    HeldConversation,
    archived,
    begin_capturing,
    expire_conversation,
    send_conversation_to_review,
    take_captured,
    take_discovered,
)
from strongroom.ledger.discovering import Found, discover
from strongroom.ledger.engine import Engine
from strongroom.ledger.leases import Holder
from strongroom.ledger.objects import ObjectRow
from strongroom.ledger.recordings import Settled, postpone_recording, settle_recording, take_recording
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.runs import enumerated, open_run, settle_runs, take_run
from strongroom.times import start_of

HOLDER = Holder("test/1", 60)
DAY = date(2025, 5, 14)
CALLER = "tel:+442079460000"
"""In every record: no output may show it."""
QUEUE = "11111111-1111-4111-8111-111111111111"


@dataclass(frozen=True)
class Day:
    """One day in the ledger, and steps that bring it on."""

    engine: Engine
    day: date = DAY

    def opened(self) -> "Day":
        """A run is open."""
        assert open_run(self.engine, self.day, "asked for by a test")
        return self

    def enumerated(self) -> "Day":
        """Its enumeration is done."""
        run = take_run(self.engine, self.day, HOLDER)
        assert run is not None
        enumerated(self.engine, run, HOLDER, 1, 0)
        return self

    def settled(self) -> "Day":
        """Its run is settled."""
        assert settle_runs(self.engine) == [self.day]
        return self

    def conversation(
        self, recordings: Sequence[str] = (), *, defaulted: bool = False, queue_name: str = "Patient Line"
    ) -> ConversationRef:
        """A conversation that is being captured, with these recordings expected."""
        ref = self.discovered()
        held = take_discovered(self.engine, ref, HOLDER)
        assert held is not None
        expected = [ExpectedRecording(one, None, "audio", {"id": one}) for one in recordings]
        decided = _decided(held.conversation_end, defaulted=defaulted)
        names = {
            "organisation": {"id": str(uuid4()), "name": "Example", "domain": "example"},
            "queues": {QUEUE: queue_name},
            "wrapUpCodes": {},
            "divisions": {},
            "users": {},
        }
        begin_capturing(self.engine, held, HOLDER, held.record, decided, names, expected, deadline_s=3_600)
        return ref

    def discovered(self) -> ConversationRef:
        """A conversation nobody has looked at yet."""
        conversation_id = uuid4()
        end = start_of(self.day) + timedelta(hours=9, minutes=30)
        found = Found(conversation_id, end - timedelta(minutes=5), end, self.day, _record(conversation_id, end))
        [ref] = discover(self.engine, [found], quiet_s=0, deadline_s=3_600)
        return ref

    def settle(self, ref: ConversationRef, recording_id: str, state: Settled, cause: str = "as a test has it") -> None:
        """Settle one recording."""
        from_ledger = take_recording(self.engine, RecordingRef(*ref, recording_id), HOLDER)
        assert from_ledger is not None
        settle_recording(self.engine, from_ledger.ref, HOLDER, state, cause)

    def wait(self, ref: ConversationRef, recording_id: str, cause: str) -> None:
        """One recording is not to be had for an hour."""
        held = take_recording(self.engine, RecordingRef(*ref, recording_id), HOLDER)
        assert held is not None
        postpone_recording(self.engine, held.ref, HOLDER, 3_000, cause, past_deadline=False)

    def archive(self, ref: ConversationRef) -> None:
        """Its manifest stands."""
        held = take_captured(self.engine, ref, HOLDER)
        assert held is not None
        archived(self.engine, held, HOLDER, _manifest(held), 1)

    def review(self, ref: ConversationRef, reason: str) -> None:
        """A person must look at the conversation."""
        held = take_discovered(self.engine, ref, HOLDER)
        assert held is not None
        send_conversation_to_review(self.engine, held, HOLDER, reason)

    def expired(self, reason: str) -> None:
        """A conversation that the policy would have let go by now."""
        held = take_discovered(self.engine, self.discovered(), HOLDER)
        assert held is not None
        expire_conversation(self.engine, held, HOLDER, _decided(held.conversation_end, defaulted=False), reason)


def _record(conversation_id: UUID, end: datetime) -> dict[str, object]:
    start = end - timedelta(minutes=5)
    segment = {"segmentStart": start.isoformat(), "segmentType": "interact", "queueId": QUEUE}
    session = {"sessionId": str(uuid4()), "mediaType": "voice", "direction": "inbound", "segments": [segment]}
    return {
        "conversationId": str(conversation_id),
        "conversationStart": start.isoformat(),
        "conversationEnd": end.isoformat(),
        "participants": [
            {"participantId": str(uuid4()), "purpose": "customer", "sessions": [session | {"ani": CALLER}]},
            {"participantId": str(uuid4()), "purpose": "agent", "participantName": "Ada Agent", "sessions": [session]},
        ],
    }


def _manifest(held: HeldConversation) -> ObjectRow:
    assert held.decided is not None
    return ObjectRow(
        part="manifest",
        recording_id=None,
        key=f"archive/{held.day}/{held.ref.conversation_id}/manifest.json",
        version_id="v1",
        size_bytes=3,
        sha256="a" * 64,
        content_type="application/json",
        file_name=None,
        lock_mode=held.decided.lock_mode,
        retain_until=held.decided.retain_until,
        adopted=False,
        under_delete_marker=False,
    )


def _decided(end: datetime, *, defaulted: bool) -> Decided:
    name = "unclassified" if defaulted else "healthcare-voice"
    return Decided(
        retention_class=name,
        lock_mode="GOVERNANCE" if defaulted else "COMPLIANCE",
        retain_until=datetime(end.year + 7, end.month, end.day, end.hour, end.minute, tzinfo=UTC),
        policy_version="0" * 64,
        decision={
            "basis": "HIPAA",
            "retainedYears": 7,
            "reasons": [f"a test decided on {name}"],
            "rules": [] if defaulted else ["healthcare voice"],
            "defaulted": defaulted,
            "erasable": defaulted,
            "retrievalPromiseHours": 4,
        },
    )
