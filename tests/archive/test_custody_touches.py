"""What a small day's archiving tells the custody chain: each revision, each review, each object that stood already."""

import json
from typing import Any

import pytest
from archives import StartArchive

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.evidence.custody import CustodyEvent, read_line, verify_chain
from strongroom.ledger.custody import custody_head, events_between
from strongroom.ledger.engine import Engine
from strongroom.ledger.review import Selection, requeue, review_list
from strongroom.pipeline import parts
from strongroom.vault.keys import manifest_key

OPERATOR = Actor("olga", "ops-1")


def events(engine: Engine) -> list[CustodyEvent]:
    """The whole chain, which must hold."""
    head = custody_head(engine)
    lines = [row.line for row in events_between(engine, 1, head.position)]
    verify_chain(lines, head=head.hash)
    return [read_line(line) for line in lines]


def test_every_touch_of_a_small_day_is_told_once(start_archive: StartArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = start_archive(conversations=6, outcome="error=1")
    lost = _lose_the_first_record(monkeypatch)
    archive.archive_here()
    assert lost

    told = events(archive.engine)
    assert {(event.actor, event.origin) for event in told} == {("strongroom", archive.house.holder.owner)}
    archived = [event for event in told if event.act == "archived"]
    in_ledger = archive.rows("SELECT conversation_id, revision, day FROM conversations WHERE state = 'archived'")
    assert len(archived) == len(in_ledger) >= 6
    manifests = {found.key: found for found in archive.standing().objects if found.body is not None}
    days = {(row.conversation_id, row.revision): row.day for row in in_ledger}
    for event in archived:
        assert event.conversation_id is not None
        assert event.revision is not None
        key = manifest_key(days[event.conversation_id, event.revision], str(event.conversation_id), event.revision)
        stands = manifests[key]
        assert stands.body is not None
        assert event.details == {
            "manifest": key,
            "versionId": stands.version_id,
            "sha256": stands.sha256,
            "objects": len(json.loads(stands.body)["objects"]),
        }

    reviewed = review_list(archive.engine, Selection())
    assert reviewed
    sent = [event for event in told if event.act == "sent to review"]
    assert {(event.conversation_id, event.details["recordingId"], event.reason) for event in sent} == {
        (row.conversation_id, row.recording_id, row.reason) for row in reviewed
    }

    (adopted,) = [event for event in told if event.act == "adopted"]
    (row,) = archive.rows("SELECT key, version_id, sha256, part FROM objects WHERE adopted")
    assert adopted.details == {
        "part": row.part,
        "key": row.key,
        "versionId": row.version_id,
        "sha256": row.sha256,
        "underDeleteMarker": False,
    }

    assert requeue(archive.engine, Selection(), by=OPERATOR, deadline_s=60) == len(reviewed)
    again = events(archive.engine)[len(told) :]
    assert {(event.act, event.actor, event.origin) for event in again} == {("re-queued", "olga", "ops-1")}
    assert {(event.conversation_id, event.details["recordingId"]) for event in again} == {
        (row.conversation_id, row.recording_id) for row in reviewed
    }


def _lose_the_first_record(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first object that is put is not recorded, as when a worker dies between the two."""
    lost: list[str] = []
    record = parts.record_object

    def record_object(engine: Engine, part: Any, stored: Any, by: Actor) -> None:
        if not lost:
            lost.append(stored.key)
            raise StrongroomError("died", where="a test", todo="nothing")
        record(engine, part, stored, by)

    monkeypatch.setattr(parts, "record_object", record_object)
    return lost
