"""`strongroom status`: a true picture from the ledger, for people and for machines."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from command_line import Strongroom
from ledger_of_a_day import CALLER, DAY, Day

from strongroom.ledger.checks import record_check
from strongroom.ledger.engine import Engine
from strongroom.ledger.verification import record_hashed
from strongroom.times import day_of, utc_now

YESTERDAY = day_of(utc_now()) - timedelta(days=1)


def a_day_under_way(engine: Engine) -> Day:
    """Two conversations archived (one in the default class), one captured, one in review, one not looked at yet."""
    day = Day(engine).opened()
    plain, defaulted = day.conversation(["r1"]), day.conversation(["r2", "r3"], defaulted=True)
    day.settle(plain, "r1", "stored")
    day.settle(defaulted, "r2", "absent")
    day.settle(defaulted, "r3", "review", "Genesys says the recording failed (fileState ERROR)")
    day.archive(plain)
    day.archive(defaulted)
    captured = day.conversation(["r4", "r5", "r6"])
    day.wait(captured, "r4", "still in processing [GET /recordings/r4]: asked again later")
    day.wait(captured, "r5", "still in processing [GET /recordings/r5]: asked again later")
    day.review(day.discovered(), "its retention ran out")
    day.discovered()
    return day.enumerated()


def test_the_whole_picture_as_json(strongroom: Strongroom, environment: dict[str, str], engine: Engine) -> None:
    a_day_under_way(engine)
    document = strongroom("status", str(DAY), "--json").document
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document["run"].pop("since"))
    assert document["waiting"].pop("oldest_first_seen_at") < document["waiting"].pop("next_due_at")
    assert document == {
        "day": "2025-05-14",
        "finished": False,
        "run": {"state": "capturing", "cause": "enumerated: 1 ended conversations"},
        "conversations": {
            "discovered": 1,
            "capturing": 1,
            "archived": 2,
            "review": 1,
            "expired": 0,
            "ending": 0,
            "ended": 0,
        },
        "recordings": {"expected": 1, "waiting": 2, "stored": 1, "absent": 1, "review": 1},
        "review": 2,
        "waiting": {"causes": {"still in processing": 2}},
        "retention_classes": {"healthcare-voice": 2, "unclassified": 1},
        "defaulted": 1,
        "objects": 0,
        "bytes": 0,
        "sealed": None,
        "unsealed_manifests": 0,
        "reconciled": None,
    }


@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_the_whole_picture_in_words(
    strongroom: Strongroom,
    environment: dict[str, str],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    width: str,
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    a_day_under_way(engine)
    outcome = strongroom("status", str(DAY))
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert max(len(line) for line in outcome.out.splitlines()) <= int(width)
    words = " ".join(outcome.out.split())
    assert "2025-05-14 capturing since 20" in words
    assert "conversations 5 discovered 1, capturing 1, archived 2, review 1" in words
    assert "waiting 2 next due 20" in words
    assert "2: still in processing" in words
    assert "review 2 see: strongroom review --day 2025-05-14" in words
    assert "unclassified" in words
    assert "! 1 conversation fell to the default class" in words
    assert "…" not in words


def test_a_day_without_a_run_says_how_to_archive_it(strongroom: Strongroom, environment: dict[str, str]) -> None:
    outcome = strongroom("status", str(DAY))
    assert outcome.exit_code == 0
    assert "strongroom archive 2025-05-14" in outcome.out
    assert strongroom("status", str(DAY), "--json").document["run"] is None


def test_the_latest_days_and_those_that_nobody_archived(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_CATCH_UP_DAYS", "2")
    first = YESTERDAY - timedelta(days=9)
    gap = [first + timedelta(days=1), first + timedelta(days=2), first + timedelta(days=4)]
    for offset in (0, 3, 5, 6, 7, 8, 9):
        Day(engine, first + timedelta(days=offset)).opened().enumerated().settled()
    document = strongroom("status", "--json").document
    assert document["days"][0]["day"] == str(YESTERDAY)
    assert len(document["days"]) == 7
    assert document["forgotten_days"] == [str(day) for day in gap]
    lines = strongroom("status").out.splitlines()
    assert f"  strongroom archive {gap[0]} --to {gap[1]}" in lines
    assert f"  strongroom archive {gap[2]}" in lines
    assert any(re.match(rf"{first} +settled +0/0 +0/0 +0 +0 +0 bytes", line) for line in lines)


def test_with_nothing_archived_it_says_how_to_begin(strongroom: Strongroom, environment: dict[str, str]) -> None:
    assert "strongroom archive yesterday" in strongroom("status").out
    assert strongroom("status", "--json").document == {
        "days": [],
        "forgotten_days": [],
        "late_restores": [],
        "failed_checks": [],
        "damaged_records": 0,
    }


def test_no_personal_data_is_shown(strongroom: Strongroom, environment: dict[str, str], engine: Engine) -> None:
    a_day_under_way(engine)
    for command in (["status"], ["status", str(DAY)], ["review"]):
        for flags in ([], ["--json"]):
            outcome = strongroom(*command, *flags)
            assert CALLER not in outcome.out
            assert "Ada" not in outcome.out


def test_days_fit_a_narrow_terminal(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    a_day_under_way(engine)
    outcome = strongroom("status")
    assert max(len(line) for line in outcome.out.splitlines()) <= 60
    assert "archived 2/5, stored 1/6, waiting 2, review 2" in outcome.out


class TestWatch:
    """`--watch`, with what the fleet does meanwhile played between two looks."""

    def test_it_stops_when_the_day_is_finished(
        self, strongroom: Strongroom, environment: dict[str, str], engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        day = Day(engine).opened()
        conversation = day.conversation()
        day.enumerated()
        steps = iter([lambda: day.archive(conversation), day.settled])
        monkeypatch.setattr("cli.watching.sleep", lambda _: next(steps)())
        outcome = strongroom("status", str(DAY), "--watch")
        assert outcome.exit_code == 0
        lines = outcome.out.splitlines()
        assert lines[0].startswith("2025-05-14  capturing: conversations 0/1")
        assert lines[-1] == "2025-05-14  settled: conversations 1/1, recordings 0/0, waiting 0, review 0"
        assert next(steps, None) is None

    def test_as_json_it_prints_a_line_at_each_change(
        self, strongroom: Strongroom, environment: dict[str, str], engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        day = Day(engine).opened()
        steps = iter([lambda: None, day.enumerated, day.settled])
        monkeypatch.setattr("cli.watching.sleep", lambda _: next(steps)())
        outcome = strongroom("status", "--watch", "--json")
        documents = [json.loads(line) for line in outcome.out.splitlines()]
        assert [each["run"]["state"] for each in documents] == ["enumerating", "capturing", "settled"]
        assert [each["finished"] for each in documents] == [False, False, True]

    def test_ctrl_c_ends_the_watching_with_0(
        self, strongroom: Strongroom, environment: dict[str, str], engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        Day(engine).opened()
        monkeypatch.setattr("cli.watching.sleep", interrupt)
        outcome = strongroom("status", "--watch")
        assert (outcome.exit_code, outcome.err) == (0, "")


def test_a_record_found_damaged_is_shown_until_it_is_hashed_clean(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    damaged, other = uuid4(), uuid4()
    record_hashed(engine, [(damaged, 1, 2), (damaged, 2, 2)])
    record_hashed(engine, [(other, 1, 0)])
    assert strongroom("status", "--json").document["damaged_records"] == 1
    assert "! 1 record not as archived when last hashed" in strongroom("status").out
    record_hashed(engine, [(damaged, 1, 0), (damaged, 2, 0)])
    assert strongroom("status", "--json").document["damaged_records"] == 0
    assert "!" not in strongroom("status").out


def test_the_last_failed_check_is_shown_until_a_clean_one_of_everything(
    strongroom: Strongroom, environment: dict[str, str], engine: Engine
) -> None:
    def checked(kind: str, scope: str, *findings: str) -> None:
        told = [{"kind": "lock-short", "what": what, "where": "s3://vault/x"} for what in findings]
        record_check(engine, kind, scope, utc_now(), 7, told)

    def failed() -> list[tuple[str, str, int]]:
        document = strongroom("status", "--json").document
        return [(each["check"], each["scope"], each["findings"]) for each in document["failed_checks"]]

    checked("vault", "sample", "its lock is short")
    checked("proven", "all", "the bytes are others", "it does not stand")
    checked("hashed", "a share")
    assert failed() == [("proven", "all", 2), ("vault", "sample", 1)]
    out = strongroom("status").out
    assert "! check `proven` of all" in out
    assert "2 findings, the first: the bytes are others [s3://vault/x]" in out
    assert "strongroom vault check" in out
    checked("vault", "sample")
    checked("proven", "2025-05-14")
    assert failed() == [("proven", "all", 2), ("vault", "sample", 1)], "another sample, another day"
    checked("vault", "all")
    assert failed() == [("proven", "all", 2)]
    checked("proven", "all")
    assert failed() == []
    checked("proven", "2025-05-14", "it does not stand")
    checked("proven", "2025-05-15")
    assert failed() == [("proven", "2025-05-14", 1)]
    checked("proven", "2025-05-14")
    assert failed() == []
    assert "!" not in strongroom("status").out
