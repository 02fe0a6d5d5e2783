"""Each alert fires when its cause is there, none in a quiet night, and the runbook knows each; by promtool."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from alerting import ALERTS, REPOSITORY, alerts, firing, promtool
from ledger_of_a_day import Day
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from sqlalchemy import text

from config.environment import load_settings
from strongroom.evidence.findings import WRONG, VerifyFinding
from strongroom.genesys.allowance import Allowance
from strongroom.genesys.patience import Patience
from strongroom.house import open_allowances
from strongroom.ledger.checks import record_check
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.gauges import show_sign_of_life
from strongroom.ledger.verification import record_hashed
from strongroom.times import day_of, utc_now
from tasks.exporter import LedgerCollector
from tasks.fleet import Fleet

YESTERDAY = day_of(utc_now()) - timedelta(days=1)
Cause = Callable[[Engine], None]


def _sql(*statements: str, **values: Any) -> Cause:
    def cause(engine: Engine) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    return cause


def _request(state: str, needed_in: str, due_in: str) -> str:
    return (
        "INSERT INTO requests (request_id, requester, origin, justification, needed_by, open_until, due_at, state,"
        f" cause) VALUES (:id, 'anne', 'here', 'why', now() + interval '{needed_in}', now() + interval '9 days',"
        f" now() + interval '{due_in}', '{state}', '')"
    )


def _hold(due_in: str, asked: str) -> Cause:
    return _sql(
        "INSERT INTO conversation_holds (conversation_id, state, cause, first_seen_at, state_at, due_at) VALUES (:id,"
        f" 'wanted', '', now() - interval '9 days', now() - interval '{asked}', now() + interval '{due_in}')",
        id=uuid4(),
    )


REQUEST = {"id": uuid4()}
LOCK = "version v1 has GOVERNANCE until 2026-01-01T00:00:00Z, and must have COMPLIANCE until 2033-01-01T00:00:00Z: do"
CAUSES: dict[str, tuple[Cause, frozenset[str]]] = {
    "StrongroomSweepSilent": (
        _sql("UPDATE signs_of_life SET seen_at = seen_at - interval '1 hour' WHERE sign = 'sweep'"),
        frozenset(),
    ),
    "StrongroomRestoreWorkersSilent": (_sql("DELETE FROM signs_of_life WHERE sign = 'restores'"), frozenset()),
    "StrongroomWorkStuck": (
        lambda engine: (
            Day(engine, YESTERDAY).discovered(),
            _sql("UPDATE conversations SET due_at = now() - interval '5 hours'")(engine),
        )[1],
        frozenset(),
    ),
    "StrongroomLegalWorkStuck": (_sql(_request("preparing", "3 hours", "-1 hour"), **REQUEST), frozenset()),
    "StrongroomHoldsWaiting": (_hold("1 minute", "5 hours"), frozenset()),
    "StrongroomDayUnsettled": (
        _sql(
            "INSERT INTO runs (day, state, cause, first_seen_at, due_at) VALUES (:day, 'capturing', '',"
            " now() - interval '10 hours', now())",
            day=YESTERDAY - timedelta(days=1),
        ),
        frozenset(),
    ),
    "StrongroomDeadlineNear": (
        lambda engine: (
            (day := Day(engine, YESTERDAY)).wait(day.conversation(["a"]), "a", "the recording is being processed"),
            _sql("UPDATE recordings SET deadline_at = now() + interval '20 minutes'")(engine),
        )[1],
        frozenset(),
    ),
    "StrongroomReview": (
        lambda engine: Day(engine, YESTERDAY).review(Day(engine, YESTERDAY).discovered(), "unexpected KeyError in x"),
        frozenset(),
    ),
    "StrongroomLockFailure": (
        lambda engine: Day(engine, YESTERDAY).review(Day(engine, YESTERDAY).discovered(), LOCK),
        frozenset({"StrongroomReview"}),
    ),
    "StrongroomCheckFindings": (
        lambda engine: record_check(engine, "vault", "sample", utc_now(), 9, [{"kind": "tag-missing"}]),
        frozenset(),
    ),
    "StrongroomRecordsDamaged": (lambda engine: record_hashed(engine, [(uuid4(), 1, 1)]), frozenset()),
    "StrongroomCheckMissing": (
        _sql("UPDATE checks SET ended_at = ended_at - interval '2 days' WHERE kind = 'vault'"),
        frozenset(),
    ),
    "StrongroomUnsealed": (
        _sql("DELETE FROM sealed_days", "UPDATE runs SET state_at = now() - interval '7 hours'"),
        frozenset(),
    ),
    "StrongroomCheckpointTrouble": (_sql("UPDATE checkpoints SET witness_error = 'no answer'"), frozenset()),
    "StrongroomUnverified": (
        lambda engine: (
            (day := Day(engine, YESTERDAY)).archive(day.conversation()),
            _sql("UPDATE conversations SET state_at = now() - interval '101 days'")(engine),
        )[1],
        frozenset(),
    ),
    "StrongroomRequestDueSoon": (_sql(_request("preparing", "30 minutes", "1 minute"), **REQUEST), frozenset()),
    "StrongroomRequestLate": (_sql(_request("preparing", "-1 minute", "1 minute"), **REQUEST), frozenset()),
    "StrongroomRestoreLate": (
        _sql(
            "INSERT INTO restores (conversation_id, needed_by, needed_until, requester, state, cause, due_at,"
            " warned_at) VALUES (:id, now() + interval '2 hours', now() + interval '9 days', 'anne', 'open', '',"
            " now() + interval '1 minute', now())",
            **REQUEST,
        ),
        frozenset(),
    ),
    "StrongroomFilesNotHandedOver": (
        _sql(
            _request("damaged", "2 hours", "1 hour"),
            "INSERT INTO request_conversations (request_id, conversation_id, state, cause)"
            " VALUES (:id, :id, 'damaged', '')",
            "INSERT INTO request_files (request_id, conversation_id, revision, part, key, version_id, size_bytes,"
            " sha256, content_type, state, cause)"
            " VALUES (:id, :id, 1, 'p', 'k', 'v', 1, repeat('a', 64), 't', 'damaged', '')",
            **REQUEST,
        ),
        frozenset(),
    ),
    "StrongroomNoticesUndelivered": (
        _sql(
            "INSERT INTO notices (kind, subject, channel, message, state, cause, attempts)"
            " VALUES ('review', 's', 'email', 'm', 'waiting', 'no answer', 3)"
        ),
        frozenset(),
    ),
}
"""What causes each alert in the ledger, and which other alerts it rightly causes as well."""
OTHERWISE = {
    "StrongroomUnwatched",
    "StrongroomLedgerDown",
    "StrongroomBrokerDown",
    "StrongroomDaysForgotten",
    "StrongroomAllowanceUsedUp",
    "StrongroomCheckNeverRan",
}
"""Those whose cause is not in the ledger, or that wait for long: tests of their own, below."""


@pytest.fixture
def quiet(environment: dict[str, str], engine: Engine, redis_url: str) -> dict[str, str]:
    """A quiet night: yesterday settled and sealed, everything checked, the fleet alive; and its settings."""
    _sql(
        "INSERT INTO runs (day, state, cause) VALUES (:day, 'settled', 'done')",
        "INSERT INTO checkpoints (size, root, note) VALUES (1, repeat('a', 64), 'note')",
        "INSERT INTO sealed_days (day, checkpoint_size, manifests) VALUES (:day, 1, 0)",
        day=YESTERDAY,
    )(engine)
    for kind, scope in (("vault", "sample"), ("hashed", "a share")):
        record_check(engine, kind, scope, utc_now(), 9, [])
    for sign in ("sweep", "restores"):
        show_sign_of_life(engine, sign)
    return environment | {"STRONGROOM_REDIS_URL": redis_url, "STRONGROOM_START_DAY": YESTERDAY.isoformat()}


def _exposed(environment: dict[str, str], engine: Engine) -> str:
    settings = load_settings(environment)
    registry = CollectorRegistry()
    registry.register(LedgerCollector(settings, engine, Fleet(settings)))
    return generate_latest(registry).decode()


def test_a_quiet_night_wakes_nobody(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    assert firing(_exposed(quiet, engine), tmp_path) == set()


@pytest.mark.parametrize("alert", sorted(CAUSES))
def test_it_fires_for_its_cause(quiet: dict[str, str], engine: Engine, tmp_path: Path, alert: str) -> None:
    cause, others = CAUSES[alert]
    cause(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == {alert} | others


def test_without_metrics_somebody_is_woken(tmp_path: Path) -> None:
    assert firing("# TYPE up gauge\nup 0\n", tmp_path) == {"StrongroomUnwatched"}


def test_without_a_ledger(quiet: dict[str, str], closed_port: int, tmp_path: Path) -> None:
    nothing = connect(f"postgresql://nobody@127.0.0.1:{closed_port}/none", connect_timeout_s=2)
    assert firing(_exposed(quiet, nothing), tmp_path) == {"StrongroomLedgerDown"}


def test_without_a_broker(quiet: dict[str, str], engine: Engine, closed_port: int, tmp_path: Path) -> None:
    no_broker = quiet | {"STRONGROOM_REDIS_URL": f"redis://127.0.0.1:{closed_port}/0"}
    assert firing(_exposed(no_broker, engine), tmp_path) == {"StrongroomBrokerDown"}


def test_with_days_that_no_catch_up_reaches(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    long_ago = quiet | {"STRONGROOM_START_DAY": "2026-01-01", "STRONGROOM_CATCH_UP_DAYS": "0"}
    assert firing(_exposed(long_ago, engine), tmp_path) == {"StrongroomDaysForgotten"}


def test_with_every_clients_requests_used_up(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    settings = load_settings(quiet)
    book = open_allowances(settings)
    one, other = (book.of(client.client_id) for client in settings.genesys_clients)
    _use_up(one)
    Day(engine, YESTERDAY).discovered()
    assert firing(_exposed(quiet, engine), tmp_path) == set(), "the other client has room"
    _use_up(other)
    assert firing(_exposed(quiet, engine), tmp_path) == {"StrongroomAllowanceUsedUp"}
    _sql("UPDATE conversations SET state = 'expired'")(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == set(), "nothing waits for them"


def _use_up(allowance: Allowance) -> None:
    told = {"inin-ratelimit-allowed": "300", "inin-ratelimit-count": "300", "inin-ratelimit-reset": "60"}
    with allowance.slot(Patience(5), 5, "a test", "GET other") as slot:
        slot.heard(200, told)


@pytest.mark.parametrize("kind", ["vault", "hashed"])
def test_a_check_that_never_came_to_its_end(quiet: dict[str, str], engine: Engine, tmp_path: Path, kind: str) -> None:
    (day := Day(engine, YESTERDAY)).archive(day.conversation())
    assert firing(_exposed(quiet, engine), tmp_path, hours=40) == set()
    _sql("DELETE FROM checks WHERE kind = :kind", kind=kind)(engine)
    exposed = _exposed(quiet, engine)
    assert firing(exposed, tmp_path) == set(), "it was installed today"
    assert firing(exposed, tmp_path, hours=40) == {"StrongroomCheckNeverRan"}


def test_where_nothing_is_archived_nothing_is_hashed(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    _sql("DELETE FROM checks WHERE kind = 'hashed'")(engine)
    assert firing(_exposed(quiet, engine), tmp_path, hours=40) == set()


def _found(what: str, where: str) -> list[dict[str, object]]:
    return [{"kind": what, "what": "", "where": where, "mend": "", "is_remark": False}]


def test_a_hold_that_nobody_takes(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    _hold("-1 hour", "1 hour")(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == {"StrongroomLegalWorkStuck"}


def test_a_back_fill_that_is_stopped_wakes_nobody(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    day = Day(engine, YESTERDAY - timedelta(days=400)).opened()
    day.conversation(["a"])
    day.discovered()
    for table in ("runs", "conversations", "recordings"):
        _sql(
            f"UPDATE {table} SET background = true, due_at = now() - interval '3 days',"
            " first_seen_at = now() - interval '3 days' WHERE state <> 'settled'"
        )(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == set()


def _restores(number: int, state: str, needed_until: str) -> Cause:
    return _sql(
        "INSERT INTO restores (conversation_id, needed_by, needed_until, requester, state, cause, due_at, warned_at)"
        f" SELECT gen_random_uuid(), now() + interval '2 hours', now() + interval '{needed_until}', 'anne', '{state}',"
        f" '', now() + interval '1 minute', now() FROM generate_series(1, {number})"
    )


def test_every_late_restore_is_counted(quiet: dict[str, str], engine: Engine) -> None:
    for cause in (_restores(150, "open", "9 days"), _restores(7, "failed", "9 days"), _restores(5, "failed", "-1 day")):
        cause(engine)
    assert "strongroom_restores_late 157.0\n" in _exposed(quiet, engine)


def test_a_restore_that_fails_at_once_is_late(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    _restores(1, "failed", "9 days")(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == {"StrongroomRestoreLate"}


def test_a_notice_that_was_given_up_is_told_of_for_a_day(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    CAUSES["StrongroomNoticesUndelivered"][0](engine)
    _sql("UPDATE notices SET state = 'failed', state_at = now() - interval '20 hours'")(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == {"StrongroomNoticesUndelivered"}
    _sql("UPDATE notices SET state_at = now() - interval '25 hours'")(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == set()


def test_a_sample_that_is_clean_answers_none_of_other_objects(
    quiet: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    record_check(engine, "vault", "sample", utc_now(), 9, _found("lock-short", "s3://vault/archive/a"))
    record_check(engine, "vault", "sample", utc_now(), 9, [])
    assert firing(_exposed(quiet, engine), tmp_path) == {"StrongroomCheckFindings", "StrongroomLockFailure"}
    record_check(engine, "vault", "all", utc_now(), 90, [])
    assert firing(_exposed(quiet, engine), tmp_path) == set()


def test_what_a_sample_finds_of_the_bucket_is_looked_for_by_each(
    quiet: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    record_check(engine, "vault", "sample", utc_now(), 9, _found("versioning-off", "s3://vault"))
    assert firing(_exposed(quiet, engine), tmp_path) == {"StrongroomCheckFindings"}
    record_check(engine, "vault", "sample", utc_now(), 9, [])
    assert firing(_exposed(quiet, engine), tmp_path) == set()


def test_what_a_verification_finds_has_a_name(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    found = VerifyFinding(WRONG, "the bytes are others", "s3://vault/archive/a", "a", "b", uuid4())
    record_check(engine, "hashed", "a share", utc_now(), 9, [found.document()])
    assert firing(_exposed(quiet, engine), tmp_path) == {"StrongroomCheckFindings"}


def test_what_waits_in_the_queue_has_no_deadline_yet(quiet: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    Day(engine, YESTERDAY).conversation(["a"])
    _sql("UPDATE recordings SET deadline_at = now()")(engine)
    assert firing(_exposed(quiet, engine), tmp_path) == set()


def test_each_alert_is_tried() -> None:
    assert set(alerts()) == set(CAUSES) | OTHERWISE


def test_promtool_finds_nothing_wrong() -> None:
    done = subprocess.run([promtool(), "check", "rules", ALERTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_runbook_has_each_alert_and_no_other() -> None:
    text_of_it = (REPOSITORY / "docs" / "runbook.md").read_text()
    headed = re.findall(r"^### (Strongroom\w+)$", text_of_it, re.MULTILINE)
    assert sorted(headed) == sorted(alerts())
    for name in headed:
        _, _, said = text_of_it.partition(f"### {name}\n")
        body, _, _ = said.partition("\n### ")
        assert "**What it means.**" in body and "**What to do.**" in body, name
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    assert all(rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}" for rule in rules)


def test_the_dashboard_asks_only_for_metrics_that_are_there(
    quiet: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    dashboard = json.loads((REPOSITORY / "deploy" / "grafana" / "strongroom.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(expressions) >= 15
    # promtool parses each as the query of a rule
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool(), "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    served = set(re.findall(r"^# TYPE (\w+) ", _exposed(quiet, engine), re.MULTILINE))
    wanted = {name for each in expressions for name in re.findall(r"\bstrongroom_\w+", each)}
    conditional = {"strongroom_last_settled_day_timestamp_seconds"}
    assert wanted - conditional <= served
    assert wanted >= {
        f"strongroom_{name}"
        for name in (
            "conversations",
            "review",
            "due_seconds",
            "messages_waiting",
            "allowance_used_ratio",
            "genesys_requests_total",
        )
    }
    # the layout: ids once, panels beside and below each other
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    cells = [cell for panel in dashboard["panels"] for cell in _cells(panel["gridPos"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def _cells(at: dict[str, int]) -> list[tuple[int, int]]:
    return [(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])]
