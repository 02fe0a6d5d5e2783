"""What stands is not what was archived: no link, an alarm, a custody event; and preparing that is cut off, or doubled.

The S3 server runs in this process, so that its storage can be changed underneath its API.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from archives import Archive
from desking import ANNE, BOB, EVE, WHY, LegalDesk, principal, retrieve
from moto.server import ThreadedMotoServer
from planting import Storage
from structlog.testing import capture_logs

from strongroom.evidence.keys import new_key_file
from strongroom.ledger.request_counts import count_requests
from strongroom.legal import preparing
from strongroom.legal.access import Forbidden, NotThere
from strongroom.legal.errors import NotNow
from strongroom.legal.handing_out import FoundDamaged, content, fetch
from strongroom.legal.links import issue
from strongroom.legal.preparing import prepare
from strongroom.legal.ranges import Wanted
from strongroom.legal.requests import Request, approve, cancel, create, refuse
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify.conversation import check_conversation

StartArchive = Callable[..., Archive]


@pytest.fixture
def desk(start_archive: StartArchive, tmp_path: Path) -> Iterator[LegalDesk]:
    """A desk over a sealed day."""
    new_key_file(tmp_path / "log.pem", "example.com/damaged")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    archive = start_archive(
        conversations=3,
        settings={
            "STRONGROOM_S3_ENDPOINT_URL": f"http://{host}:{port}",
            "STRONGROOM_LOG_KEY_FILE": str(tmp_path / "log.pem"),
            "STRONGROOM_LOG_ORIGIN": "example.com/damaged",
        },
    )
    archive.archive_here()
    seal(archive.house)
    desk = LegalDesk(archive)
    yield desk
    desk.house.engine.dispose()
    server.stop()


def keys_of(desk: LegalDesk, conversation_id: UUID) -> list[str]:
    """The keys of a conversation: its recordings, then the others."""
    statement = "SELECT key FROM objects WHERE conversation_id = :id ORDER BY recording_id IS NULL, key"
    return [key for (key,) in desk.archive.rows(statement, id=conversation_id)]


def asked(desk: LegalDesk, *conversations: UUID) -> Request:
    """A request of Anne's."""
    return create(desk.house, ANNE, conversations, WHY)


def prepared(desk: LegalDesk, request: Request) -> Request:
    """The same when it was prepared."""
    prepare(desk.house, request.request_id)
    return desk.read(request)


def test_a_changed_file_gets_no_link_and_the_others_do(desk: LegalDesk) -> None:
    anne = desk.key(ANNE)
    one = desk.conversations()[0]
    key = keys_of(desk, one)[0]
    storage = Storage(desk.archive.bucket)
    forged = bytearray(storage.body(key))
    forged[len(forged) // 2] ^= 1
    with storage.changed(key, bytes(forged), metadata=True), capture_logs() as logs:
        answer = retrieve(desk, anne, one)
    assert answer.status_code == 200
    told = answer.json()
    assert told["complete"] is False
    without = [file["key"] for file in told["files"] if file["downloadUrl"] is None]
    assert without == [key]
    assert {file["state"] for file in told["files"]} == {"damaged", "verified"}
    alarms = [line for line in logs if line["log_level"] == "error"]
    assert [line["object"] for line in alarms] == [desk.house.store.where(key)]
    assert desk.acts(one) == ["requested", "verified", "found damaged"]
    event = desk.custody(one)[-1]
    assert (event["details"]["key"], event["details"]["state"]) == (key, "damaged")
    assert count_requests(desk.house.engine).not_handed_over == 1
    damaged = next(file for file in told["files"] if file["downloadUrl"] is None)
    where = f"/api/v1/requests/{told['requestId']}/files/{damaged['fileId']}"
    assert desk.client.post(f"{where}/link", headers=anne).status_code == 404
    assert desk.client.get(f"{where}/content", headers=anne).status_code == 404


@pytest.mark.parametrize("part", ["manifest", "log"])
def test_where_manifest_or_log_are_not_what_they_were_nothing_is_handed_over(desk: LegalDesk, part: str) -> None:
    one = desk.conversations()[0]
    storage = Storage(desk.archive.bucket)
    if part == "manifest":
        keys = [key for key in keys_of(desk, one) if key.endswith("manifest.json")]
    else:
        keys = [key for key in storage if "/tile/entries/" in key]
    with ExitStack() as changes:
        for key in keys:
            changes.enter_context(storage.changed(key, storage.body(key)[:-1] + b"x"))
        request = prepared(desk, asked(desk, one))
    assert request.state == "damaged"
    assert {file.state for file in request.files} == {"damaged"}


def test_a_version_that_is_gone_is_missing(desk: LegalDesk) -> None:
    one, other = desk.conversations()[:2]
    key = keys_of(desk, one)[0]
    with Storage(desk.archive.bucket).without([key]):
        request = prepared(desk, asked(desk, one, other))
    assert request.state == "damaged"
    assert [file.key for file in request.files if file.state == "missing"] == [key]
    states = {conversation.conversation_id: conversation.state for conversation in request.conversations}
    assert states == {one: "damaged", other: "ready"}


def test_what_changes_after_it_was_verified_is_not_handed_over_to_its_end(desk: LegalDesk) -> None:
    one = desk.conversations()[0]
    request = prepared(desk, asked(desk, one))
    file = next(file for file in request.files if file.part != "manifest")
    storage = Storage(desk.archive.bucket)
    with storage.changed(file.key, storage.body(file.key)[:-1] + b"x"), pytest.raises(FoundDamaged):
        b"".join(fetch(desk.house, ANNE, request.request_id, file.file_id).chunks)
    assert desk.read(request).state == "damaged"
    with pytest.raises(NotThere):
        fetch(desk.house, ANNE, request.request_id, file.file_id)
    assert desk.acts(one)[-2:] == ["downloaded", "found damaged"]


def test_a_part_that_is_all_of_it_is_held_against_the_hash_as_well(desk: LegalDesk) -> None:
    """A player asks for `bytes=0-`, and plays to the end."""
    one = desk.conversations()[0]
    request = prepared(desk, asked(desk, one))
    file = next(file for file in request.files if file.part != "manifest")
    storage = Storage(desk.archive.bucket)
    assert file.size_bytes == len(storage.body(file.key))
    with storage.changed(file.key, b"x" + storage.body(file.key)[1:]):
        beginning = content(desk.house, ANNE, request.request_id, file.file_id, Wanted("bytes=0-9"))
        assert len(b"".join(beginning.chunks)) == 10
        whole = content(desk.house, ANNE, request.request_id, file.file_id, Wanted("bytes=0-"))
        assert whole.part is not None
        with pytest.raises(FoundDamaged):
            b"".join(whole.chunks)
    assert desk.read(request).state == "damaged"
    assert desk.acts(one)[-2:] == ["viewed", "found damaged"]


def test_killed_between_verifying_and_recording_it_is_verified_again_and_recorded_once(
    desk: LegalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.conversations()[0]
    request = asked(desk, one)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(preparing, "conversation_settled", die)
        prepare(desk.house, request.request_id)
    assert desk.acts(one) == ["requested"]
    assert {file.state for file in desk.read(request).files} == {"waiting"}
    prepare(desk.house, request.request_id)
    assert desk.read(request).state == "preparing"  # the dead one's lease holds still
    desk.let_pass(10)
    desk.work()
    assert desk.read(request).state == "ready"
    assert desk.acts(one) == ["requested", "verified"]


def test_two_prepare_at_once_and_it_is_verified_once(desk: LegalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    one = desk.conversations()[0]
    request = asked(desk, one)
    in_it, go_on = threading.Event(), threading.Event()

    def slowly(*arguments: object) -> object:
        in_it.set()
        assert go_on.wait(30)
        return check_conversation(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("strongroom.legal.verifying.check_conversation", slowly)
    first = threading.Thread(target=prepare, args=(desk.house, request.request_id))
    first.start()
    assert in_it.wait(30)
    prepare(desk.house, request.request_id)  # another thread of the same desk
    prepare(desk.archive.house, request.request_id)  # a worker
    go_on.set()
    first.join(30)
    assert desk.read(request).state == "ready"
    assert desk.acts(one) == ["requested", "verified"]


def test_cancelled_while_it_is_prepared_nothing_of_it_is_recorded(
    desk: LegalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.conversations()[0]
    request = asked(desk, one)

    def cancelling(*arguments: object) -> object:
        cancel(desk.house, ANNE, request.request_id)
        return check_conversation(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("strongroom.legal.verifying.check_conversation", cancelling)
    prepare(desk.house, request.request_id)
    stands = desk.read(request)
    assert stands.state == "cancelled"
    assert {file.state for file in stands.files} == {"waiting"}
    assert desk.acts(one) == ["requested", "cancelled"]
    with pytest.raises(NotNow):
        cancel(desk.house, ANNE, request.request_id)


def test_four_eyes_are_two_peoples(desk: LegalDesk) -> None:
    careful = desk.archive.open_house("desk", STRONGROOM_FOUR_EYES="true")
    one = desk.conversations()[0]
    both = principal("anne", "analyst", "approver")
    counsel = principal("counsel", "approver")
    request = create(careful, both, [one], WHY, on_behalf_of=counsel.name)
    prepare(desk.house, request.request_id)
    assert desk.read(request).state == "waiting"
    for nobody in (both, counsel, principal("COUNSEL", "approver")):
        with pytest.raises(Forbidden):
            approve(desk.house, nobody, request.request_id)
    with pytest.raises(Forbidden):
        approve(desk.house, BOB, request.request_id)
    assert approve(desk.house, EVE, request.request_id).state == "preparing"
    with pytest.raises(NotNow):
        refuse(desk.house, EVE, request.request_id, "too late")
    prepare(desk.house, request.request_id)
    assert desk.read(request).state == "ready"
    assert [(line["act"], line["actor"]) for line in desk.custody(one)] == [
        ("requested", both.name),
        ("approved", EVE.name),
        ("verified", desk.custody(one)[2]["actor"]),
    ]
    another = create(careful, both, [one], WHY)
    careful.engine.dispose()
    refused = refuse(desk.house, EVE, another.request_id, "no matter of that number")
    assert (refused.state, refused.cause) == ("refused", "no matter of that number")
    assert desk.acts(one)[-2:] == ["requested", "refused"]


def test_of_many_those_that_are_not_there_are_told_and_those_of_other_divisions_are_the_same(desk: LegalDesk) -> None:
    ours, other = desk.conversations()[:2]
    [(record,)] = desk.archive.rows("SELECT record FROM conversations WHERE conversation_id = :id LIMIT 1", id=ours)
    divisions = frozenset(record["divisionIds"])
    with desk.house.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE conversations SET record = jsonb_set(record::jsonb, '{divisionIds}', '[\"elsewhere\"]')::json"
            f" WHERE conversation_id = '{other}'"
        )
    unknown = uuid4()
    somebody = principal("divided", "analyst", divisions=divisions)
    request = create(desk.house, somebody, [ours, other, unknown, ours], WHY)
    states = {one.conversation_id: (one.state, one.cause) for one in request.conversations}
    assert states[ours][0] == "preparing"
    assert states[other] == states[unknown] == ("missing", "there is no such conversation")
    prepare(desk.house, request.request_id)
    assert desk.read(request, somebody).state == "ready"
    assert {file.conversation_id for file in desk.read(request, somebody).files} == {ours}
    file_id = desk.read(request, somebody).files[0].file_id
    issue(desk.house, somebody, request.request_id, file_id)
    moved = principal("divided", "analyst", divisions=frozenset({"elsewhere"}))
    for hand_out in (issue, fetch):
        with pytest.raises(NotThere):
            hand_out(desk.house, moved, request.request_id, file_id)
    assert desk.acts(other) == []
    [(details,)] = desk.archive.rows(
        "SELECT document FROM custody_events WHERE act = 'requested' AND conversation_id IS NULL"
    )
    assert str(unknown) in details
    assert str(other) in details
    with pytest.raises(NotThere):
        create(desk.house, somebody, [other], WHY)
    elsewhere = principal("elsewhere", "approver", divisions=frozenset({"elsewhere"}))
    with pytest.raises(NotThere):
        desk.read(request, elsewhere)
