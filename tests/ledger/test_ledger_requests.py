"""Whatever order people, workers, deaths and time come in, a request stays lawful and custody tells what was done."""

import json
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ledger_material import ANNE, BERT, archive, capturing, execute, manifest_of, rows, settle

from strongroom.ledger.custody import NewEvent
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.leases import Holder
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.objects import PartRef, record_object
from strongroom.ledger.request_links import file_behind, issue_link
from strongroom.ledger.request_preparing import (
    FileFound,
    HeldRequest,
    conversation_settled,
    file_damaged,
    plan_files,
    prepare_again,
    request_prepared,
    take_request,
)
from strongroom.ledger.requests import (
    NewRequest,
    cancel_request,
    close_over_requests,
    create_request,
    decide_request,
    find_request,
)
from strongroom.ledger.tables import metadata

LAWFUL = {
    *[("waiting", after) for after in ("preparing", "refused", "cancelled", "closed")],
    *[("preparing", after) for after in ("ready", "damaged", "cancelled", "closed")],
    *[("ready", after) for after in ("preparing", "damaged", "cancelled", "closed")],
    *[("damaged", after) for after in ("preparing", "cancelled", "closed")],
}
HANDED_OUT = {"preparing", "ready", "damaged"}
holders = st.sampled_from([ANNE, BERT])


class Desk(RuleBasedStateMachine):
    """Two workers, an approver and the requester on one request; what is held may be worked on after it was lost."""

    engine: Engine

    @initialize(waits=st.booleans())
    def ask(self, waits: bool) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        ref, (recording,) = capturing(self.engine, "a")
        settle(self.engine, recording)
        record_object(self.engine, PartRef(*ref, None, "manifest"), manifest_of(ref), ANNE.actor)
        archive(self.engine, ref)
        self.conversation_id: UUID = ref.conversation_id
        self.request_id = uuid4()
        self.held: list[tuple[Holder, HeldRequest]] = []
        self.links: list[str] = []
        self.told: Counter[str] = Counter()
        now = database_clock(self.engine)
        new = NewRequest(
            request_id=self.request_id,
            requester="requester",
            origin="here",
            on_behalf_of="counsel",
            justification="why",
            needed_by=now + timedelta(hours=4),
            open_until=now + timedelta(days=1),
            conversations=(self.conversation_id,),
            missing=(),
        )
        state = "waiting" if waits else "preparing"
        create_request(self.engine, new, state=state, cause="asked for", events=[self._event("requested")])
        self.told["requested"] += 1
        self.state = state

    @rule(who=st.sampled_from(["approver", "requester", "Requester", "COUNSEL"]), approves=st.booleans())
    def decide(self, who: str, approves: bool) -> None:
        act, state = ("approved", "preparing") if approves else ("refused", "refused")
        done = decide_request(
            self.engine, self.request_id, approver=who, state=state, cause=act, events=[self._event(act)]
        )
        assert not done or (who == "approver" and self.state == "waiting")
        self.told[act] += done

    @rule(who=st.sampled_from(["requester", "approver"]))
    def cancel(self, who: str) -> None:
        done = cancel_request(self.engine, self.request_id, who, "cancelled", [self._event("cancelled")])
        assert not done or who == "requester"
        self.told["cancelled"] += done

    @rule(holder=holders)
    def take(self, holder: Holder) -> None:
        held = take_request(self.engine, self.request_id, holder)
        if held is not None:
            assert self.state == "preparing"
            self.held.append((holder, held))

    @rule(data=st.data(), state=st.sampled_from(["verified", "damaged", "missing"]))
    def verify(self, data: st.DataObject, state: str) -> None:
        if not self.held:
            return
        holder, held = data.draw(st.sampled_from(self.held))
        try:
            assert plan_files(self.engine, held, holder, self.conversation_id) > 0
            keys = [key for (key,) in rows(self.engine, "SELECT key FROM request_files")]
            conversation_settled(
                self.engine,
                held,
                holder,
                self.conversation_id,
                state="ready" if state == "verified" else "damaged",
                cause="read",
                found=[FileFound(key, state, "read") for key in keys],
                events=[self._event("verified")],
            )
            self.told["verified"] += 1
        except LeaseLost:
            pass

    @rule(data=st.data())
    def conclude(self, data: st.DataObject) -> None:
        if not self.held:
            return
        holder, held = data.draw(st.sampled_from(self.held))
        [(state,)] = rows(self.engine, "SELECT state FROM request_conversations")
        if state not in {"ready", "damaged"}:
            return
        with suppress(LeaseLost):
            request_prepared(self.engine, held, holder, state, "done")

    @rule(lapses=st.booleans())
    def go_bad(self, lapses: bool) -> None:
        files = [file_id for (file_id,) in rows(self.engine, "SELECT file_id FROM request_files")]
        if not files:
            return
        if lapses:
            prepare_again(self.engine, files[0], "lapsed")
        elif file_damaged(self.engine, files[0], "changed", [self._event("found damaged")]):
            self.told["found damaged"] += 1

    @rule(who=st.sampled_from(["requester", "somebody"]))
    def link(self, who: str) -> None:
        verified = rows(self.engine, "SELECT file_id FROM request_files WHERE state = 'verified'")
        any_file = rows(self.engine, "SELECT file_id FROM request_files")
        if not any_file:
            return
        file_id = (verified or any_file)[0][0]
        token = uuid4().hex * 2
        issued = issue_link(self.engine, token, who, self.request_id, file_id, 3_600)
        assert (issued is not None) == (who == "requester" and bool(verified) and self.state in HANDED_OUT)
        if issued is not None:
            self.links.append(token)

    @rule(hours=st.sampled_from([1, 30]))
    def time_passes(self, hours: int) -> None:
        columns = "open_until = open_until - make_interval(hours => :hours), due_at = due_at - interval '1 hour'"
        execute(
            self.engine, f"UPDATE requests SET {columns}, lease_until = lease_until - interval '1 hour'", hours=hours
        )
        if close_over_requests(self.engine):
            self.told["closed"] += 1

    @invariant()
    def every_change_was_lawful(self) -> None:
        if not hasattr(self, "request_id"):
            return
        row = find_request(self.engine, self.request_id)
        assert row is not None
        assert row.state == self.state or (self.state, row.state) in LAWFUL, (self.state, row.state)
        self.state = row.state
        assert (row.approver is not None) == bool(self.told["approved"] + self.told["refused"])
        if row.state in {"refused", "cancelled", "closed"}:
            assert all(file_behind(self.engine, token) is None for token in self.links)
        if row.state == "ready":
            assert [file.state for one in row.conversations for file in one.files] != []

    @invariant()
    def custody_tells_each_change_once(self) -> None:
        if not hasattr(self, "request_id"):
            return
        lines = [json.loads(line) for (line,) in rows(self.engine, "SELECT document FROM custody_events")]
        told = Counter(line["act"] for line in lines if line["details"].get("request") == str(self.request_id))
        assert told == Counter({act: n for act, n in self.told.items() if n and act != "closed"})

    def _event(self, act: str) -> NewEvent:
        return NewEvent(act, ANNE.actor, self.conversation_id, None, "why", {"request": str(self.request_id)})


@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 25), pytest.param(150, 50, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_a_request_stays_lawful(engine: Engine, examples: int, steps: int) -> None:
    class OfThisEngine(Desk):
        pass

    OfThisEngine.engine = engine
    run_state_machine_as_test(
        OfThisEngine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
