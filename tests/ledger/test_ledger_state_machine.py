"""Whatever order messages, deaths, sweeps and repeats come in, the ledger stays lawful and the work gets done."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from ledger_material import (
    ANNE,
    BERT,
    DEADLINE_S,
    END,
    OPS,
    begun,
    discovered,
    execute,
    expected,
    expire_leases,
    found,
    let_pass,
    manifest_of,
    rows,
)

from strongroom.ledger.conversations import (
    HeldConversation,
    archived,
    postpone_conversation,
    send_conversation_to_review,
    take_captured,
    take_discovered,
)
from strongroom.ledger.due import claim_captured, claim_discovered, claim_recordings
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.leases import Holder, hand_back
from strongroom.ledger.recordings import (
    Settled,
    postpone_recording,
    settle_recording,
    take_recording,
)
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.review import Selection, requeue
from strongroom.ledger.schema import OPEN_CONVERSATION_STATES, OPEN_RECORDING_STATES
from strongroom.ledger.tables import metadata

GRACE_S = 600.0
Held = tuple[Holder, HeldConversation]
Row = ConversationRef | RecordingRef

holders = st.sampled_from([ANNE, BERT])
conversation_numbers = st.integers(0, 2)

# what may follow on what; requeueing alone leads out of a settled state
LAWFUL_CONVERSATIONS = {
    ("discovered", "capturing"),
    ("discovered", "review"),
    ("capturing", "archived"),
    ("capturing", "review"),
}
LAWFUL_RECORDINGS = {
    (before, after) for before in OPEN_RECORDING_STATES for after in ("waiting", "stored", "absent", "review")
}
REQUEUED = {("review", "discovered"), ("review", "capturing"), ("review", "waiting")}


class Ledger(RuleBasedStateMachine):
    """Two workers and a sweeper on three conversations. A held row may be worked on long after it was lost."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.ids = [uuid4() for _ in range(3)]
        self.ends: list[datetime] = [END] * 3
        self.states: dict[Row, str] = {}
        self.archivings: Counter[ConversationRef] = Counter()
        self.completions: set[ConversationRef] = set()
        self.requeued = False

    looked_at: Bundle[Held] = Bundle("looked_at")
    completing: Bundle[Held] = Bundle("completing")
    fetching: Bundle[tuple[Holder, RecordingRef]] = Bundle("fetching")

    @rule(which=st.lists(conversation_numbers, min_size=1), reopened=st.booleans())
    def enumerate(self, which: list[int], reopened: bool) -> None:
        """A page, read for the first or the tenth time; with `reopened`, its first conversation ended again later."""
        if reopened:
            self.ends[which[0]] += timedelta(hours=1)
        discovered(self.engine, *(found(self.ids[one], self.ends[one]) for one in which))

    @rule(target=looked_at, holder=holders, which=conversation_numbers, revision=st.integers(1, 4))
    def archive_conversation(self, holder: Holder, which: int, revision: int) -> Held | None:
        """A message, or one that comes twice."""
        held = take_discovered(self.engine, ConversationRef(self.ids[which], revision), holder)
        return None if held is None else (holder, held)

    @rule(held=looked_at, count=st.integers(0, 2))
    def capture(self, held: Held | None, count: int) -> None:
        if held is not None:
            self._or_lost(lambda: begun(self.engine, held[1], expected(*"ab"[:count]), held[0]))

    @rule(held=looked_at, review=st.booleans())
    def put_off(self, held: Held | None, review: bool) -> None:
        if held is not None:
            self._put_off(held, review)

    @rule(
        target=fetching,
        holder=holders,
        which=conversation_numbers,
        revision=st.integers(1, 4),
        recording_id=st.sampled_from("ab"),
    )
    def archive_recording(
        self, holder: Holder, which: int, revision: int, recording_id: str
    ) -> tuple[Holder, RecordingRef] | None:
        ref = RecordingRef(self.ids[which], revision, recording_id)
        return None if take_recording(self.engine, ref, holder) is None else (holder, ref)

    @rule(held=fetching, state=st.sampled_from(["stored", "stored", "absent", "review"]))
    def settle(self, held: tuple[Holder, RecordingRef] | None, state: Settled) -> None:
        if held is None:
            return

        def settled() -> None:
            ready = settle_recording(self.engine, held[1], held[0], state, "")
            if ready is not None:
                self.completions.add(ready)

        self._or_lost(settled)

    @rule(held=fetching)
    def not_ready(self, held: tuple[Holder, RecordingRef] | None) -> None:
        if held is not None:
            self._or_lost(
                lambda: postpone_recording(self.engine, held[1], held[0], 900, "transcoding", past_deadline=False)
            )

    @rule(target=completing, holder=holders, which=conversation_numbers, revision=st.integers(1, 4))
    def complete_conversation(self, holder: Holder, which: int, revision: int) -> Held | None:
        held = take_captured(self.engine, ConversationRef(self.ids[which], revision), holder)
        return None if held is None else (holder, held)

    @rule(held=consumes(completing), outcome=st.sampled_from(["archived", "archived", "postponed", "review"]))
    def complete(self, held: Held | None, outcome: str) -> None:
        if held is None:
            return
        if outcome == "archived":
            self._or_lost(lambda: self._archive(held))
        else:
            self._put_off(held, outcome == "review")

    @rule()
    def workers_die(self) -> None:
        expire_leases(self.engine)

    @rule(holder=holders)
    def worker_stops(self, holder: Holder) -> None:
        hand_back(self.engine, holder.owner)

    @rule()
    def time_passes(self) -> None:
        let_pass(self.engine, 900 + GRACE_S)

    @rule()
    def sweep(self) -> None:
        """Whoever is swept is due: taking it at once succeeds, and it isn't swept again."""
        claimed = [
            *claim_discovered(self.engine, GRACE_S, 100),
            *claim_captured(self.engine, GRACE_S, 100),
            *claim_recordings(self.engine, GRACE_S, 100),
        ]
        assert len(claimed) == len(set(claimed))
        assert claim_discovered(self.engine, GRACE_S, 100) == []
        assert claim_captured(self.engine, GRACE_S, 100) == []
        assert claim_recordings(self.engine, GRACE_S, 100) == []

    @rule()
    def requeue(self) -> None:
        self.requeued = True
        requeue(self.engine, Selection(), by=OPS, deadline_s=DEADLINE_S)

    @invariant()
    def every_change_was_lawful(self) -> None:
        before, self.states = self.states, dict(self._states())
        lawful = LAWFUL_CONVERSATIONS | LAWFUL_RECORDINGS | (REQUEUED if self.requeued else set())
        self.requeued = False
        changes = {(before[row], state) for row, state in self.states.items() if row in before}
        assert {change for change in changes if change[0] != change[1]} <= lawful
        assert before.keys() <= self.states.keys()

    @invariant()
    def revisions_are_numbered_without_gaps_and_looked_at_one_after_the_other(self) -> None:
        for conversation_id in self.ids:
            revisions = sorted(self._revisions(conversation_id))
            assert [number for number, _ in revisions] == list(range(1, len(revisions) + 1))

    @invariant()
    def what_is_archived_had_settled_and_was_archived_once(self) -> None:
        assert set(self.archivings.values()) <= {1}
        unsettled = {
            row.conversation
            for row, state in self.states.items()
            if isinstance(row, RecordingRef) and state in OPEN_RECORDING_STATES
        }
        put_back = {
            ConversationRef(row.conversation_id, row.revision)
            for row in rows(
                self.engine,
                "SELECT conversation_id, revision FROM recordings"
                " WHERE state IN ('expected', 'waiting') AND manifest_state IS NOT NULL",
            )
        }
        archived_ones = {row for row, state in self.states.items() if state == "archived"}
        assert archived_ones & unsettled <= put_back

    def teardown(self) -> None:
        """Left to the sweeper and one worker, everything is settled in the end, and each revision archived once."""
        for _ in range(60):
            if not self._work_off():
                break
        states = dict(self._states())
        assert not set(states.values()) & {*OPEN_CONVERSATION_STATES, *OPEN_RECORDING_STATES}
        for ref, state in states.items():
            if isinstance(ref, ConversationRef):
                assert self.archivings[ref] == (state == "archived")
        told = rows(self.engine, "SELECT conversation_id, revision FROM custody_events WHERE act = 'archived'")
        assert Counter(ConversationRef(*row) for row in told) == self.archivings
        with self.engine.begin() as connection:
            # the trigger that keeps custody events sleeps in a replica's session
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

    def _work_off(self) -> bool:
        let_pass(self.engine, 86_400)
        execute(self.engine, "UPDATE conversations SET deadline_at = now() + interval '1 h'")
        looked = claim_discovered(self.engine, GRACE_S, 100)
        for ref in looked:
            held = take_discovered(self.engine, ref, ANNE)
            if held is not None:
                begun(self.engine, held, expected("a"))
        fetched = claim_recordings(self.engine, GRACE_S, 100)
        for recording in fetched:
            assert take_recording(self.engine, recording, ANNE) is not None
            settle_recording(self.engine, recording, ANNE, "stored", "")
        completed = claim_captured(self.engine, 0, 100)
        for ref in completed:
            captured = take_captured(self.engine, ref, ANNE)
            assert captured is not None
            self._archive((ANNE, captured))
        return bool(looked or fetched or completed)

    def _archive(self, held: Held) -> None:
        archived(self.engine, held[1], held[0], manifest_of(held[1].ref), 1)
        self.archivings[held[1].ref] += 1

    def _put_off(self, held: Held, review: bool) -> None:
        if review:
            self._or_lost(lambda: send_conversation_to_review(self.engine, held[1], held[0], "unreadable"))
        else:
            self._or_lost(lambda: postpone_conversation(self.engine, held[1], held[0], 60, "not yet"))

    def _or_lost(self, change: Callable[[], object]) -> None:
        """Do it, or be told that the row is another's or has moved on: then nothing changed."""
        before = list(self._states())
        try:
            change()
        except LeaseLost:
            assert list(self._states()) == before

    def _states(self) -> Iterator[tuple[Row, str]]:
        for *key, state in rows(
            self.engine, "SELECT conversation_id, revision, state FROM conversations ORDER BY 1, 2"
        ):
            yield ConversationRef(*key), state
        for *key, state in rows(
            self.engine, "SELECT conversation_id, revision, recording_id, state FROM recordings ORDER BY 1, 2, 3"
        ):
            yield RecordingRef(*key), state

    def _revisions(self, conversation_id: UUID) -> Iterator[tuple[int, str]]:
        for row, state in self.states.items():
            if isinstance(row, ConversationRef) and row.conversation_id == conversation_id:
                yield row.revision, state


@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 30), pytest.param(100, 60, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_the_ledger_stays_lawful(engine: Engine, examples: int, steps: int) -> None:
    class OfThisEngine(Ledger):
        pass

    OfThisEngine.engine = engine
    run_state_machine_as_test(
        OfThisEngine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
