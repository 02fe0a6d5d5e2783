"""`strongroom restore`: what an operator types and is told."""

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from restoring import Command, Restoring

from cli import restore
from cli.attention import attention


def test_it_asks_and_says_by_when_what_can_be_read_and_what_it_costs(restoring: Restoring, command: Command) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=None)
    conversation_id = restoring.keep("manifest.json", "r1.wav", size_bytes=200 * 1024 * 1024)
    exit_code, out, err = command(str(conversation_id), "--due-in", "4h", "--reason", "subpoena 17")
    assert (exit_code, err) == (0, "")
    assert "open since" in out
    assert "1 of 2 objects can be read" in out
    assert "retrieval costs about $0.0159" in out
    lines = {line.split()[0]: line.split()[1:4] for line in out.splitlines() if line.strip()}
    assert lines["manifest.json"] == ["STANDARD", "readable", "–"]
    assert lines["r1.wav"] == ["GLACIER", "asked", "Expedited"]
    [(requester, reason)] = restoring.rows("SELECT requester, reason FROM restores")
    assert (bool(requester), reason) == (True, "subpoena 17")
    assert restoring.custody(conversation_id)[0]["reason"] == "subpoena 17"


def test_what_will_be_late_ends_with_1_here_and_in_the_list(restoring: Restoring, command: Command) -> None:
    restoring.cold({"r1.wav": "DEEP_ARCHIVE"}, ready_after_s=None)
    conversation_id = restoring.keep("r1.wav")
    due = (datetime.now(UTC) + timedelta(hours=4)).strftime("%Y-%m-%dT%H:%MZ")
    exit_code, out, _ = command(str(conversation_id), "--due", due)
    assert exit_code == 1
    assert "! 1 of 1 objects may not be readable in time" in out
    exit_code, out, _ = command("--list")
    assert exit_code == 1
    assert str(conversation_id) in out
    assert "0 of 1 object" in out
    assert "may not be readable in time" in out
    assert [row.conversation_id for row in attention(restoring.house.engine).late_restores] == [conversation_id]


def test_json_has_every_object(restoring: Restoring, command: Command) -> None:
    restoring.cold({"r1.wav": "GLACIER"})
    conversation_id = restoring.keep("r1.wav")
    exit_code, out, err = command(str(conversation_id), "--due-in", "6h", "--json")
    assert (exit_code, err) == (0, "")
    document = json.loads(out)
    assert (document["state"], document["late"], document["usd"]) == ("open", None, 0.0001)
    [recording] = document["objects"]
    assert (recording["storage_class"], recording["tier"], recording["asks"]) == ("GLACIER", "Standard", 1)
    exit_code, out, _ = command("--list", "--json")
    assert [one["conversation_id"] for one in json.loads(out)["restores"]] == [str(conversation_id)]


def test_wait_stays_until_it_can_be_read_without_any_worker(
    restoring: Restoring, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    restoring.cold({"r1.wav": "GLACIER"}, ready_after_s=0.2)
    conversation_id = restoring.keep("r1.wav")

    def sleep(seconds: float) -> None:
        restoring.let_pass(60)
        time.sleep(0.2)

    monkeypatch.setattr(restore, "sleep", sleep)
    exit_code, out, _ = command(str(conversation_id), "--due-in", "4h", "--wait")
    assert exit_code == 0
    assert "waiting: 0 of 1 objects can be read" in out
    assert "ready since" in out


def test_an_empty_list_says_so(restoring: Restoring, command: Command) -> None:
    assert command("--list") == (0, "nothing is being restored\n", "")
    assert command("--list", "--json")[1] == '{\n  "restores": []\n}\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a conversation"),
        (("91fb60c3-12b2-4e1a-a558-b0836ed0dc3a",), "--due or --due-in"),
        (("91fb60c3-12b2-4e1a-a558-b0836ed0dc3a", "--due-in", "4h", "--due", "2099-01-01T00:00Z"), "366 days"),
        (("91fb60c3-12b2-4e1a-a558-b0836ed0dc3a", "--due", "2026-01-01T14:00"), "time zone included"),
        (("91fb60c3-12b2-4e1a-a558-b0836ed0dc3a", "--due", "2020-01-01T14:00Z"), "in the past"),
        (("91fb60c3-12b2-4e1a-a558-b0836ed0dc3a", "--due-in", "soon"), "90m, 4h or 2d"),
        (("not-an-id", "--due-in", "4h"), "valid UUID"),
        (("--list", "--wait"), "stands alone"),
    ],
)
def test_a_slip_of_the_pen_is_told_in_one_line(command: Command, arguments: tuple[str, ...], words: str) -> None:
    exit_code, out, err = command(*arguments)
    assert (exit_code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_a_conversation_nobody_knows_is_said_to_be_that(restoring: Restoring, command: Command) -> None:
    exit_code, out, err = command(str(uuid4()), "--due-in", "4h")
    assert (exit_code, out) == (1, "")
    assert "nothing of this conversation stands in the vault" in err
