"""A day's custody in the vault: whole, once, locked, in the log; and a report that finds whatever was changed since."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from custody_material import backdate, tampered
from sealing_material import A_DAY, Sealing, StartSealing, log_in

from strongroom.actor import Actor
from strongroom.canonical import sha256_hex
from strongroom.evidence.custody import read_line, verify_chain
from strongroom.evidence.custody_report import CustodyReport
from strongroom.evidence.entries import CustodyEntry, PolicyEntry
from strongroom.ledger.custody import NewEvent, custody_head, events_between, record_events
from strongroom.ledger.custody_days import close_custody_days
from strongroom.ledger.lookup import UnknownConversation
from strongroom.pipeline.custody_days import store_custody_days
from strongroom.pipeline.custody_report import custody_report
from strongroom.pipeline.policies import store_policy
from strongroom.pipeline.seal import seal
from strongroom.times import day_of, utc_now
from strongroom.vault.store import Store

CUSTODY_PAGE = (Path(__file__).parents[2] / "docs" / "custody.md").read_text(encoding="utf-8")
ADA = Actor("ada", "desk-1")
CONVERSATION = uuid4()


def viewed(*conversations: UUID) -> list[NewEvent]:
    """Ada looked at each of these."""
    return [NewEvent("viewed", ADA, one, 1, "matter 7") for one in conversations]


@pytest.fixture
def sealing(start_sealing: StartSealing) -> Sealing:
    """Two days of custody that are over, and one that is not: 1 to 4, 5 and 6, 7. CONVERSATION has 2, 3, 5, 7."""
    sealing = start_sealing()
    record_events(sealing.engine, viewed(uuid4(), CONVERSATION, CONVERSATION, uuid4()))
    backdate(sealing.engine, 1)
    record_events(sealing.engine, viewed(CONVERSATION, uuid4()))
    backdate(sealing.engine, 1)
    record_events(sealing.engine, viewed(CONVERSATION))
    return sealing


def body(sealing: Sealing, key: str) -> bytes:
    """What stands at a key, in its one version."""
    (version,) = sealing.house.store.standing(key).versions
    return b"".join(sealing.house.store.read(key, version.version_id))


def report(sealing: Sealing, conversation_id: UUID = CONVERSATION) -> CustodyReport:
    """The report on a conversation."""
    return custody_report(sealing.engine, sealing.house.store, conversation_id, trial=False)


def test_each_day_that_is_over_stands_once_whole_and_locked(sealing: Sealing) -> None:
    first, second = store_custody_days(sealing.house)
    assert store_custody_days(sealing.house) == [first, second]
    today = day_of(utc_now())
    assert [first.day, second.day] == [today - timedelta(days=2), today - timedelta(days=1)]
    assert [(entry.first, entry.last, entry.events) for entry in (first, second)] == [(1, 4, 4), (5, 6, 2)]
    previous = "0" * 64
    for entry in (first, second):
        content = body(sealing, f"evidence/custody/{entry.day}.jsonl")
        assert (len(content), sha256_hex(content)) == (entry.size_bytes, entry.sha256)
        lines = content.removesuffix(b"\n").split(b"\n")
        verify_chain(lines, position=entry.first, previous=previous, head=entry.head)
        assert {read_line(line).at.astimezone(UTC).date() for line in lines} == {entry.day}
        assert lines == [row.line for row in events_between(sealing.engine, entry.first, entry.last)]
        lock = sealing.house.store.describe(entry.key, entry.version_id).lock
        assert lock is not None
        assert (lock.mode.value, lock.retain_until.year) == ("COMPLIANCE", utc_now().year + 7)
        previous = entry.head


def test_a_day_is_checked_by_hand_as_the_page_says(sealing: Sealing, tmp_path: Path) -> None:
    """In a shell, with the three commands of docs/custody.md and nothing of ours."""
    commands = CUSTODY_PAGE.split("## Checking a day by hand")[1].split("```")[1].replace("DAY", "day")
    _, second = store_custody_days(sealing.house)

    def by_hand(content: bytes) -> list[str]:
        (tmp_path / "day.jsonl").write_bytes(content)
        done = subprocess.run(["bash", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.stdout.splitlines()

    content = body(sealing, second.key)
    assert by_hand(content) == [f"{second.sha256}  day.jsonl", second.head]
    changed = by_hand(content.replace(b"ada", b"eve", 1))
    assert changed[0] != f"{second.sha256}  day.jsonl"
    assert changed[-1] != second.head


def test_days_and_policy_are_sealed_in_the_log(sealing: Sealing) -> None:
    sealing.settled(A_DAY, 1)
    seal(sealing.house)
    entries = log_in(sealing).entries
    assert [entry.day for entry in entries if isinstance(entry, CustodyEntry)] == [
        day_of(utc_now()) - timedelta(days=2),
        day_of(utc_now()) - timedelta(days=1),
    ]
    (policy,) = [entry for entry in entries if isinstance(entry, PolicyEntry)]
    assert body(sealing, f"evidence/policies/{sealing.house.policy.version}.yaml") == sealing.house.policy.text
    assert policy.policy_version == policy.sha256 == sealing.house.policy.version
    assert (store_policy(sealing.house), store_custody_days(sealing.house)) == (None, [])


def test_a_day_that_was_changed_is_not_stored_as_if_it_held(sealing: Sealing) -> None:
    close_custody_days(sealing.engine)
    two_days_ago, yesterday = (day_of(utc_now()) - timedelta(days=days) for days in (2, 1))
    for statement in (
        "UPDATE custody_events SET document = replace(document, 'ada', 'eve') WHERE position = 2",
        "DELETE FROM custody_events WHERE position = 2",
        "DELETE FROM custody_events WHERE position = 1",
        "UPDATE custody_days SET head = repeat('a', 64) WHERE first_position = 1",
    ):
        with tampered(sealing.engine, statement):
            assert [entry.day for entry in store_custody_days(sealing.house)] == [yesterday], statement
    assert sealing.house.store.standing(f"evidence/custody/{two_days_ago}.jsonl").versions == ()
    assert [entry.day for entry in store_custody_days(sealing.house)] == [two_days_ago, yesterday]


def test_the_report_holds_against_ledger_and_vault(sealing: Sealing) -> None:
    before = report(sealing)
    assert [day.standing for day in before.days] == ["not in the vault yet", "not in the vault yet", "not over"]
    first, second = store_custody_days(sealing.house)
    told = report(sealing)
    assert told.all_findings == ()
    assert [(event.position, event.act, event.actor, event.reason) for event in told.events] == [
        (position, "viewed", "ada", "matter 7") for position in (2, 3, 5, 7)
    ]
    assert [day.standing for day in told.days] == ["in the vault", "in the vault", "not over"]
    assert [(day.sha256, day.head) for day in told.days[:2]] == [(one.sha256, one.head) for one in (first, second)]
    assert told.document()["holds"] is True
    assert json.loads(json.dumps(told.document()))["events"][0]["hash"] == told.events[0].hash


CHANGES = {
    "UPDATE custody_events SET document = replace(document, 'ada', 'eve') WHERE position = 2": "event 2",
    "UPDATE custody_events SET document = replace(document, 'ada', 'eve') WHERE position = 1": "event 1",
    "UPDATE custody_events SET hash = repeat('a', 64) WHERE position = 5": "event 5",
    "UPDATE custody_events SET at = at + interval '1 second' WHERE position = 5": "event 5",
    "UPDATE custody_events SET document = '{}' WHERE position = 5": "event 5",
    "UPDATE custody_events SET conversation_id = gen_random_uuid() WHERE position = 3": "event 3",
    "DELETE FROM custody_events WHERE position = 2": "event 2",
    "DELETE FROM custody_events WHERE position = 3": "event 3",
    "DELETE FROM custody_events WHERE position = 1": "event 1",
    "DELETE FROM custody_events WHERE position = 4": "event 4",
    "UPDATE custody_days SET head = repeat('a', 64) WHERE first_position = 1": "event 4",
    "UPDATE evidence_objects SET sha256 = repeat('a', 64) WHERE kind = 'custody'": "evidence/custody/",
    "UPDATE evidence_objects SET version_id = gen_random_uuid()::text WHERE kind = 'custody'": "evidence/custody/",
}


def test_what_was_changed_in_the_ledger_is_found_and_named(sealing: Sealing) -> None:
    store_custody_days(sealing.house)
    for statement, named in CHANGES.items():
        with tampered(sealing.engine, statement):
            told = report(sealing)
        assert told.document()["holds"] is False
        assert named in " ".join(told.all_findings), statement
    assert report(sealing).all_findings == ()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "changed": lambda content: content.replace(b"ada", b"eve", 1),
    "cut after a line": lambda content: content[: content.index(b"\n") + 1],
    "without its end": lambda content: content[:-1],
    "with an empty line more": lambda content: content + b"\n",
    "empty": lambda content: b"",
}


def test_what_was_changed_in_the_vault_is_found(sealing: Sealing, monkeypatch: pytest.MonkeyPatch) -> None:
    store_custody_days(sealing.house)
    read = Store.read
    for name, damage in DAMAGES.items():
        damaged = lambda store, key, version, damage=damage: iter([damage(b"".join(read(store, key, version)))])  # noqa: E731
        monkeypatch.setattr(Store, "read", damaged)
        findings = report(sealing).all_findings
        assert len(findings) == 2, name
        assert all(finding.startswith("vault, custody of 2") for finding in findings)


def test_a_conversation_nobody_touched_and_one_nobody_knows(sealing: Sealing) -> None:
    (known,) = sealing.settled(A_DAY, 1)
    told = report(sealing, known)
    assert (told.events, told.days, told.all_findings) == ((), (), ())
    with pytest.raises(UnknownConversation):
        report(sealing, uuid4())


def test_the_chain_goes_on_after_what_was_stored(sealing: Sealing) -> None:
    _, second = store_custody_days(sealing.house)
    record_events(sealing.engine, viewed(uuid4()))
    kept = list(events_between(sealing.engine, second.last + 1, custody_head(sealing.engine).position))
    head = verify_chain((row.line for row in kept), position=second.last + 1, previous=second.head)
    assert (head.position, head.hash) == (8, custody_head(sealing.engine).hash)
