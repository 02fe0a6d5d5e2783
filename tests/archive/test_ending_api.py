"""Lists over the API and what a run meets: the store's refusal, a month that has its list, a certificate that lies."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archives import StartArchive
from desking import ANNE, AUDITOR, EVE, LegalDesk, principal
from ending import EVE as APPROVER
from ending import RITA, Life, person
from sqlalchemy import text

from strongroom.actor import Actor
from strongroom.evidence.certificates import read_certificate
from strongroom.evidence.keys import new_key_file
from strongroom.ledger import ending_steps
from strongroom.ledger.discovering import REOPENED_AFTER_ERASURE, Found, discover
from strongroom.ledger.review import Selection, requeue
from strongroom.legal import disposition, endings
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope
from strongroom.times import day_of, utc_now
from strongroom.vault.errors import VaultRefused

ADA = Actor("ada", "desk-1")
MANAGER = principal("rita", "records-manager")
OF_ONE_DIVISION = principal("nora", "records-manager", divisions=frozenset({"d-1"}))


@pytest.fixture
def life(start_archive: StartArchive, tmp_path: Path) -> Iterator[Life]:
    """A sealed day."""
    new_key_file(tmp_path / "log.pem", "example.com/api")
    archive = start_archive(
        conversations=6,
        settings={"STRONGROOM_LOG_KEY_FILE": str(tmp_path / "log.pem"), "STRONGROOM_LOG_ORIGIN": "example.com/api"},
    )
    archive.archive_here()
    seal(archive.house)
    yield Life(archive)


def test_a_list_and_an_erasure_over_the_api(life: Life) -> None:
    desk = LegalDesk(life.archive)
    manager, approver, analyst, auditor, bound = map(desk.key, (MANAGER, EVE, ANNE, AUDITOR, OF_ONE_DIVISION))
    call = desk.client
    one = life.conversations()[0]
    life.expire([one])
    made = call.post("/api/v1/dispositions", headers=manager)
    assert made.status_code == 201, made.text
    listed = made.json()
    assert (listed["state"], listed["counts"][0]["records"]) == ("listed", 1)
    assert 0 <= Decimal(listed["counts"][0]["earlyUsd"]) < Decimal("0.01")
    path = f"/api/v1/dispositions/{listed['listId']}"
    assert call.get(f"{path}/records", headers=auditor).json()["records"][0]["conversationId"] == str(one)
    for refused in (analyst, bound):
        assert call.get(path, headers=refused).status_code == 403
        assert call.post("/api/v1/dispositions", headers=refused).status_code == 403
    for act in ("propose", "approve"):
        assert call.post(f"{path}/{act}", headers=auditor).status_code == 403
    assert call.post(f"{path}/approve", headers=approver).status_code == 409
    assert call.post(f"{path}/propose", headers=manager).json()["state"] == "proposed"
    assert call.post(f"{path}/approve", headers=manager).status_code == 403, "four eyes"
    assert call.post(f"{path}/approve", headers=approver).json()["state"] == "approved"
    assert call.post(f"{path}/refuse", headers=approver, json={"reason": "too late"}).status_code == 409
    assert call.get(path.replace("dispositions", "erasures"), headers=manager).status_code == 404
    assert [each["listId"] for each in call.get("/api/v1/dispositions", headers=auditor).json()["lists"]] == [
        listed["listId"]
    ]
    body = {"reference": "DSR-1", "conversationIds": [str(each) for each in life.conversations()]}
    assessed = call.post("/api/v1/erasures", headers=manager, json=body)
    assert assessed.status_code == 201, assessed.text
    assert "Dear" in assessed.json()["answer"]
    assert call.post("/api/v1/erasures", headers=manager, json=body | {"reference": "a@b"}).status_code == 400
    assert call.post("/api/v1/erasures", headers=analyst, json=body).status_code == 403

    assert life.run("disposition", listed["listId"]).ended == 1
    gone = call.get(f"/api/v1/conversations/{one}", headers=auditor)
    assert gone.status_code == 410
    assert "disposed of under certificate 1" in gone.text
    page = call.get(f"/conversations/{one}", headers=auditor)
    assert "disposed of under certificate 1" in page.text
    custody = call.get(f"/api/v1/conversations/{one}/custody", headers=auditor)
    assert custody.status_code == 200, custody.text
    assert custody.json()["events"][-1]["act"] == "disposed"


def test_the_store_s_refusal_is_final_and_takes_the_whole_record(life: Life) -> None:
    one, other, third = life.conversations()[:3]
    life.expire([one, other, third])
    _lock_again(life, one, timedelta(days=1))
    made = life.disposition().ending.ending_id
    before = life.standing(one)
    done = life.run("disposition", made)
    assert (done.ended, done.refused, done.finished) == (2, 1, True)
    assert life.standing(one) == before
    [row] = [each for each in endings.records(life.house, RITA, "disposition", made) if each.conversation_id == one]
    assert row.state == "refused"
    assert "until" in row.cause
    [state] = life.archive.rows("SELECT state FROM conversations WHERE conversation_id = :one", one=one)
    assert state.state == "archived"


def test_a_role_that_may_not_stops_at_the_first_record(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    going = life.conversations()[:3]
    life.expire(going)
    made = life.disposition().ending.ending_id

    def refuses(*_: object, **__: object) -> None:
        raise VaultRefused("it is not permitted", where="s3://", todo="another role", code="AccessDenied")

    with monkeypatch.context() as patched:
        patched.setattr("strongroom.legal.carrying_out.delete_version", refuses)
        with pytest.raises(VaultRefused):
            life.run("disposition", made)
    assert sorted(life.states("disposition", made).values()) == ["listed", "listed", "refused"]
    assert all(life.standing(one) for one in going)
    assert {row.state for row in life.archive.rows("SELECT DISTINCT state FROM conversations")} <= {
        "archived",
        "review",
    }
    life.archive.sweep_once()
    assert life.archive.rows("SELECT 1 FROM conversations WHERE state = 'archived' AND indexed_at IS NULL") == []
    assert life.run("disposition", made).ended == 2


@pytest.mark.long
def test_a_month_has_one_list_and_what_is_on_it_is_on_no_other(life: Life) -> None:
    life.expire(life.conversations())
    first, again = disposition.draw_up_monthly(life.house), disposition.draw_up_monthly(life.house)
    assert first == again
    assert (first.made_by, first.month) == ("strongroom", day_of(utc_now()).replace(day=1))
    assert life.read("disposition", first.ending_id).going == len(life.conversations())
    other = disposition.draw_up(life.house, RITA)
    assert life.read("disposition", other.ending_id).counts == ()
    endings.refuse(life.house, APPROVER, "disposition", first.ending_id, "an audit is under way")
    assert life.read("disposition", disposition.draw_up(life.house, RITA).ending_id).going == len(life.conversations())


@pytest.mark.long
def test_what_an_early_deletion_costs_is_on_the_list(life: Life) -> None:
    one = life.conversations("email", "unclassified", "financial-advice-voice")[0]
    with life.archive.engine.begin() as connection:
        aged = "UPDATE objects SET stored_at = now() - interval '120 days', size_bytes = :size"
        connection.execute(text(f"{aged} WHERE conversation_id = :one"), {"one": one, "size": 50 * 1024**3})
    life.expire([one])
    made = life.read("disposition", disposition.draw_up(life.house, RITA).ending_id)
    profile = life.house.tiers.of_class(made.counts[0].retention_class).profile
    moved = [
        each
        for each in profile.transitions
        if each.after_days <= 120 < each.after_days + each.storage_class.minimum_days
    ]
    assert (made.early_usd > Decimal("0.01")) == bool(moved)


def test_a_certificate_names_who_began_whoever_finished(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    going = life.conversations()[:3]
    life.expire(going)
    made = life.disposition().ending.ending_id
    ended = iter((True, True, False))
    deleted = ending_steps.record_deleted

    def dies_at_the_third(*arguments: Any) -> None:
        if not next(ended):
            raise RuntimeError("killed")
        deleted(*arguments)

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(ending_steps, "record_deleted", dies_at_the_third)
        life.run("disposition", made)
    # the third is one that nobody has begun with, as far as the ledger knows: of a run before that was noted
    with life.archive.engine.begin() as connection:
        connection.execute(text("UPDATE ending_records SET begun_by = NULL WHERE state = 'deleting'"))
    done = life.run("disposition", made, who=person("rosa", "records-manager"))
    assert (done.ended, done.certificates, done.finished) == (3, (1, 2), True)
    found = [
        read_certificate(row.document.encode())
        for row in life.archive.rows("SELECT document FROM certificates ORDER BY number")
    ]
    assert [(one.carried_out_by, [each.conversation_id for each in one.records]) for one in found] == [
        ("ron", sorted(going)[:2]),
        ("rosa", sorted(going)[2:]),
    ]


@pytest.mark.long
def test_a_certificate_that_lies_or_is_gone_is_found(life: Life) -> None:
    one, other = life.conversations()[:2]
    life.expire([one, other])
    life.run("disposition", life.disposition().ending.ending_id)
    seal(life.house)
    assert _told(life, one) == []
    # the record stands again, whoever put it there
    day = life.archive.rows("SELECT day FROM conversations WHERE conversation_id = :one", one=one)[0].day
    key = f"archive/{day}/{one}/manifest.json"
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": utc_now() + timedelta(days=1)}
    life.store.once.put_object(
        Bucket=life.archive.bucket,
        Key=key,
        Body=b"{}",
        ChecksumAlgorithm="SHA256",
        **lock,  # type: ignore[arg-type]
    )
    assert _told(life, one) == ["something stands that the ledger does not know"]
    # the ledger names a certificate that does not name it, one that is not there, and none
    for number, said in ((7, "it does not stand in the vault"), (None, "it has ended, and no certificate is named")):
        with life.archive.engine.begin() as connection:
            change = "UPDATE conversations SET certificate = :number WHERE conversation_id = :other"
            connection.execute(text(change), {"number": number, "other": other})
        assert said in _told(life, other)
    with life.archive.engine.begin() as connection:
        connection.execute(text("UPDATE conversations SET certificate = 1 WHERE conversation_id = :o"), {"o": other})
    assert _told(life, other) == []


@pytest.mark.long
def test_what_ends_again_after_it_was_erased_is_not_archived_again(life: Life) -> None:
    one = life.conversations("unclassified", "ivr-self-service")[0]
    assert life.run("erasure", life.erasure("DSR-1", conversation_ids=[one]).ending.ending_id).ended == 1
    end = utc_now()
    found = Found(one, end, end, life.archive.day, {"conversationId": str(one), "said": "planted"})
    assert discover(life.archive.engine, [found], quiet_s=0, deadline_s=60) == []
    [row] = life.archive.rows(
        "SELECT state, cause, record FROM conversations WHERE conversation_id = :one AND revision = 2", one=one
    )
    assert (row.state, row.cause, row.record) == ("review", REOPENED_AFTER_ERASURE, {})
    before = life.archive.rows("SELECT count(*) FROM conversations WHERE state = 'review'")
    requeue(life.archive.engine, Selection(conversation_id=one), by=ADA, deadline_s=60)
    assert life.archive.rows("SELECT count(*) FROM conversations WHERE state = 'review'") == before
    assert life.standing(one) == []


def _told(life: Life, conversation_id: UUID) -> list[str]:
    return [each.what for each in verify(life.house, Scope((conversation_id,)), Depth.PROVEN, ADA).findings]


def _lock_again(life: Life, conversation_id: UUID, span: timedelta) -> None:
    """A lock in the store that the ledger does not know of, on the last of its objects."""
    rows = life.archive.rows(
        "SELECT key, version_id FROM objects WHERE conversation_id = :one ORDER BY key", one=conversation_id
    )
    life.store.once.put_object_retention(
        Bucket=life.archive.bucket,
        Key=rows[-1].key,
        VersionId=rows[-1].version_id,
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": utc_now() + span},
    )
