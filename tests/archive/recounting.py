"""Recounting a day of a test's archive in this process, as often as the sweep would ring, and losing things before."""

import json
import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from archives import Archive
from sqlalchemy import text

from strongroom.house import House
from strongroom.ledger.activity import want_recount
from strongroom.pipeline.activity import read_activity
from strongroom.times import start_of

_TABLES = ("recordings", "intents", "objects", "search_texts", "search_postings", "search_records", "conversations")


def cover(archive: Archive) -> None:
    """Have Genesys's extract cover the day."""
    archive.simulator.clock(now=start_of(archive.day + timedelta(days=3)))


def ring(archive: Archive) -> None:
    """What waits for its time is due."""
    with archive.engine.begin() as connection:
        connection.execute(text("UPDATE activity_reads SET due_at = now(), enqueued_at = NULL"))


def recount(archive: Archive, day: date | None = None, house: House | None = None, timeout_s: float = 60) -> Any:
    """Recount the day once more, until its result stands; the result."""
    day = day or archive.day
    number = want_recount(archive.engine, day, "a test")
    assert number is not None
    deadline = time.monotonic() + timeout_s
    while (told := result(archive, day, number)) is None:
        assert time.monotonic() < deadline, archive.rows("SELECT state, cause FROM activity_reads")
        ring(archive)
        for _ in read_activity(house or archive.house, day):
            pass
        archive.simulator.clock(advance_s=20)
    return told


def result(archive: Archive, day: date, number: int) -> Any:
    """The result of a recount as the ledger has it, once it stands in the vault."""
    rows = archive.rows(
        "SELECT document FROM recounts WHERE day = :day AND number = :number AND reconciled_at IS NOT NULL",
        day=day,
        number=number,
    )
    return json.loads(rows[0].document) if rows else None


def found(told: Any) -> dict[str, list[str]]:
    """The conversations, or keys, that each kind of difference names; none for a kind of which there is none."""
    return {
        kind: [one.get("conversationId") or one["key"] for one in each["named"]]
        for kind, each in told["differences"].items()
        if each["count"]
    }


def settle(archive: Archive, timeout_s: float = 60) -> None:
    """Do all that is due, until nothing is under way any more."""
    deadline = time.monotonic() + timeout_s
    under_way = "SELECT 1 FROM conversations WHERE state IN ('discovered', 'capturing')"
    while archive.rows(under_way):
        assert time.monotonic() < deadline, archive.rows("SELECT state, cause FROM conversations")
        archive.sweep_once()
        time.sleep(0.05)


def lose_from_ledger(archive: Archive, conversation_id: str) -> None:
    """Take everything about a conversation out of the ledger, but for the log and the custody chain."""
    with archive.engine.begin() as connection:
        for table in _TABLES:
            connection.execute(
                text(f"DELETE FROM {table} WHERE conversation_id = :conversation_id"),
                {"conversation_id": conversation_id},
            )


def lose_from_vault(archive: Archive, keys: Sequence[str]) -> None:
    """Take all versions of these keys out of the bucket, past their locks: GOVERNANCE alone can be."""
    client = past_the_policy(archive)
    for key in keys:
        listed = client.list_object_versions(Bucket=archive.bucket, Prefix=key)
        for one in listed.get("Versions", []):
            client.delete_object(
                Bucket=archive.bucket, Key=key, VersionId=one["VersionId"], BypassGovernanceRetention=True
            )


def past_the_policy(archive: Archive) -> Any:
    """A client of the bucket after its administrator has taken off the policy that denies deleting to everybody."""
    client = archive.house.store.patient
    client.delete_bucket_policy(Bucket=archive.bucket)
    return client


def keys_of(archive: Archive, conversation_id: str) -> list[str]:
    """The keys of a conversation's objects, by the ledger."""
    rows = archive.rows(
        "SELECT key FROM objects WHERE conversation_id = :conversation_id ORDER BY key", conversation_id=conversation_id
    )
    return [row.key for row in rows]


def states(archive: Archive, conversation_id: str) -> list[tuple[int, str]]:
    """The revisions of a conversation with their states."""
    rows = archive.rows(
        "SELECT revision, state FROM conversations WHERE conversation_id = :conversation_id ORDER BY revision",
        conversation_id=conversation_id,
    )
    return [(row.revision, row.state) for row in rows]
