"""What the tests of restores are made of: conversations that stand in a cold store, and time that can be moved."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from s3proxy.running import S3Proxy
from sqlalchemy import text

from config.environment import load_settings
from strongroom.actor import Actor
from strongroom.house import House, open_house
from strongroom.ledger.custody import events_of
from strongroom.ledger.discovering import Found, discover
from strongroom.ledger.objects import ObjectRow, PartRef, record_object
from strongroom.ledger.restore_objects import RestoreObject
from strongroom.ledger.restores import RestoreRow, restore_row
from strongroom.pipeline.restore import RestoreStatus, follow_restore, request_restore

END = datetime(2025, 5, 14, 10, 0, tzinfo=UTC)
LOCKED_UNTIL = datetime(2035, 5, 14, tzinfo=UTC)
LEGAL = Actor("anne", "desk-1")
BODY = b"RIFF and what was said"

Command = Callable[..., tuple[int, str, str]]
"""Runs `strongroom restore …`; exit code, standard output and standard error."""

_MOVED = {
    "restores": ("needed_by", "needed_until", "due_at", "enqueued_at", "lease_until", "warned_at"),
    "restore_objects": ("asked_at", "expected_at", "readable_at"),
}


@dataclass(frozen=True)
class Restoring:
    """A vault that the proxy makes cold, its ledger, and the house they are reached through."""

    house: House
    proxy: S3Proxy
    environment: dict[str, str]

    def another_house(self) -> House:
        """The same archive, as another process has it."""
        return open_house(load_settings(self.environment), "another")

    def keep(self, *names: str, body: bytes = BODY, size_bytes: int | None = None) -> UUID:
        """A conversation whose objects of these names stand in the vault and in the ledger.

        `size_bytes` is what the ledger says of them, where they are to count as larger than they are.
        """
        conversation_id = uuid4()
        found = Found(conversation_id, END - timedelta(minutes=10), END, date(2025, 5, 14), {})
        (ref,) = discover(self.house.engine, [found], quiet_s=0, deadline_s=60)
        for name in names or ("manifest.json",):
            self.add(ref.conversation_id, name, body, size_bytes)
        return conversation_id

    def add(self, conversation_id: UUID, name: str, body: bytes = BODY, size_bytes: int | None = None) -> str:
        """One more object of a conversation; its key."""
        key = f"archive/2025-05-14/{conversation_id}/{name}"
        answer = self.house.store.once.put_object(
            Bucket=self.house.store.bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256"
        )
        stored = ObjectRow(
            part=name,
            recording_id=None,
            key=key,
            version_id=answer["VersionId"],
            size_bytes=size_bytes or len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            content_type="audio/wav",
            file_name=None,
            lock_mode="GOVERNANCE",
            retain_until=LOCKED_UNTIL,
            adopted=False,
            under_delete_marker=False,
        )
        record_object(self.house.engine, PartRef(conversation_id, 1, None, name), stored, self.house.actor)
        return key

    def cold(self, classes: dict[str, str], **more: Any) -> None:
        """Let objects lie in these storage classes, by a part of their key; nothing is restored (any more)."""
        self.proxy.faults(cold={"classes": classes, **more})

    def request(self, conversation_id: UUID, hours: float = 4, reason: str | None = "subpoena 17") -> RestoreStatus:
        """Ask for a conversation, due so many hours from now."""
        needed_by = datetime.now(UTC) + timedelta(hours=hours)
        return request_restore(self.house, conversation_id, needed_by, LEGAL, reason)

    def follow(self, restore_id: int, after_s: float = 0) -> RestoreRow:
        """Let time pass, and follow a restore as the fleet would; it must be due by then."""
        self.let_pass(after_s)
        [(due,)] = self.rows("SELECT due_at <= now() FROM restores WHERE restore_id = :id", id=restore_id)
        assert due
        follow_restore(self.house, restore_id)
        return self.row(restore_id)

    def row(self, restore_id: int) -> RestoreRow:
        """A restore by the ledger."""
        return restore_row(self.house.engine, restore_id)

    def let_pass(self, seconds: float) -> None:
        """As if the ledger's rows had been written that much earlier; the store's time is its own."""
        with self.house.engine.begin() as connection:
            for table, names in _MOVED.items():
                earlier = ", ".join(f"{name} = {name} - make_interval(secs => :seconds)" for name in names)
                connection.execute(text(f"UPDATE {table} SET {earlier}"), {"seconds": seconds})

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the ledger answers to a query."""
        with self.house.engine.begin() as connection:
            return list(connection.execute(text(statement), values))

    def custody(self, conversation_id: UUID) -> list[dict[str, Any]]:
        """The conversation's custody events."""
        return [json.loads(row.line) for row in events_of(self.house.engine, conversation_id)]

    def asked(self) -> list[tuple[str, str, int]]:
        """Each request to restore the store has had: the object's name, the tier, and the status of the answer."""
        asked = [(one["path"].rpartition("/")[2], one["tier"], one["status"]) for one in self.proxy.restores_asked()]
        return sorted(asked)

    def read(self, each: RestoreObject) -> bytes:
        """The bytes of an object."""
        return b"".join(self.house.store.read(each.key, each.version_id))


def by_name(row: RestoreRow) -> dict[str, RestoreObject]:
    """The objects of a restore by the last part of their key."""
    return {each.key.rpartition("/")[2]: each for each in row.objects}
