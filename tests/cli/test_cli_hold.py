"""`strongroom hold`: placed by an account, released by two, and no customer's number on the terminal."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from command_line import Strongroom

from cli import hold
from strongroom.actor import Actor
from strongroom.ledger.engine import Engine

pytestmark = pytest.mark.usefixtures("environment", "engine")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The account that commands run under; the last one is the present one."""
    names = ["rita"]
    monkeypatch.setattr(hold, "operator", lambda: Actor(names[-1], "desk-1"))
    return names


def test_a_matter_from_its_placing_to_its_release(strongroom: Strongroom, account: list[str], tmp_path: Path) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    file = tmp_path / "ids.csv"
    file.write_text(f"conversationId,why\n{ids[1]},a\n{ids[2]},b\n")
    placed = strongroom(
        "hold", "place", "2026-114", ids[0], "--file", str(file), "--customer", "+44 20 7946 0017", "--from",
        "2025-05-14", "--reason", "Preservation notice", "--requester", "general.counsel@example.com", "--json",
    )  # fmt: skip
    assert placed.exit_code == 0 and "7946" not in placed.out
    document = placed.document
    assert document["new"] == 3 and sorted(document["not_there"]) == sorted(ids)
    assert document["matter"]["requester"] == "general.counsel@example.com"
    (search,) = document["matter"]["searches"]
    assert search["names_customer"] and search["search"] == {"ended_from": "2025-05-14T00:00:00+00:00"}

    listed = strongroom("hold", "list")
    assert "2026-114" in listed.out and "open" in listed.out
    one = strongroom("hold", "list", " 2026-114 ")
    assert all(each in one.out for each in ids) and "looks for a customer" in one.out and "7946" not in one.out
    whole = strongroom("hold", "list", "2026-114", "--json").document
    assert {each["conversation_id"] for each in whole["conversations"]} == set(ids)

    strongroom("hold", "approve", "2026-114").refused(1, "open")
    assert "release asked" in strongroom("hold", "release", "2026-114", "--reason", "settled").out
    strongroom("hold", "approve", "2026-114").refused(1, "asked for themselves")
    strongroom("hold", "place", "2026-114", ids[0], "--reason", "more").refused(1, "not open any more")
    account.append("robert")
    assert "open since" in strongroom("hold", "refuse", "2026-114", "--reason", "an appeal is pending").out
    strongroom("hold", "release", "2026-114", "--reason", "settled")
    account.append("rita")
    released = strongroom("hold", "approve", "2026-114")
    assert "released by rita" in released.out and "nothing any more" in released.out


def test_a_line_without_an_id_places_nothing(strongroom: Strongroom, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    for text, words in ((f"{uuid4()}\nthe one of last week\n", "line 2"), ("", "names no conversation")):
        file.write_text(text)
        strongroom("hold", "place", "17", "--file", str(file), "--reason", "why").refused(2, "--file", words)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM matters").scalar_one() == 0


def test_nothing_to_hold_no_such_matter_and_none_at_all(strongroom: Strongroom) -> None:
    strongroom("hold", "place", "17", "--reason", "why").refused(2, "nothing is to be held")
    for command in (["list", "17"], ["release", "17", "--reason", "why"], ["approve", "17"]):
        strongroom("hold", *command).refused(1, "no such matter")
    assert "no matter holds anything" in strongroom("hold", "list").out
    assert json.loads(strongroom("hold", "list", "--json").out) == {"matters": []}
