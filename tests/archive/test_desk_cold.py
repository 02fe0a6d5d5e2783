"""Legal retrieves what lies in an archive storage class: told when it is due, ready, verified, fetched, recorded."""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from archives import Archive
from desking import ANNE, WHY, LegalDesk, curl, retrieve

from strongroom.evidence.keys import new_key_file
from strongroom.legal.handing_out import BroughtBackAgain, fetch
from strongroom.legal.requests import create
from strongroom.pipeline.seal import seal
from strongroom.times import parse_instant, utc_now

StartArchive = Callable[..., Archive]


@pytest.fixture
def desk(start_archive: StartArchive, tmp_path: Path) -> Iterator[LegalDesk]:
    """A desk over a sealed day."""
    new_key_file(tmp_path / "log.pem", "example.com/cold")
    archive = start_archive(
        conversations=3,
        settings={
            "STRONGROOM_LOG_KEY_FILE": str(tmp_path / "log.pem"),
            "STRONGROOM_LOG_ORIGIN": "example.com/cold",
        },
    )
    archive.archive_here()
    seal(archive.house)
    desk = LegalDesk(archive)
    yield desk
    desk.house.engine.dispose()


def cold(desk: LegalDesk, conversation_id: UUID, storage_class: str, **more: object) -> None:
    """All of a conversation lies in this class."""
    desk.archive.proxy.faults(cold={"classes": {f"{conversation_id}/": storage_class}, **more})


@pytest.mark.parametrize(("storage_class", "hours"), [("GLACIER", 4), ("DEEP_ARCHIVE", 13)])
def test_it_is_told_when_it_is_due_then_ready_and_plain_curl_has_it(
    desk: LegalDesk, tmp_path: Path, storage_class: str, hours: int
) -> None:
    anne = desk.key(ANNE)
    one = desk.conversations()[0]
    cold(desk, one, storage_class, ready_after_s=0.5)
    due = utc_now() + timedelta(hours=hours)
    asked = retrieve(desk, anne, one, dueAt=due.isoformat())
    assert asked.status_code == 202, asked.text
    told = asked.json()
    assert asked.headers["location"] == f"/api/v1/requests/{told['requestId']}"
    assert told["state"] == "restoring"
    assert utc_now() < parse_instant(told["readyBy"]) <= due
    stands = desk.client.get(asked.headers["location"], headers=anne).json()
    assert stands["state"] == "preparing"
    assert {file["state"] for file in stands["conversations"][0]["files"]} == {"waiting"}
    file_id = stands["conversations"][0]["files"][0]["fileId"]
    assert desk.client.post(f"{asked.headers['location']}/files/{file_id}/link", headers=anne).status_code == 404
    assert retrieve(desk, anne, one).json()["requestId"] == told["requestId"]

    desk.let_pass(3_600)
    time.sleep(0.6)
    desk.work()
    desk.let_pass(120)
    desk.work()
    answer = retrieve(desk, anne, one)
    assert answer.status_code == 200, answer.text
    ready = answer.json()
    with desk.served() as address:
        for number, file in enumerate(ready["files"]):
            path = file["downloadUrl"].removeprefix(desk.house.settings.desk_url)
            status, body, _ = curl(address + path, tmp_path / f"file-{number}")
            assert (status, hashlib.sha256(body).hexdigest()) == (200, file["sha256"])
    assert desk.acts(one) == [
        "requested",
        "restored: asked for",
        "restored: readable",
        "verified",
        *["downloaded"] * len(ready["files"]),
    ]
    assert {line["reason"] for line in desk.custody(one)[:2]} == {WHY}
    asked_of_store = [each["path"] for each in desk.archive.proxy.restores_asked()]
    assert len(asked_of_store) == len(set(asked_of_store))


def test_a_copy_that_lapses_is_said_to_be_brought_back_and_comes_back(desk: LegalDesk) -> None:
    one = desk.conversations()[0]
    cold(desk, one, "GLACIER", ready_after_s=0)
    request = create(desk.house, ANNE, [one], WHY)
    for _ in range(3):
        desk.work()
        desk.let_pass(3_600)
    ready = desk.read(request)
    assert ready.state == "ready"
    cold(desk, one, "GLACIER", ready_after_s=0)  # the copies are gone
    with pytest.raises(BroughtBackAgain):
        fetch(desk.house, ANNE, request.request_id, ready.files[0].file_id)
    assert desk.read(request).state == "preparing"
    for _ in range(4):
        desk.work()
        desk.let_pass(3_600)
    assert desk.read(request).state == "ready"
    b"".join(fetch(desk.house, ANNE, request.request_id, ready.files[0].file_id).chunks)
    assert desk.acts(one)[-1] == "downloaded"


def test_a_restore_that_fails_is_told_and_nothing_is_handed_over(desk: LegalDesk) -> None:
    one = desk.conversations()[0]
    cold(desk, one, "INTELLIGENT_TIERING ARCHIVE_ACCESS")
    request = create(desk.house, ANNE, [one], WHY)
    for _ in range(3):
        desk.work()
        desk.let_pass(61)
    (conversation,) = desk.read(request).conversations
    assert conversation.state == "restoring"
    assert "can't be brought back" in conversation.cause
    assert {file.state for file in conversation.files} == {"waiting"}
    assert desk.acts(one) == ["requested", "restored: asked for", "restored: failed"]
