"""What the tests of legal holds are made of: conversations that stand in a vault, and people who hold and release."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from strongroom.house import House
from strongroom.ledger.conversations import Decided, archived, begin_capturing, take_captured, take_discovered
from strongroom.ledger.custody import events_of
from strongroom.ledger.discovering import Found, discover
from strongroom.ledger.hold_searches import look_at
from strongroom.ledger.objects import ObjectRow, PartRef, record_object
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.search_index import Entry, Term, index, take_unindexed
from strongroom.legal import holds
from strongroom.legal.access import Principal, Role
from strongroom.legal.holding import apply_hold, holds_due, look_through
from strongroom.legal.holds import MatterRow, PlacedHold
from strongroom.legal.search import SearchQuery

END = datetime(2025, 5, 14, 10, 0, tzinfo=UTC)
LOCKED_UNTIL = datetime(2035, 5, 14, tzinfo=UTC)
DECIDED = Decided("default", "GOVERNANCE", LOCKED_UNTIL, "p1", {})
WHY = "Preservation notice of 3 March"
RITA = Principal("rita", frozenset({Role.RECORDS_MANAGER}), None, "192.0.2.1")
ROBERT = replace(RITA, name="robert")
PAUL = Principal("paul", frozenset({Role.APPROVER}), None, "192.0.2.2")
AUDREY = Principal("audrey", frozenset({Role.AUDITOR}), None, "192.0.2.3")
ANNE = Principal("anne", frozenset({Role.ANALYST}), None, "192.0.2.4")
CLASS = Term("class", "default")


@dataclass(frozen=True)
class Holding:
    """A vault, its ledger, and the house they are reached through."""

    house: House
    environment: dict[str, str]

    def keep(self, *parts: str, conversation_id: UUID | None = None, end: datetime = END) -> UUID:
        """The next revision of a conversation, archived, with a manifest and these parts in the vault."""
        ref = self.begin(conversation_id, end)
        for part in (*parts, "manifest"):
            self.add(ref, part)
        self.finish(ref)
        return ref.conversation_id

    def begin(self, conversation_id: UUID | None = None, end: datetime = END) -> ConversationRef:
        """A revision that is being captured."""
        house = self.house
        found = Found(conversation_id or uuid4(), end - timedelta(minutes=10), end, date(2025, 5, 14), {})
        (ref,) = discover(house.engine, [found], quiet_s=0, deadline_s=60)
        held = take_discovered(house.engine, ref, house.holder)
        assert held is not None
        begin_capturing(house.engine, held, house.holder, {}, DECIDED, {}, [], deadline_s=60)
        return ref

    def add(self, ref: ConversationRef, part: str) -> str:
        """One object of a revision; its key."""
        key = f"archive/2025-05-14/{ref.conversation_id}/r{ref.revision}/{part}"
        body = part.encode()
        answer = self.house.store.once.put_object(Bucket=self.house.store.bucket, Key=key, Body=body)
        row = ObjectRow(
            part=part,
            recording_id=None,
            key=key,
            version_id=answer["VersionId"],
            size_bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            content_type="audio/wav",
            file_name=None,
            lock_mode="GOVERNANCE",
            retain_until=LOCKED_UNTIL,
            adopted=False,
            under_delete_marker=False,
        )
        record_object(self.house.engine, PartRef(*ref, None, part), row, self.house.actor)
        return key

    def finish(self, ref: ConversationRef) -> None:
        """Its manifest stands."""
        house = self.house
        held = take_captured(house.engine, ref, house.holder)
        assert held is not None
        manifest = ObjectRow(
            "manifest", None, f"{ref}", "v1", 1, "a" * 64, "application/json", None, "GOVERNANCE", LOCKED_UNTIL,
            False, False,
        )  # fmt: skip
        archived(house.engine, held, house.holder, manifest, 1)

    def index(
        self,
        ref: ConversationRef,
        *terms: Term,
        addresses: Sequence[str] = (),
        end: datetime = END,
        before_the_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Put a revision into the search, as the pipeline does; `before_the_end` runs in its transaction."""
        house = self.house
        held = take_unindexed(house.engine, ref, house.holder)
        assert held is not None
        entry = Entry(
            ref=ref,
            conversation_start=end - timedelta(minutes=10),
            conversation_end=end,
            retain_until=LOCKED_UNTIL,
            direction="inbound",
            external_tag=None,
            terms=frozenset((*terms, CLASS)),
            addresses=frozenset(addresses),
            recordings=0,
        )

        def then(connection: Any) -> None:
            look_at(connection, ref.conversation_id, house.actor)
            before_the_end()

        index(house.engine, held, house.holder, entry, [], [], None, 3_600, then)

    def found(self, *terms: Term, addresses: Sequence[str] = (), end: datetime = END) -> UUID:
        """An archived conversation that is found by these."""
        conversation_id = self.keep(end=end)
        self.index(ConversationRef(conversation_id, 1), *terms, addresses=addresses, end=end)
        return conversation_id

    def place(self, name: str, *conversations: UUID, who: Principal = RITA, **query: Any) -> PlacedHold:
        """Hold for a matter."""
        asked = SearchQuery(**query) if query else None
        return holds.place(self.house, who, name, WHY, conversations=conversations, query=asked)

    def release(self, matter: UUID, by: Principal = ROBERT) -> MatterRow:
        """Ask for a release, and have a second person approve it."""
        holds.ask_release(self.house, RITA, matter, "settled out of court")
        return holds.approve(self.house, by, matter)

    def work(self) -> None:
        """What the workers of the queue `records` do, until nothing is due; time passes for what was put off."""
        for _ in range(20):
            self.due_now()
            due = holds_due(self.house)
            if not due.searches and not due.conversations:
                return
            for search_id in due.searches:
                look_through(self.house, search_id)
            for conversation_id in due.conversations:
                apply_hold(self.house, conversation_id)
        raise AssertionError("it is never done")

    def due_now(self) -> None:
        """Everything that was put off is due, and who died is dead for long."""
        for table in ("conversation_holds", "matter_searches"):
            self.execute(f"UPDATE {table} SET due_at = now(), enqueued_at = NULL, lease_until = NULL")

    def execute(self, statement: str, **values: Any) -> None:
        """Move time, or break something."""
        with self.house.engine.begin() as connection:
            connection.execute(text(statement), values)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the ledger answers to a query."""
        with self.house.engine.begin() as connection:
            return list(connection.execute(text(statement), values))

    def in_store(self, conversation_id: UUID) -> dict[str, bool]:
        """Every version that stands of a conversation, by part and version: whether the store holds it."""
        client, bucket = self.house.store.once, self.house.store.bucket
        listed = client.list_object_versions(Bucket=bucket, Prefix=f"archive/2025-05-14/{conversation_id}/")
        found = {}
        for one in listed.get("Versions", []):
            head = client.head_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
            found[f"{one['Key']} {one['VersionId']}"] = head.get("ObjectLockLegalHoldStatus") == "ON"
        return found

    def held(self, conversation_id: UUID) -> bool:
        """Whether the store holds all of it; that it holds some of it only fails."""
        said = set(self.in_store(conversation_id).values())
        assert len(said) == 1, self.in_store(conversation_id)
        told = {
            row.held for row in self.rows("SELECT held FROM objects WHERE conversation_id = :id", id=conversation_id)
        }
        assert told == said
        return said.pop()

    def acts(self, conversation_id: UUID) -> list[tuple[str, str]]:
        """What custody tells of its holds: act and step."""
        lines = [json.loads(row.line) for row in events_of(self.house.engine, conversation_id)]
        return [(line["act"], line["details"]["step"]) for line in lines if line["act"] in {"held", "released"}]
