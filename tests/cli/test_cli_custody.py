"""`strongroom custody`: one conversation's chain, for people, machines and courts."""

import io
from pathlib import Path
from uuid import uuid4

import pytest
from command_line import Strongroom
from ledger_of_a_day import HOLDER, Day
from pypdf import PdfReader

from strongroom.actor import Actor
from strongroom.ledger.custody import NewEvent, events_of, record_events
from strongroom.ledger.engine import Engine
from strongroom.ledger.references import ConversationRef


@pytest.fixture
def touched(engine: Engine) -> ConversationRef:
    """A conversation with a recording that went to review, archived, and looked at by someone."""
    day = Day(engine).opened()
    ref = day.conversation(["failed"])
    day.settle(ref, "failed", "review", "Genesys says the recording failed (fileState ERROR)")
    day.archive(ref)
    record_events(engine, [NewEvent("viewed", Actor("Zoë \x1b[2J", "desk-1"), *ref, reason="matter 7")])
    return ref


def test_the_chain_of_a_conversation_in_words(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine, touched: ConversationRef
) -> None:
    outcome = strongroom("custody", str(touched.conversation_id))
    assert outcome.exit_code == 0
    told = " ".join(outcome.out.split())
    for row in events_of(engine, touched.conversation_id):
        assert row.hash in told
    assert "1 sent to review" in told
    assert "2 archived" in told
    assert "3 viewed" in told
    assert f"by whom strongroom from where {HOLDER.owner} why Genesys says the recording failed" in told
    assert "by whom Zoë �[2J from where desk-1 why matter 7" in told
    assert "3 events; the chain holds" in told
    assert "\x1b" not in outcome.out
    assert "no evidence" not in told


def test_the_chain_as_json(strongroom: Strongroom, environment: dict[str, str], touched: ConversationRef) -> None:
    document = strongroom("custody", str(touched.conversation_id), "--json").document
    assert (document["conversation_id"], document["holds"], document["findings"]) == (
        str(touched.conversation_id),
        True,
        [],
    )
    first, second, third = document["events"]
    assert [event["act"] for event in document["events"]] == ["sent to review", "archived", "viewed"]
    assert (first["previous"], second["previous"], third["previous"]) == ("0" * 64, first["hash"], second["hash"])
    assert first["details"] == {"recordingId": "failed"}
    assert [day["standing"] for day in document["days"]] == ["not over"]


def test_the_chain_as_a_pdf_that_replaces_nothing(
    strongroom: Strongroom, environment: dict[str, str], touched: ConversationRef, tmp_path: Path
) -> None:
    path = tmp_path / "custody.pdf"
    outcome = strongroom("custody", str(touched.conversation_id), "--pdf", str(path))
    assert outcome.exit_code == 0
    assert "3 events reported in" in outcome.out
    written = path.read_bytes()
    assert str(touched.conversation_id) in PdfReader(io.BytesIO(written)).pages[0].extract_text()
    strongroom("custody", str(touched.conversation_id), "--pdf", str(path)).refused(2, str(path), "not there yet")
    assert path.read_bytes() == written


def test_a_trial_says_that_it_is_no_evidence(
    strongroom: Strongroom, environment: dict[str, str], touched: ConversationRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_TRIAL", "true")
    monkeypatch.setenv("STRONGROOM_BUCKET", "cli-custody-trial")
    assert "made in a trial vault: no evidence" in strongroom("custody", str(touched.conversation_id)).out
    assert strongroom("custody", str(touched.conversation_id), "--json").document["trial"] is True


def test_what_does_not_hold_is_said_and_ends_with_one(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine, touched: ConversationRef
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("UPDATE custody_events SET document = replace(document, 'matter 7', 'matter 8')")
    outcome = strongroom("custody", str(touched.conversation_id))
    assert outcome.exit_code == 1
    assert "the chain does not hold" in outcome.out
    assert "! ledger, custody event 3: the row's hash is not its line's" in outcome.out
    assert strongroom("custody", str(touched.conversation_id), "--json").exit_code == 1


def test_a_conversation_nobody_knows_is_refused(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    strongroom("custody", str(uuid4())).refused(1, "the ledger knows no such conversation")
