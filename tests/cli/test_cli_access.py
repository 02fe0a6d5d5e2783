"""`strongroom user` and `api-key`: who is let in, shown, and let out again."""

import io

import pytest
from command_line import Strongroom
from sqlalchemy import text

from strongroom.ledger.engine import Engine
from strongroom.ledger.users import credential_of
from strongroom.legal.passwords import Passwords

USABLE = "several words for one"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What comes on standard input."""
    stdin = io.StringIO()
    monkeypatch.setattr("sys.stdin", stdin)
    return stdin


@pytest.mark.usefixtures("environment")
def test_a_user_is_added_listed_changed_and_disabled(
    strongroom: Strongroom, engine: Engine, typed: io.StringIO
) -> None:
    typed.write(f"{USABLE}\nmore\n")
    typed.seek(0)
    added = strongroom("user", "add", "Anne", "--role", "analyst", "--division", "d-1", "--password-stdin", "--json")
    assert added.exit_code == 0
    assert (added.document["name"], added.document["divisions"]) == ("anne", ["d-1"])
    assert USABLE not in added.out
    credential = credential_of(engine, "anne")
    assert credential is not None and Passwords().matches(credential.password_hash, USABLE)
    changed = strongroom(
        "user", "roles", "anne", "--role", "auditor", "--role", "operator", "--all-divisions", "--json"
    )
    assert (changed.document["roles"], changed.document["divisions"]) == (["auditor", "operator"], None)
    generated = strongroom("user", "password", "anne", "--generate", "--json").document["password"]
    credential = credential_of(engine, "anne")
    assert credential is not None and Passwords().matches(credential.password_hash, generated)
    assert strongroom("user", "disable", "anne").out.startswith("anne disabled")
    assert "disabled" in strongroom("user", "list").out
    assert strongroom("user", "disable", "anne", "--undo").exit_code == 0
    (listed,) = strongroom("user", "list", "--json").document["users"]
    assert (listed["disabled_at"], listed["last_signed_in_at"]) == (None, None)
    events = strongroom("user", "events", "--json").document["events"]
    assert [one["act"] for one in events] == [
        "user enabled", "user disabled", "password changed", "access changed", "user added",
    ]  # fmt: skip
    assert generated not in str(events) and USABLE not in str(events)


@pytest.mark.usefixtures("environment")
def test_who_let_whom_in_can_not_be_changed_afterwards(strongroom: Strongroom, engine: Engine) -> None:
    strongroom("user", "add", "anne", "--role", "analyst", "--all-divisions", "--generate")
    for statement in ("UPDATE access_events SET actor = 'x'", "DELETE FROM access_events", "TRUNCATE access_events"):
        with pytest.raises(Exception, match="only ever appended"), engine.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.usefixtures("environment", "engine")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["user", "add", "anne", "--role", "analyst", "--generate"], ["--division ID", "--all-divisions"]),
        (["user", "add", "anne", "--role", "king", "--all-divisions", "--generate"], ["--role"]),
        (["user", "add", "anne", "--all-divisions", "--generate"], ["--role"]),
        (["user", "add", "a:b", "--role", "analyst", "--all-divisions", "--generate"], ["a name has"]),
        (["user", "add", "anne", "--role", "analyst", "--all-divisions"], ["no terminal", "--password-stdin"]),
        (["user", "add", "anne", "--role", "analyst", "--all-divisions", "--password", "x"], ["--password"]),
        (["api-key", "add", "tool", "--role", "analyst", "--all-divisions"], ["--days"]),
        (["api-key", "add", "tool", "--role", "analyst", "--all-divisions", "--days", "367"], ["--days"]),
        (["api-key", "add", "tool", "--role", "analyst", "--days", "1", "--division", " "], ["division"]),
    ],
    ids=" ".join,
)
def test_what_is_not_whole_is_refused(
    strongroom: Strongroom, typed: io.StringIO, arguments: list[str], words: list[str]
) -> None:
    strongroom(*arguments).refused(2, *words)


@pytest.mark.usefixtures("environment", "engine")
def test_a_short_password_is_refused(strongroom: Strongroom, typed: io.StringIO) -> None:
    typed.write("short\n")
    typed.seek(0)
    strongroom("user", "add", "anne", "--role", "analyst", "--all-divisions", "--password-stdin").refused(
        2, "12 to 1,024"
    )


@pytest.mark.usefixtures("environment", "engine")
def test_a_name_is_given_once_and_an_unknown_one_is_told(strongroom: Strongroom) -> None:
    add = ("user", "add", "anne", "--role", "analyst", "--all-divisions", "--generate")
    assert strongroom(*add).exit_code == 0
    strongroom(*add).refused(1, "another user has this name")
    strongroom("user", "disable", "bob").refused(1, "no such user")
    strongroom("api-key", "revoke", "tool").refused(1, "no such key")


@pytest.mark.usefixtures("environment", "engine")
def test_a_key_is_shown_once_listed_without_it_and_revoked(strongroom: Strongroom) -> None:
    add = ("api-key", "add", "Tool", "--role", "analyst", "--division", "d-1", "--days", "90")
    added = strongroom(*add, "--json").document
    assert added["key"].startswith("strongroom_") and added["usable"]
    strongroom(*add).refused(1, "a key has this name")
    (listed,) = strongroom("api-key", "list", "--json").document["keys"]
    assert listed == {name: value for name, value in added.items() if name != "key"}
    assert strongroom("api-key", "revoke", "tool").out == "tool revoked\n"
    assert "revoked" in strongroom("api-key", "list").out
