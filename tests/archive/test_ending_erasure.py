"""Erasure across classes: what may go goes, the rest stays with its article; cut off anywhere, nothing half gone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from archives import Archive, StartArchive
from ending import ANNE, EVE, RITA, RON, Life, person
from sqlalchemy import text

from strongroom.actor import Actor
from strongroom.evidence.keys import new_key_file
from strongroom.house import bucket_blueprint
from strongroom.ledger import ending_steps
from strongroom.legal import carrying_out, endings, erasure, holds
from strongroom.legal.access import Forbidden
from strongroom.legal.answering import draft_answer
from strongroom.legal.errors import Misuse
from strongroom.legal.holding import apply_hold, holds_due
from strongroom.legal.requests import cancel, create
from strongroom.legal.verdicts import LEGAL_CLAIMS, LEGAL_OBLIGATION
from strongroom.pipeline.seal import seal
from strongroom.pipeline.vault_check import check_vault
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope

ADA = Actor("ada", "desk-1")
CUSTOMER = "+353861234567"
ERASABLE = ("ivr-self-service", "unclassified")


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def life(start_archive: StartArchive, tmp_path: Path) -> Iterator[Life]:
    """A sealed day whose records are all one customer's."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/erasure")
    archive = start_archive(
        conversations=14,
        settings={"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/erasure"},
    )
    archive.archive_here()
    seal(archive.house)
    with archive.engine.begin() as connection:
        connection.execute(text("UPDATE search_records SET addresses = ARRAY[:one]"), {"one": CUSTOMER})
    yield Life(archive)


def clean(archive: Archive) -> None:
    """Vault, ledger and log agree."""
    assert verify(archive.house, Scope(), Depth.PROVEN, ADA).findings == ()
    blueprint = bucket_blueprint(archive.house.settings, archive.house.policy)
    assert check_vault(archive.house.engine, archive.house.store, blueprint, None).faults == []


def whole_or_gone(life: Life, conversation_ids: list[UUID]) -> None:
    """Of each record all objects stand, or none does, or it is said to be ending."""
    for one in conversation_ids:
        keys = {row.key for row in life.archive.rows("SELECT key FROM objects WHERE conversation_id = :one", one=one)}
        states = {
            row.state
            for row in life.archive.rows("SELECT state FROM conversations WHERE conversation_id = :one", one=one)
        }
        if states == {"archived"}:
            assert set(life.standing(one)) == keys != set()
        elif states == {"ended"}:
            assert (life.standing(one), keys) == ([], set())
        else:
            assert states == {"ending"}


@pytest.mark.long
def test_one_customer_across_classes_with_a_crash_at_every_step(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = life.archive
    erasable, others = (
        life.conversations(*ERASABLE),
        sorted(set(life.conversations()) - set(life.conversations(*ERASABLE))),
    )
    assert len(erasable) >= 3
    assert others
    held, asked, *going = erasable
    matter = holds.place(life.house, RITA, "Miller v. Bank", "a claim was filed", conversations=[held]).matter
    for conversation_id in holds_due(life.house).conversations:
        apply_hold(life.house, conversation_id)
    request = create(life.house, ANNE, [asked], "Subpoena 17")

    made = life.erasure("DSR-2026-17", address=CUSTOMER)
    number = made.ending.ending_id
    told = {one.conversation_id: one for one in endings.records(life.house, RITA, "erasure", number, limit=100)}
    assert {one for one in told if told[one].state == "listed"} == set(going)
    assert (told[held].state, told[held].article) == ("held", LEGAL_CLAIMS)
    assert "Miller v. Bank" in told[held].cause
    assert (told[asked].state, told[asked].article) == ("kept", LEGAL_CLAIMS)
    assert {(told[one].state, told[one].article) for one in others} == {("kept", LEGAL_OBLIGATION)}
    assert all(told[one].basis in told[one].cause for one in others)
    answer = draft_answer(made)
    assert "17(3)(b)" in answer
    assert "17(3)(e)" in answer
    assert CUSTOMER not in answer + str(archive.rows("SELECT * FROM endings")) + str(
        archive.rows("SELECT * FROM ending_records")
    )

    for owner, name, after in DEATHS:
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, _dying(getattr(owner, name), after=after))
            with pytest.raises(Killed):
                life.run("erasure", number)
        whole_or_gone(life, [*erasable, *others])
        assert verify(archive.house, Scope(), Depth.LISTED, ADA).findings == (), name
    done = life.run("erasure", number)
    assert done.finished
    whole_or_gone(life, [*erasable, *others])
    assert {one for one in erasable + others if not life.standing(one)} == set(going)
    clean(archive)
    seal(archive.house)
    clean(archive)
    events = archive.rows("SELECT conversation_id FROM custody_events WHERE act = 'erased'")
    assert sorted(row.conversation_id for row in events) == sorted(going), "each once, whatever was cut off"
    numbers = [row.number for row in archive.rows("SELECT number FROM certificates ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1))
    stored = archive.rows("SELECT key FROM evidence_objects WHERE kind = 'certificate' AND version_id IS NOT NULL")
    assert len(stored) == len(numbers)
    held_by_all = archive.rows("SELECT document FROM certificates")
    assert CUSTOMER not in str(held_by_all)

    # released, and no longer asked for: both may go now, under another list
    holds.ask_release(life.house, RITA, matter.matter_id, "the claim was settled")
    cancel(life.house, ANNE, request.request_id)
    still = life.erasure("DSR-2026-17", conversation_ids=[held, asked])
    assert set(life.states("erasure", still.ending.ending_id).values()) == {"held", "listed"}
    holds.approve(life.house, RON, matter.matter_id)
    unsettled = life.erasure("DSR-2026-17", conversation_ids=[held])
    assert life.states("erasure", unsettled.ending.ending_id) == {held: "held"}, "the store still has the hold"
    for conversation_id in holds_due(life.house).conversations:
        apply_hold(life.house, conversation_id)
    last = life.erasure("DSR-2026-17", conversation_ids=[held])
    assert life.run("erasure", last.ending.ending_id).ended == 1
    clean(archive)


# each run comes one step further than the one before, and dies there, before the step or behind it
DEATHS = [
    (owner, name, after)
    for owner, name in (
        (ending_steps, "begin_deleting"),
        (carrying_out, "delete_version"),
        (ending_steps, "record_deleted"),
        (ending_steps, "certify"),
        (carrying_out, "store_evidence"),
        (ending_steps, "end_record"),
    )
    for after in (False, True)
]


def _dying(real: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    """A step at which the process dies."""

    def dies(*arguments: Any, **options: Any) -> Any:
        if after:
            real(*arguments, **options)
        raise Killed

    return dies


@pytest.mark.long
def test_a_case_s_number_is_no_person_and_the_right_is_asked_for(life: Life) -> None:
    for reference in ("", "Mrs Müller", "+353 86 123 4567", "a@b.example", "353861234567", "x" * 65):
        with pytest.raises(Misuse):
            erasure.assess(life.house, RITA, reference, address=CUSTOMER)
    for who in (ANNE, EVE, person("otto", "auditor"), person("olga", "operator")):
        with pytest.raises(Forbidden):
            erasure.assess(life.house, who, "DSR-1", address=CUSTOMER)
    assert life.archive.rows("SELECT * FROM endings") == []
