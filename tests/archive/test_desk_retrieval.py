"""Legal retrieves what was archived: asked for, approved, brought back, verified, fetched; each touch on the record."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from archives import Archive
from desking import ANNE, BOB, EVE, WHY, LegalDesk, curl, retrieve

from strongroom.evidence.keys import new_key_file
from strongroom.pipeline.seal import seal

StartArchive = Callable[..., Archive]


@pytest.fixture
def desk(start_archive: StartArchive, tmp_path: Path) -> Iterator[LegalDesk]:
    """A desk over a sealed day."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/desk")
    archive = start_archive(
        conversations=5,
        settings={"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/desk"},
    )
    archive.archive_here()
    seal(archive.house)
    desk = LegalDesk(archive)
    yield desk
    desk.house.engine.dispose()


def test_retrieve_gives_links_that_plain_curl_follows_and_every_touch_is_on_the_record(
    desk: LegalDesk, tmp_path: Path
) -> None:
    anne = desk.key(ANNE)
    one = desk.conversations()[0]
    answer = retrieve(desk, anne, one, requesterEmail="counsel@example.com")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["complete"] is True
    assert told["chainOfCustody"] == f"Retrieved by key:anne on behalf of counsel@example.com - Justification: {WHY}"
    with desk.served() as address:
        for number, file in enumerate(told["files"]):
            path = file["downloadUrl"].removeprefix(desk.house.settings.desk_url)
            status, body, headers = curl(address + path, tmp_path / f"file-{number}")
            assert (status, len(body)) == (200, file["size"])
            assert hashlib.sha256(body).hexdigest() == file["sha256"]
            assert 'attachment; filename="' in headers
            status, part, headers = curl(address + path, tmp_path / f"part-{number}", "-r", "5-9")
            assert (status, part) == (206, body[5:10])
            assert f"bytes 5-9/{file['size']}" in headers
            status, _, headers = curl(address + path, tmp_path / f"none-{number}", "-r", f"{file['size']}-")
            assert status == 416
            assert f"bytes */{file['size']}" in headers
    touched = desk.acts(one)
    number = len(told["files"])
    assert touched == ["requested", "verified"] + ["downloaded"] * (2 * number)
    requested = desk.custody(one)[0]
    assert (requested["actor"], requested["reason"]) == (ANNE.name, WHY)
    assert requested["details"]["onBehalfOf"] == "counsel@example.com"
    fetched = [line["details"].get("bytes") for line in desk.custody(one) if line["act"] == "downloaded"]
    assert fetched == [None, "5-9"] * number


def test_what_is_not_there_and_what_is_blank_is_refused(desk: LegalDesk) -> None:
    anne = desk.key(ANNE)
    one = desk.conversations()[0]
    assert retrieve(desk, anne, uuid4()).status_code == 404
    assert retrieve(desk, anne, one, justification=" \n\u200b").status_code == 400
    assert retrieve(desk, {}, one).status_code == 401
    assert retrieve(desk, desk.key(EVE), one).status_code == 403
    assert desk.acts(one) == []


def test_a_link_ends_with_its_hour_and_with_its_request(desk: LegalDesk) -> None:
    anne = desk.key(ANNE)
    one = desk.conversations()[0]
    told = retrieve(desk, anne, one).json()
    path = told["files"][0]["downloadUrl"].removeprefix(desk.house.settings.desk_url)
    assert desk.client.get(path).status_code == 200
    desk.let_pass(3_601)
    gone = desk.client.get(path)
    assert gone.status_code == 404
    unknown = desk.client.get("/legal/files/" + "a" * 43)
    assert {**unknown.json(), "instance": ""} == {**gone.json(), "instance": ""}
    again = retrieve(desk, anne, one).json()
    assert again["requestId"] == told["requestId"]
    path = again["files"][0]["downloadUrl"].removeprefix(desk.house.settings.desk_url)
    assert desk.client.get(path).status_code == 200
    assert desk.client.post(f"/api/v1/requests/{told['requestId']}/cancel", headers=anne).json()["state"] == "cancelled"
    assert desk.client.get(path).status_code == 404


def test_nobody_has_anothers_request_files_or_links(desk: LegalDesk) -> None:
    anne, bob = desk.key(ANNE), desk.key(BOB)
    one = desk.conversations()[0]
    told = retrieve(desk, anne, one).json()
    where = f"/api/v1/requests/{told['requestId']}"
    file_id = told["files"][0]["fileId"]
    for method, path in (
        ("GET", where),
        ("POST", f"{where}/cancel"),
        ("POST", f"{where}/files/{file_id}/link"),
        ("GET", f"{where}/files/{file_id}/content"),
        ("POST", f"{where}/bundle"),
    ):
        assert desk.client.request(method, path, headers=bob).status_code == 404, path
        assert desk.client.request(method, path).status_code == 401, path
    assert desk.client.get(f"{where}/files/{file_id}/content", headers=anne).status_code == 200
    assert desk.acts(one) == ["requested", "verified", "viewed"]
