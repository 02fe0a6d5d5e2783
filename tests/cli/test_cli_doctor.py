"""Faults planted one by one: the doctor finds each, and says the line that mends it; running that line mends it."""

import http.server
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import redis
from alembic import command
from command_line import Strongroom
from doctoring import Patient, healthy, policy_without
from sqlalchemy import text

from embedded.command import strongroom as run_command
from embedded.postgres import Postgres
from embedded.redis import RedisServer
from strongroom.ledger import migrate as migrations


@pytest.fixture(scope="module")
def patient(
    postgres: Postgres, redis_server: RedisServer, s3_endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Patient]:
    """One for all of these tests; each mends what it breaks."""
    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    folder = tmp_path_factory.mktemp("doctored")
    postgres.drop_database("doctored")  # where other tests came between these, all of it is set up again
    with healthy(folder, postgres.create_database("doctored"), redis_server.url(), s3_endpoint) as one:
        yield one


@dataclass(frozen=True)
class Planted:
    """Settings that are wrong, or how the world is made wrong and, where no line mends it, right again."""

    check: str
    words: str
    settings: Callable[[Patient, int], dict[str, str]] = lambda patient, port: {}
    spoil: Callable[[Patient], None] = lambda patient: None
    mend: Callable[[Patient], None] = lambda patient: None
    runnable: bool = False


def _sql(*statements: str) -> Callable[[Patient], None]:
    def run(patient: Patient) -> None:
        with patient.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    return run


def _downgraded(patient: Patient) -> None:
    config = migrations._config()
    with patient.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")


def _s3(patient: Patient) -> Any:
    return boto3.client("s3", endpoint_url=patient.environment["STRONGROOM_S3_ENDPOINT_URL"])


def _redis(patient: Patient) -> Any:
    return redis.Redis.from_url(patient.environment["STRONGROOM_REDIS_URL"])


def _with_role(patient: Patient, _: int) -> dict[str, str]:
    url = patient.environment["STRONGROOM_DATABASE_URL"]
    return {"STRONGROOM_DATABASE_URL": url.replace("postgres@", "reader@")}


def _set(**values: str) -> Callable[[Patient, int], dict[str, str]]:
    return lambda patient, port: {
        name: value.format(port=port, folder=patient.folder) for name, value in values.items()
    }


PLANTED = {
    "a setting is missing": Planted("settings", "STRONGROOM_BUCKET: is needed", _set(STRONGROOM_BUCKET="")),
    "a setting is misspelt": Planted("settings", "no setting of Strongroom's", _set(STRONGROOM_BUKET="x")),
    "a secret's file is gone": Planted(
        "settings",
        "can't be read",
        _set(STRONGROOM_SMTP_PASSWORD_FILE="{folder}/none"),
    ),
    "the policy has a fault": Planted(
        "policy",
        "COMPLIANCEx",
        lambda patient, _: {
            "STRONGROOM_POLICY_FILE": policy_without(patient.folder, "retention.yaml", "lock_mode: COMPLIANCE")
        },
    ),
    "the tiers have a fault": Planted(
        "tiers",
        "tiers.yaml",
        lambda patient, _: {"STRONGROOM_TIERS_FILE": policy_without(patient.folder, "tiers.yaml", "profile:")},
    ),
    "PostgreSQL is away": Planted(
        "PostgreSQL", "does not answer", _set(STRONGROOM_DATABASE_URL="postgresql://x@127.0.0.1:{port}/x")
    ),
    "PostgreSQL does not know us": Planted(
        "PostgreSQL",
        "refuses the login",
        lambda patient, _: {
            "STRONGROOM_DATABASE_URL": patient.environment["STRONGROOM_DATABASE_URL"].replace("postgres@", "nobody@")
        },
    ),
    "the schema is old": Planted("schema", "this version needs", spoil=_downgraded, runnable=True),
    "the role may only read": Planted(
        "privileges",
        "may not",
        _with_role,
        spoil=_sql("CREATE ROLE reader LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"),
        mend=_sql("DROP OWNED BY reader", "DROP ROLE reader"),
    ),
    "Redis is away": Planted("Redis", "does not answer", _set(STRONGROOM_REDIS_URL="redis://127.0.0.1:{port}/0")),
    "Redis forgets": Planted(
        "Redis keeps",
        "allkeys-lru",
        spoil=lambda patient: _redis(patient).config_set("maxmemory-policy", "allkeys-lru"),
        mend=lambda patient: _redis(patient).config_set("maxmemory-policy", "noeviction"),
    ),
    "no worker is there": Planted(
        "workers",
        "no worker takes",
        lambda patient, _: {"STRONGROOM_REDIS_URL": patient.environment["STRONGROOM_REDIS_URL"][:-1] + "5"},
    ),
    "a drain was forgotten": Planted(
        "workers", "were drained", spoil=lambda patient: run_command(patient.environment, "drain"), runnable=True
    ),
    "Beat is silent": Planted(
        "Beat",
        "no sweep",
        # the control workers are held up by it; how long Beat is silent is the ledger's to say
        spoil=_sql(
            "CREATE FUNCTION silent() RETURNS trigger AS $$ BEGIN RETURN NULL; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER silent BEFORE UPDATE ON signs_of_life FOR EACH ROW WHEN (NEW.seen_at > OLD.seen_at)"
            " EXECUTE FUNCTION silent()",
            "UPDATE signs_of_life SET seen_at = seen_at - interval '1 hour'",
        ),
        mend=_sql(
            "DROP TRIGGER silent ON signs_of_life", "DROP FUNCTION silent", "UPDATE signs_of_life SET seen_at = now()"
        ),
    ),
    "the bucket is not there": Planted("bucket", "no such bucket", _set(STRONGROOM_BUCKET="not-there"), runnable=True),
    "the store is away": Planted(
        "bucket", "does not answer", _set(STRONGROOM_S3_ENDPOINT_URL="http://127.0.0.1:{port}")
    ),
    "the bucket's policy is gone": Planted(
        "protection",
        "polic",
        spoil=lambda patient: _s3(patient).delete_bucket_policy(Bucket="doctored"),
        runnable=True,
    ),
    "the lifecycle is gone": Planted(
        "protection",
        "lifecycle",
        spoil=lambda patient: _s3(patient).delete_bucket_lifecycle(Bucket="doctored"),
        runnable=True,
    ),
    "the log's key is gone": Planted("log key", "no such key file", _set(STRONGROOM_LOG_KEY_FILE="{folder}/log-2.pem")),
    "the roots are gone": Planted(
        "timestamps",
        "can't be read",
        _set(STRONGROOM_TIMESTAMP_URL="http://127.0.0.1:{port}", STRONGROOM_TIMESTAMP_ROOTS_FILE="{folder}/none.pem"),
    ),
    "Genesys is away": Planted(
        "Genesys",
        "gave no answer",
        _set(
            STRONGROOM_GENESYS_API_URL="http://127.0.0.1:{port}", STRONGROOM_GENESYS_LOGIN_URL="http://127.0.0.1:{port}"
        ),
    ),
    "a client's secret is wrong": Planted(
        "Genesys", "OAuth client 1 of 1", _set(STRONGROOM_GENESYS_CLIENTS="client-1:wrong")
    ),
    "the spool can't be made": Planted("spool", "", _set(STRONGROOM_SPOOL_DIR="{folder}/log.pem/spool")),
    "the webhook is away": Planted(
        "webhook", "does not answer", _set(STRONGROOM_NOTICE_WEBHOOK_URL="http://127.0.0.1:{port}/planted-secret")
    ),
    "the mail server is away": Planted(
        "mail",
        "does not take us",
        _set(
            STRONGROOM_SMTP_HOST="127.0.0.1", STRONGROOM_SMTP_PORT="{port}", STRONGROOM_NOTICE_EMAIL_TO="o@example.com"
        ),
    ),
    "nobody serves the mail": Planted("mail", "nobody to be told", _set(STRONGROOM_NOTICE_EMAIL_TO="o@example.com")),
}


@pytest.fixture
def examined(
    strongroom: Strongroom, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, dict[str, Any]]]:
    """Each check of the doctor by its name."""
    monkeypatch.setattr("cli.checks.GENESYS_PATIENCE_S", 0.1)

    def examine(**settings: str) -> dict[str, dict[str, Any]]:
        for name, value in (patient.environment | settings).items():
            monkeypatch.setenv(name, value)
        checks = strongroom("doctor", "--json").document["checks"]
        for name in settings:
            monkeypatch.delenv(name)
        assert "planted-secret" not in str(checks)
        return {check["check"]: check for check in checks}

    return examine


def _wrong(checks: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: check["what"] for name, check in checks.items() if check["outcome"] not in {"good", "skipped"}}


@pytest.mark.long
@pytest.mark.parametrize("fault", PLANTED)
def test_each_fault_is_found_and_its_line_mends_it(
    strongroom: Strongroom,
    patient: Patient,
    examined: Callable[..., dict[str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
    fault: str,
) -> None:
    planted = PLANTED[fault]
    settings = planted.settings(patient, closed_port)
    with ExitStack() as undone:
        planted.spoil(patient)
        undone.callback(planted.mend, patient)
        checks = examined(**settings)
        found = checks[planted.check]
        assert found["outcome"] in {"finding", "unreachable"}, checks
        assert planted.words in f"{found['what']} {found['where']} {found['todo']}"
        assert planted.check == "settings" or found["todo"]
        if planted.runnable:
            line = found["todo"]
            line = line[line.index("`") + 1 : line.rindex("`")] if "`" in line else line.removeprefix("run: ")
            program, *arguments = shlex.split(line)
            assert program == "strongroom"
            for name, value in settings.items():
                monkeypatch.setenv(name, value)
            assert strongroom(*arguments).exit_code == 0
            assert _wrong(examined(**settings)) == {}
    if not planted.runnable:
        assert _wrong(examined()) == {}


def test_there_are_twenty_of_them() -> None:
    assert len(PLANTED) >= 20


@pytest.mark.long
def test_flower_without_a_password_is_found(
    patient: Patient, examined: Callable[..., dict[str, dict[str, Any]]]
) -> None:
    for status, outcome in ((200, "finding"), (401, "good"), (302, "good"), (502, "finding")):
        with _answering(status) as url:
            assert examined(STRONGROOM_FLOWER_URL=url)["Flower"]["outcome"] == outcome


def test_clocks_that_differ_are_found(
    patient: Patient, examined: Callable[..., dict[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with _answering(404, date="Mon, 02 Mar 2026 00:00:00 GMT") as url:
        found = examined(STRONGROOM_S3_ENDPOINT_URL=url)
        assert found["bucket"]["outcome"] != "good"
        assert "the store" in found["other clocks"]["what"]
        assert "chronyc" in found["other clocks"]["todo"]


@contextmanager
def _answering(status: int, date: str | None = None) -> Iterator[str]:
    """A server that answers everything so."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Date", date or self.date_time_string())
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_PUT = do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
