"""`strongroom review` and `requeue`: what a person sees is what is put back to work."""

from datetime import date

import pytest
from command_line import Strongroom
from ledger_of_a_day import DAY, HOLDER, Day

from strongroom.ledger.discovering import REOPENED_AFTER_ERASURE
from strongroom.ledger.due import claim_recordings
from strongroom.ledger.engine import Engine
from strongroom.ledger.recordings import known_recordings, take_recording
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.review import Selection, review_counts, review_list

FAILED = "Genesys says the recording failed (fileState ERROR)"


@pytest.fixture
def in_review(engine: Engine) -> ConversationRef:
    """A conversation with one recording stored, one in review; another conversation in review itself."""
    day = Day(engine).opened()
    ref = day.conversation(["stored", "failed"])
    day.settle(ref, "stored", "stored")
    day.settle(ref, "failed", "review", FAILED)
    day.review(day.discovered(), "its retention ran out before it was archived")
    return ref


@pytest.fixture
def waiting(engine: Engine) -> ConversationRef:
    """A conversation with one recording due in fifty minutes, and one that a worker holds."""
    day = Day(engine).opened()
    ref = day.conversation(["later", "held"])
    day.wait(ref, "later", "still in processing")
    assert take_recording(engine, RecordingRef(*ref, "held"), HOLDER) is not None
    return ref


def test_review_as_json(strongroom: Strongroom, environment: dict[str, str], in_review: ConversationRef) -> None:
    recording, conversation = strongroom("review", "--json").document["rows"]
    assert recording.pop("since") <= conversation.pop("since")
    assert recording == {
        "day": "2025-05-14",
        "conversation_id": str(in_review.conversation_id),
        "revision": 1,
        "recording_id": "failed",
        "media": "audio",
        "reason": FAILED,
        "attempts": 1,
    }
    assert conversation["recording_id"] is None
    assert conversation["reason"] == "its retention ran out before it was archived"


@pytest.mark.parametrize("width", ["60", "200"])
def test_review_in_words_keeps_ids_whole_and_says_what_next(
    strongroom: Strongroom,
    environment: dict[str, str],
    in_review: ConversationRef,
    monkeypatch: pytest.MonkeyPatch,
    width: str,
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    out = strongroom("review").out
    assert max(len(line) for line in out.splitlines()) <= int(width)
    assert str(in_review.conversation_id) in out
    assert FAILED in " ".join(out.split())
    assert "2 rows in review" in out
    assert "strongroom requeue" in out


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        (["--day", "2025-05-14"], 2),
        (["--day", "2025-05-13"], 0),
        (["--reason", "FILESTATE error"], 1),
        (["--reason", "100%"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_review_and_a_dry_run_choose_is_what_requeue_takes(
    strongroom: Strongroom,
    environment: dict[str, str],
    in_review: ConversationRef,
    engine: Engine,
    choice: list[str],
    rows: int,
) -> None:
    listed = strongroom("review", *choice, "--json").document["rows"]
    dry = strongroom("requeue", *choice, "--dry-run", "--json").document
    assert (dry["count"], dry["rows"], dry["dry_run"]) == (rows, listed, True)
    assert len(review_list(engine, Selection())) == 2
    assert strongroom("requeue", *choice, "--json").document == {"state": "review", "dry_run": False, "count": rows}
    assert len(review_list(engine, Selection())) == 2 - rows


def test_requeue_by_recording_and_who_asked_is_recorded(
    strongroom: Strongroom,
    environment: dict[str, str],
    in_review: ConversationRef,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    outcome = strongroom("requeue", "--recording", "failed")
    assert (outcome.exit_code, outcome.out.split(";")[0]) == (0, "1 row re-queued")
    failed, stored = known_recordings(engine, in_review)
    assert (failed.state, stored.state) == ("waiting", "stored")
    assert failed.cause.startswith("re-queued by ")
    assert "somebody-else" not in failed.cause


def test_what_was_erased_is_listed_and_never_re_queued(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    day = Day(engine).opened()
    day.review(day.discovered(), REOPENED_AFTER_ERASURE)
    assert len(strongroom("review", "--kind", "erased", "--json").document["rows"]) == 1
    for choice in (["--all"], ["--kind", "erased"]):
        dry = strongroom("requeue", *choice, "--dry-run", "--json").document
        assert (dry["count"], dry["rows"]) == (0, [])
        assert strongroom("requeue", *choice, "--json").document["count"] == 0


def test_requeue_of_nothing_says_so(strongroom: Strongroom, environment: dict[str, str], engine: Engine) -> None:
    outcome = strongroom("requeue", "--all")
    assert (outcome.exit_code, outcome.out) == (
        0,
        "nothing that was chosen is to be re-queued; nothing was changed\n",
    )
    assert strongroom("review").out == "nothing is in review\n"


def test_waiting_recordings_are_made_due_now(
    strongroom: Strongroom, environment: dict[str, str], waiting: ConversationRef, engine: Engine
) -> None:
    assert claim_recordings(engine, grace_s=1_800, limit=10) == []
    dry = strongroom("requeue", "--state", "waiting", "--dry-run", "--json").document
    assert [row["recording_id"] for row in dry["rows"]] == ["later"]
    assert claim_recordings(engine, grace_s=1_800, limit=10) == []
    assert strongroom("requeue", "--state", "waiting", "--json").document["count"] == 1
    assert claim_recordings(engine, grace_s=1_800, limit=10) == [RecordingRef(*waiting, "later")]


def test_waiting_recordings_are_chosen_like_others(
    strongroom: Strongroom, environment: dict[str, str], waiting: ConversationRef
) -> None:
    def count(*choice: str) -> int:
        number: int = strongroom("requeue", "--state", "waiting", *choice, "--json").document["count"]
        return number

    assert count("--day", "2025-05-13") == 0
    assert count("--reason", "no such thing") == 0
    assert count("--conversation", str(waiting.conversation_id), "--to", "2025-05-20", "--day", "2025-05-01") == 1


def test_counts_by_day_agree_with_the_list(engine: Engine, in_review: ConversationRef) -> None:
    other_day = date(2025, 5, 20)
    Day(engine, other_day).review(Day(engine, other_day).discovered(), "for another reason")
    assert review_counts(engine, DAY, other_day) == {DAY: 2, other_day: 1}
    assert review_counts(engine, DAY, DAY) == {DAY: len(review_list(engine, Selection(first_day=DAY, last_day=DAY)))}


def test_what_a_terminal_would_obey_is_not_printed(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    day = Day(engine).opened()
    day.review(day.discovered(), "queue '\x1b[2J\x07evil' [bold]")
    out = strongroom("review").out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "evil' [bold]" in out


def test_rows_are_chosen_by_the_kind_of_their_reason(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine, in_review: ConversationRef
) -> None:
    listed = strongroom("review", "--kind", "failed-in-genesys", "--json").document["rows"]
    assert [row["reason"] for row in listed] == [FAILED]
    planned = strongroom("requeue", "--kind", "failed-in-genesys", "--dry-run", "--json").document
    assert planned["rows"] == listed
    assert strongroom("requeue", "--kind", "lock", "--json").document["count"] == 0
    assert len(review_list(engine, Selection())) == 2
    assert strongroom("requeue", "--kind", "failed-in-genesys", "--json").document["count"] == 1
    [left] = review_list(engine, Selection())
    assert left.recording_id is None
    assert strongroom("requeue", "--kind", "failed-in-genesys", "--state", "waiting", "--json").document["count"] == 0
    strongroom("review", "--kind", "bad luck").refused(2, "no kind of reason", "failed-in-genesys")
