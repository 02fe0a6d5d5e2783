"""The desk's API on a real archive: lists and CSV, parts, the bundle, custody, its own description, the terminal."""

import hashlib
import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from archives import Archive, wait_until
from desking import ANNE, AUDITOR, BOB, EVE, WHY, LegalDesk, retrieve
from openapi_spec_validator import validate

from cli.app import run
from cli.operator import operator
from config.environment import load_settings
from strongroom.evidence.keys import new_key_file
from strongroom.legal.access import NotThere
from strongroom.legal.bundling import Bundler
from strongroom.legal.errors import NotNow
from strongroom.legal.preparing import prepares_inline
from strongroom.legal.requests import create
from strongroom.pipeline.seal import seal
from tasks.fleet import Fleet, send

StartArchive = Callable[..., Archive]


@pytest.fixture
def desk(start_archive: StartArchive, tmp_path: Path) -> Iterator[LegalDesk]:
    """A desk over a sealed day."""
    new_key_file(tmp_path / "log.pem", "example.com/api")
    archive = start_archive(
        conversations=4,
        settings={"STRONGROOM_LOG_KEY_FILE": str(tmp_path / "log.pem"), "STRONGROOM_LOG_ORIGIN": "example.com/api"},
    )
    archive.archive_here()
    seal(archive.house)
    desk = LegalDesk(archive)
    yield desk
    desk.house.engine.dispose()


def sealed(desk: LegalDesk) -> list[Any]:
    """Conversations of the day that is sealed."""
    statement = "SELECT conversation_id FROM conversations WHERE day = :day AND state = 'archived' ORDER BY 1"
    return [one for (one,) in desk.archive.rows(statement, day=desk.archive.day)]


def test_the_api_describes_itself(desk: LegalDesk) -> None:
    document = desk.client.get("/api/v1/openapi.json").json()
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert {"/legal/retrieve", "/legal/files/{token}", "/api/v1/requests/{request_id}"} <= document["paths"].keys()
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            if path.startswith(("/api/v1/requests", "/api/v1/conversations")):
                assert "application/problem+json" in route["responses"]["401"]["content"], (method, path)


def test_a_csv_with_junk_becomes_a_request_and_its_bundle_proves_itself(desk: LegalDesk, tmp_path: Path) -> None:
    anne, bob, otto, eve = desk.key(ANNE), desk.key(BOB), desk.key(AUDITOR), desk.key(EVE)
    first, second = sealed(desk)[:2]
    unknown = uuid4()
    table = f"conversationId,note\n{first},a\nnothing here,=1+1\n{second},\n{unknown},?\n"
    made = desk.client.post(
        "/api/v1/requests/from-list",
        data={"justification": WHY, "onBehalfOf": "counsel@example.com"},
        files={"file": ("list.csv", table.encode(), "text/csv")},
        headers=anne,
    )
    assert made.status_code == 201, made.text
    told = made.json()
    assert [one["line"] for one in told["rejected"]] == [4]
    where = made.headers["location"]
    request = desk.client.get(where, headers=anne).json()
    assert (request["state"], request["onBehalfOf"]) == ("ready", "counsel@example.com")
    states = {one["conversationId"]: one["state"] for one in request["conversations"]}
    assert states == {str(first): "ready", str(second): "ready", str(unknown): "missing"}
    assert desk.client.get(where, headers=bob).status_code == 404
    assert desk.client.get(where, headers=otto).status_code == 200
    assert [one["requestId"] for one in desk.client.get("/api/v1/requests", headers=anne).json()["requests"]] == [
        request["requestId"]
    ]
    assert desk.client.get("/api/v1/requests?whose=all", headers=eve).json()["requests"][0]["requester"] == ANNE.name
    assert desk.client.get("/api/v1/requests?whose=all", headers=bob).status_code == 403

    bundle = desk.client.post(f"{where}/bundle", headers=anne)
    assert bundle.status_code == 200, bundle.text
    zipfile.ZipFile(io.BytesIO(bundle.content)).extractall(tmp_path / "sceptic")
    (bag,) = (tmp_path / "sceptic").iterdir()
    checked = subprocess.run(
        [sys.executable, "-I", "-S", str(bag / "data" / "verify.py")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert desk.acts(first) == ["requested", "verified", "downloaded"]
    assert not [path for path in (tmp_path / "spool" / "bundles").iterdir() if path.suffix == ".zip"]


@pytest.mark.long
def test_a_large_bundle_is_made_beside_and_asked_for_again(desk: LegalDesk) -> None:
    small = desk.archive.open_house("desk", STRONGROOM_INLINE_VERIFY_MIB="0")
    one = sealed(desk)[0]
    request = create(desk.house, ANNE, [one], WHY)
    assert not prepares_inline(small, request.request_id)
    desk.work()
    bundler = Bundler(small)
    assert bundler.bundle(ANNE, request.request_id) is None
    deadline = time.monotonic() + 60
    while (made := bundler.bundle(ANNE, request.request_id)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    content = b"".join(made.chunks())
    assert len(content) == made.size_bytes
    details = desk.custody(one)[-1]["details"]
    assert details["bundle"] == hashlib.sha256(content).hexdigest()
    assert desk.acts(one) == ["requested", "verified", "downloaded"]
    small.engine.dispose()


def test_a_bundle_is_handed_over_only_while_each_of_its_files_would_be(desk: LegalDesk) -> None:
    one, other = sealed(desk)[:2]
    # what was never there stands in nobody's way
    request = create(desk.house, ANNE, [one, other, uuid4()], WHY)
    desk.work()
    [(record,)] = desk.archive.rows("SELECT record FROM conversations WHERE conversation_id = :id LIMIT 1", id=one)
    with desk.house.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE conversations SET record = jsonb_set(record::jsonb, '{divisionIds}', '[\"elsewhere\"]')::json"
            f" WHERE conversation_id = '{other}'"
        )
    bundler = Bundler(desk.house)
    ours = frozenset(record["divisionIds"])
    with pytest.raises(NotThere):
        bundler.bundle(replace(ANNE, divisions=ours), request.request_id)
    made = bundler.bundle(replace(ANNE, divisions=ours | {"elsewhere"}), request.request_id)
    assert made is not None
    made.file.close()
    desk.let_pass((request.open_until - request.created_at).total_seconds() + 1)
    assert desk.read(request).state == "ready"  # nobody has closed it yet
    with pytest.raises(NotNow, match="its time is over"):
        bundler.bundle(ANNE, request.request_id)
    assert desk.acts(other) == ["requested", "verified", "downloaded"]


def test_a_player_reads_in_parts_and_that_is_one_look(desk: LegalDesk) -> None:
    anne = desk.key(ANNE)
    one = desk.conversations()[0]
    told = retrieve(desk, anne, one).json()
    file = next(file for file in told["files"] if file["contentType"].startswith("audio/"))
    where = f"/api/v1/requests/{told['requestId']}/files/{file['fileId']}/content"
    whole = desk.client.get(where, headers=anne)
    assert whole.headers["content-disposition"].startswith("inline;")
    assert hashlib.sha256(whole.content).hexdigest() == file["sha256"]
    assert whole.headers["etag"] == f'"{file["sha256"]}"'
    pieces = b""
    while len(pieces) < file["size"]:
        part = desk.client.get(where, headers=anne | {"Range": f"bytes={len(pieces)}-{len(pieces) + 70_000}"})
        assert part.status_code == 206
        pieces += part.content
    assert pieces == whole.content
    assert desk.acts(one) == ["requested", "verified", "viewed"]
    desk.let_pass(301)
    assert desk.client.get(where, headers=anne | {"Range": "bytes=-1"}).content == whole.content[-1:]
    assert desk.acts(one) == ["requested", "verified", "viewed", "viewed"]
    document = next(file for file in told["files"] if file["contentType"] == "application/json")
    where = f"/api/v1/requests/{told['requestId']}/files/{document['fileId']}/content"
    shown = desk.client.get(where, headers=anne)
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"


def test_a_conversation_shows_metadata_alone_and_that_it_was_looked_at(desk: LegalDesk) -> None:
    anne, otto = desk.key(ANNE), desk.key(AUDITOR)
    one = desk.conversations()[0]
    where = f"/api/v1/conversations/{one}"
    shown = desk.client.get(where, headers=anne)
    assert shown.status_code == 200, shown.text
    told = shown.json()
    assert (told["conversationId"], told["custody"], told["request"]) == (str(one), None, None)
    assert {each["storage"] for each in told["objects"]} == {"STANDARD"}
    assert desk.client.get(f"{where}/custody", headers=anne).status_code == 404
    assert desk.client.get(f"/api/v1/conversations/{uuid4()}", headers=anne).status_code == 404
    custody = desk.client.get(f"{where}/custody", headers=otto).json()
    assert custody["holds"] is True
    assert custody["events"][-1]["act"] == "viewed"
    assert desk.client.get(f"{where}/custody.pdf", headers=otto).content.startswith(b"%PDF")
    retrieve(desk, anne, one)
    assert desk.client.get(where, headers=anne).json()["custody"]["holds"] is True


@pytest.mark.long
def test_the_terminal_does_the_same_through_the_same_rules(
    desk: LegalDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in desk.archive.environment.items():
        monkeypatch.setenv(name, value)
    one = desk.conversations()[0]
    into = tmp_path / "out"
    typed = ["retrieve", str(one), "--justification", WHY, "-o", str(into), "--on-behalf-of", "counsel", "--json"]
    assert run(typed) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["requester"], told["state"]) == (operator().name, "ready")
    for file in told["files"]:
        path = Path(file["path"])
        assert path.is_relative_to(into / str(one))
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
        assert path.stat().st_mode & 0o777 == 0o600
    assert desk.acts(one) == ["requested", "verified", *["downloaded"] * len(told["files"])]
    assert run(typed) == 1
    assert "exists already" in capsys.readouterr().err
    monkeypatch.setenv("STRONGROOM_FOUR_EYES", "true")
    other = [*typed[:1], str(desk.conversations()[1]), *typed[2:-1]]
    other[other.index("-o") + 1] = str(tmp_path / "other")
    assert run(other) == 1
    assert "waits for an approver" in capsys.readouterr().out
    assert not (tmp_path / "other").exists()
    assert run(["retrieve", str(one), "--justification", " ", "-o", str(tmp_path / "no")]) == 2
    assert "justification is blank" in capsys.readouterr().err
    assert run(["retrieve", str(uuid4()), "--justification", WHY, "-o", str(tmp_path / "no")]) == 1


@pytest.mark.long
def test_the_workers_prepare_what_is_too_large_for_the_desk(desk: LegalDesk) -> None:
    one, other = desk.conversations()[:2]
    rung = create(desk.house, ANNE, [one], WHY)
    found_by_beat = create(desk.house, ANNE, [other], WHY)
    with desk.archive.fleet({"restore": 1, "beat": 1}):
        send(Fleet(load_settings(desk.archive.environment)), "prepare_request", [(str(rung.request_id),)])
        for request in (rung, found_by_beat):
            wait_until(lambda request=request: desk.read(request).state == "ready", "the request is ready", 60)
    assert desk.acts(one) == desk.acts(other) == ["requested", "verified"]
