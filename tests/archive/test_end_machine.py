"""Whatever order people do things in: nothing that is locked or held is deleted, and of what ended nothing is left.

Records, locks and holds are real, in a real ledger and bucket; what Genesys and the workers would do is written here.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from ending import EVE, RITA, RON
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sealing_material import Sealing, StartSealing
from sqlalchemy import insert, text

from strongroom.ledger.discovering import Found, discover
from strongroom.ledger.schema import conversations, intents, objects, recordings
from strongroom.ledger.tables import metadata
from strongroom.legal import disposition, endings, erasure, holds
from strongroom.legal.access import NotThere
from strongroom.legal.carrying_out import carry_out
from strongroom.legal.errors import NotNow
from strongroom.legal.holding import apply_hold, holds_due
from strongroom.times import utc_now

A_DAY = date(2026, 3, 10)
CLASSES = {"unclassified": "GOVERNANCE", "email": "COMPLIANCE"}
WHICH = st.integers(0, 2)


@dataclass
class Record:
    """One conversation of a run. `sentence` is what was said in it, wherever a record keeps what was said."""

    conversation_id: UUID
    retention_class: str
    sentence: str
    end: datetime
    revisions: int = 0


class EndMachine(RuleBasedStateMachine):
    """Three records, and all that can happen to them."""

    sealing: ClassVar[Sealing]

    def __init__(self) -> None:
        super().__init__()
        self.house = self.sealing.house
        self.records: list[Record] = []
        self.matters: list[UUID] = []

    @initialize(classes=st.tuples(*[st.sampled_from(sorted(CLASSES))] * 3))
    def archived(self, classes: tuple[str, str, str]) -> None:
        for name in classes:
            end = datetime(2026, 3, 10, 9, tzinfo=UTC)
            self.records.append(Record(uuid4(), name, f"planted-{uuid4().hex}", end))
            self._archive(self.records[-1])

    @rule(which=WHICH)
    def held(self, which: int) -> None:
        one = self.records[which]
        named = f"Matter {uuid4().hex[:8]}"
        try:
            placed = holds.place(self.house, RITA, named, "a claim", conversations=[one.conversation_id])
        except NotThere:
            return
        self.matters.append(placed.matter.matter_id)

    @rule()
    def released(self) -> None:
        if self.matters:
            matter = self.matters.pop()
            holds.ask_release(self.house, RITA, matter, "it was settled")
            holds.approve(self.house, RON, matter)

    @rule()
    def store_told(self) -> None:
        for conversation_id in holds_due(self.house).conversations:
            apply_hold(self.house, conversation_id)

    @rule(which=WHICH)
    def expired(self, which: int) -> None:
        self._keep_until(self.records[which], utc_now() - timedelta(seconds=2))

    @rule(which=WHICH)
    def extended(self, which: int) -> None:
        self._keep_until(self.records[which], utc_now() + timedelta(days=400))

    @rule(which=WHICH)
    def reopened(self, which: int) -> None:
        one = self.records[which]
        one.end += timedelta(hours=1)
        ended_as_erased = self._ended(one) == "erasure"
        found = Found(one.conversation_id, one.end, one.end, A_DAY, {"said": one.sentence})
        discover(self.house.engine, [found], quiet_s=0, deadline_s=60)
        if ended_as_erased:
            latest = self._states(one)[-1]
            assert latest in ("review", "ended")
        elif self._states(one)[-1] == "discovered":
            one.revisions += 1

    @rule(which=WHICH)
    def archived_again(self, which: int) -> None:
        one = self.records[which]
        if self._states(one)[-1] == "discovered" and "ending" not in self._states(one):
            self._execute(
                "DELETE FROM conversations WHERE conversation_id = :one AND state = 'discovered'",
                one=one.conversation_id,
            )
            # what was said before it ended is gone; what is said now is another sentence
            if self._ended(one) is not None:
                one.sentence = f"planted-{uuid4().hex}"
            self._archive(one)

    @rule()
    def disposed(self) -> None:
        made = disposition.draw_up(self.house, RITA)
        self._carry_out("disposition", made.ending_id)

    @rule(which=WHICH)
    def erased(self, which: int) -> None:
        try:
            made = erasure.assess(self.house, RITA, "DSR-1", conversation_ids=[self.records[which].conversation_id])
        except NotThere:
            return
        self._carry_out("erasure", made.ending_id)

    @rule(which=WHICH, kind=st.sampled_from(("disposition", "erasure")))
    def something_comes_between(self, which: int, kind: str) -> None:
        """A list is approved, and before it is carried out the record is held."""
        try:
            made = (
                disposition.draw_up(self.house, RITA)
                if kind == "disposition"
                else erasure.assess(self.house, RITA, "DSR-2", conversation_ids=[self.records[which].conversation_id])
            )
        except NotThere:
            return
        self._approve(kind, made.ending_id)
        self.held(which)
        self._run(kind, made.ending_id)

    @invariant()
    def nothing_is_half_gone(self) -> None:
        for one in self.records:
            keys = {row[0] for row in self._rows("SELECT key FROM objects WHERE conversation_id = :one", one)}
            assert {key for key, _ in self._versions(one)} == keys

    def teardown(self) -> None:
        for one in self.records:
            # the next run's lists are its own
            self._execute(
                "UPDATE conversations SET state = 'review' WHERE conversation_id = :one AND state = 'archived'",
                one=one.conversation_id,
            )

    def _carry_out(self, kind: str, number: int) -> None:
        self._approve(kind, number)
        self._run(kind, number)

    def _approve(self, kind: str, number: int) -> None:
        endings.propose(self.house, RITA, kind, number)
        endings.approve(self.house, EVE, kind, number)

    def _run(self, kind: str, number: int) -> None:
        kept = {one.conversation_id: self._versions(one) for one in self.records if self._must_stay(one, kind)}
        try:
            carry_out(self.house, RON, kind, number, self.house.store, lambda done: None)
        except NotNow:
            return
        for one in self.records:
            if one.conversation_id in kept:
                assert self._versions(one) == kept[one.conversation_id], "locked or held, and deleted"
            if set(self._states(one)) == {"ended"}:
                assert self._versions(one) == []
                self._nowhere(one)

    def _must_stay(self, one: Record, kind: str) -> bool:
        """By the store's own word and the matters' rows, not by what decides in the archive."""
        held = self._rows(
            "SELECT 1 FROM hold_records JOIN matters USING (matter_id)"
            " WHERE conversation_id = :one AND matters.state <> 'released'",
            one,
        )
        if held:
            return True
        for key, version_id in self._versions(one):
            head = self.house.store.patient.head_object(Bucket=self.house.store.bucket, Key=key, VersionId=version_id)
            if head.get("ObjectLockLegalHoldStatus") == "ON":
                return True
            locked = head["ObjectLockRetainUntilDate"] > utc_now()
            if locked and (kind == "disposition" or head["ObjectLockMode"] == "COMPLIANCE"):
                return True
        return False

    def _archive(self, one: Record) -> None:
        """A revision as the workers would leave it, with what was said in every place that keeps it."""
        latest = self._rows("SELECT max(revision) FROM conversations WHERE conversation_id = :one", one)[0][0] or 0
        revision, until = latest + 1, utc_now() + timedelta(days=400)
        mode = CLASSES[one.retention_class]
        folder = f"archive/{A_DAY}/{one.conversation_id}" + (f"/r{revision}" if revision > 1 else "")
        said: dict[str, Any] = {"said": one.sentence}
        row = {"conversation_id": one.conversation_id, "revision": revision}
        put = []
        for part in ("conversation", "recordings/a/1", "manifest"):
            body = json.dumps(said | {"part": part}).encode()
            key = f"{folder}/{part}.json"
            answer = self.house.store.once.put_object(
                Bucket=self.house.store.bucket,
                Key=key,
                Body=body,
                ObjectLockMode=mode,  # type: ignore[arg-type]
                ObjectLockRetainUntilDate=until,
                ChecksumAlgorithm="SHA256",
            )
            put.append(
                row
                | {
                    "part": part,
                    "recording_id": "a" if "/" in part else None,
                    "key": key,
                    "size_bytes": len(body),
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "content_type": "application/json",
                    "file_name": one.sentence,
                    "lock_mode": mode,
                    "retain_until": until,
                    "version_id": answer["VersionId"],
                }
            )
        with self.house.engine.begin() as connection:
            connection.execute(
                insert(conversations).values(
                    **row,
                    day=A_DAY,
                    conversation_start=one.end,
                    conversation_end=one.end,
                    record=said,
                    names=said,
                    decision={"basis": "a test", "retainedYears": 1, "reasons": [], "defaulted": False},
                    retention_class=one.retention_class,
                    lock_mode=mode,
                    retain_until=until,
                    policy_version="0" * 64,
                    state="archived",
                    cause="a test",
                    deadline_at=one.end,
                )
            )
            connection.execute(
                insert(recordings).values(
                    **row,
                    recording_id="a",
                    listed=said,
                    state="stored",
                    cause="a test",
                    deadline_at=one.end,
                    objects_revision=revision,
                )
            )
            for each in put:
                intended = {name: value for name, value in each.items() if name != "version_id"}
                connection.execute(insert(intents).values(**intended, metadata=said))
                connection.execute(insert(objects).values(**each, adopted=False, under_delete_marker=False))
        one.revisions = revision

    def _keep_until(self, one: Record, until: datetime) -> None:
        """The ledger's dates and the store's locks: the stand-in takes a date that is past, as if time had gone on."""
        for table in ("conversations", "objects"):
            self._execute(
                f"UPDATE {table} SET retain_until = :until WHERE conversation_id = :one",
                until=until,
                one=one.conversation_id,
            )
        for key, version_id in self._versions(one):
            mode = self._rows("SELECT lock_mode FROM objects WHERE conversation_id = :one", one)[0][0]
            self.house.store.once.put_object_retention(
                Bucket=self.house.store.bucket,
                Key=key,
                VersionId=version_id,
                Retention={"Mode": mode, "RetainUntilDate": until},
                BypassGovernanceRetention=True,
            )

    def _versions(self, one: Record) -> list[tuple[str, str]]:
        page = self.house.store.patient.list_object_versions(
            Bucket=self.house.store.bucket, Prefix=f"archive/{A_DAY}/{one.conversation_id}/"
        )
        both = (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        return sorted((version["Key"], version["VersionId"]) for version in both)

    def _nowhere(self, one: Record) -> None:
        """What was said is in no table of the ledger and in no certificate; its objects are gone."""
        with self.house.engine.connect() as connection:
            for table in metadata.sorted_tables:
                found = connection.execute(
                    text(f"SELECT count(*) FROM {table.name} t WHERE t::text LIKE :said"), {"said": f"%{one.sentence}%"}
                ).scalar()
                assert found == 0, table.name
        for row in self._rows("SELECT document FROM certificates", one):
            assert one.sentence not in row[0]

    def _states(self, one: Record) -> list[str]:
        statement = "SELECT state FROM conversations WHERE conversation_id = :one ORDER BY revision"
        return [row[0] for row in self._rows(statement, one)]

    def _ended(self, one: Record) -> str | None:
        statement = (
            "SELECT kind FROM conversations c JOIN certificates ON number = c.certificate"
            " WHERE conversation_id = :one ORDER BY revision DESC LIMIT 1"
        )
        return next((row[0] for row in self._rows(statement, one)), None)

    def _rows(self, statement: str, one: Record) -> list[Any]:
        with self.house.engine.connect() as connection:
            values = {"one": one.conversation_id} if ":one" in statement else {}
            return list(connection.execute(text(statement), values))

    def _execute(self, statement: str, **values: object) -> None:
        with self.house.engine.begin() as connection:
            connection.execute(text(statement), values)


@pytest.fixture
def sealing(start_sealing: StartSealing) -> Iterator[Sealing]:
    """A ledger and a bucket, and nothing else running."""
    yield start_sealing()


@pytest.mark.long
def test_no_order_of_things_deletes_what_is_locked_or_held_or_leaves_what_ended(sealing: Sealing) -> None:
    EndMachine.sealing = sealing
    run_state_machine_as_test(
        EndMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
