"""Notices over real HTTP and SMTP: each once for its cause, sent until they get through, with nothing of anybody's."""

import email
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from ledger.ledger_material import ANNE, discovered, found, looked_at
from receivers import Received, running_mail_server, running_webhook
from sqlalchemy import text

from config.environment import load_settings
from embedded.postgres import Postgres
from strongroom.house import House, open_house
from strongroom.ledger.checks import record_check
from strongroom.ledger.conversations import HeldConversation, send_conversation_to_review
from strongroom.ledger.migrate import migrate
from strongroom.pipeline import notices
from strongroom.pipeline.notices import tell
from strongroom.times import day_of, format_instant, utc_now

_numbers = itertools.count(1)
LONG_AGO = day_of(utc_now()) - timedelta(days=3)
CALLER = "tel:+442079460000"
REQUEST = UUID("11111111-2222-4333-8444-555555555555")


@dataclass(frozen=True)
class Told:
    """An archive, and who is told of it."""

    house: House
    webhook: Received
    mail: Received

    def sql(self, statement: str, **values: object) -> list[object]:
        """Change or read the ledger."""
        with self.house.engine.begin() as connection:
            done = connection.execute(text(statement), values)
            return list(done) if done.returns_rows else []

    def discover(self) -> HeldConversation:
        """A conversation of long ago that a worker looks at."""
        (ref,) = discovered(self.house.engine, found(day=LONG_AGO, record={"ani": CALLER}))
        return looked_at(self.house.engine, ref)

    def review(self, reason: str) -> None:
        """A conversation of long ago goes to review."""
        send_conversation_to_review(self.house.engine, self.discover(), ANNE, reason)

    def late_restores(self, number: int, hours: int = 1) -> str:
        """Restores of one request that will not be in time; by when they are needed."""
        due = (utc_now() + timedelta(hours=hours)).replace(microsecond=0)
        self.sql(
            "INSERT INTO restores (conversation_id, needed_by, needed_until, requester, state, cause, warned_at)"
            " SELECT gen_random_uuid(), :due, now() + interval '9 days', 'Anne Analyst', 'open', '', now()"
            " FROM generate_series(1, :number)",
            due=due,
            number=number,
        )
        return format_instant(due)

    def all_due(self) -> None:
        """Time passes."""
        self.sql("UPDATE notices SET due_at = now()")


@pytest.fixture
def told(postgres: Postgres, tmp_path: Path) -> Iterator[Told]:
    """An empty ledger, a webhook and a mail server."""
    name = f"notices_{next(_numbers)}"
    with running_webhook() as webhook, running_mail_server() as mail:
        environment = {
            "STRONGROOM_DATABASE_URL": postgres.create_database(name),
            "STRONGROOM_REDIS_URL": "redis://127.0.0.1:1/0",
            "STRONGROOM_BUCKET": "notices",
            "STRONGROOM_GENESYS_API_URL": "http://127.0.0.1:1",
            "STRONGROOM_GENESYS_LOGIN_URL": "http://127.0.0.1:1",
            "STRONGROOM_GENESYS_CLIENTS": "a:b",
            "STRONGROOM_SPOOL_DIR": str(tmp_path / "spool"),
            "STRONGROOM_START_DAY": LONG_AGO.isoformat(),
            "STRONGROOM_CATCH_UP_DAYS": "9",
            "STRONGROOM_NOTICE_WEBHOOK_URL": f"http://127.0.0.1:{webhook.port}/planted-secret",
            "STRONGROOM_NOTICE_EMAIL_TO": "night@example.com, ops@example.com",
            "STRONGROOM_SMTP_HOST": "127.0.0.1",
            "STRONGROOM_SMTP_PORT": str(mail.port),
            "STRONGROOM_SMTP_SECURITY": "none",
        }
        house = open_house(load_settings(environment), "test")
        migrate(house.engine)
        yield Told(house, webhook, mail)
        house.engine.dispose()
    postgres.drop_database(name)


@pytest.fixture
def settled(told: Told) -> Told:
    """Nothing is to be told: every day since the start is settled."""
    told.sql(
        "INSERT INTO runs (day, state, cause) SELECT day::date, 'settled', ''"
        " FROM generate_series(CAST(:first AS timestamp), :last, interval '1 day') AS day",
        first=LONG_AGO,
        last=day_of(utc_now()),
    )
    return told


def _subjects(received: Received) -> list[tuple[str, str]]:
    return [(document["kind"], document["subject"]) for document in received.documents]


def _mails(received: Received) -> list[email.message.EmailMessage]:
    return [email.message_from_string(each, policy=policy.default) for each in received.documents]  # type: ignore[misc]


def test_a_quiet_night_is_not_told(settled: Told) -> None:
    assert tell(settled.house) == 0
    assert (settled.webhook.documents, settled.mail.documents) == ([], [])


def test_a_day_that_has_not_settled_is_told_once_on_each_channel(settled: Told) -> None:
    settled.sql("DELETE FROM runs WHERE day = :day", day=LONG_AGO)
    settled.discover()
    assert tell(settled.house) == 2
    settled.all_due()
    assert tell(settled.house) == 0, "it was told already"
    assert _subjects(settled.webhook) == [("unsettled", LONG_AGO.isoformat())]
    [mail] = _mails(settled.mail)
    assert mail["Subject"] == f"[notices] {LONG_AGO} has not settled"
    assert mail["To"] == "night@example.com, ops@example.com"
    assert f"0 of 1 conversations are archived. Look: strongroom status {LONG_AGO}" in mail.get_content()


def test_what_is_in_review_is_told_by_day_and_reason(settled: Told) -> None:
    for reason in ("unexpected KeyError in x: report it", "unexpected TypeError in y: report it"):
        settled.review(reason)
    settled.review("Genesys says the recording failed (fileState ERROR)")
    tell(settled.house)
    assert _subjects(settled.webhook) == [
        ("review", f"{LONG_AGO} failed-in-genesys"),
        ("review", f"{LONG_AGO} unexpected"),
    ]
    assert "2 of" in settled.webhook.documents[1]["text"]
    settled.review("unexpected ValueError in z: report it")
    assert tell(settled.house) == 0, "the cause is known"


def test_the_same_findings_are_told_once_and_others_again(settled: Told) -> None:
    found = [{"kind": "lock-short", "where": "s3://x/y"}]
    for findings in (found, found, [*found, {"kind": "tag-missing", "where": "s3://x/z"}], []):
        record_check(settled.house.engine, "vault", "sample", utc_now(), 9, findings)
        tell(settled.house)
    assert [document["text"] for document in settled.webhook.documents] == [
        "The check vault has 1 findings: lock-short. Look: strongroom vault check",
        "The check vault has 2 findings: lock-short, tag-missing. Look: strongroom vault check",
    ]


def test_a_request_and_a_restore_that_will_be_late_are_told(settled: Told) -> None:
    for request_id, hours in ((REQUEST, 0.5), (uuid4(), 3)):
        settled.sql(
            "INSERT INTO requests (request_id, requester, origin, justification, needed_by, open_until, state, cause)"
            " VALUES (:id, 'Anne Analyst', 'h', 'why', now() + make_interval(secs => :left), now(), 'preparing', '')",
            id=request_id,
            left=hours * 3600,
        )
    due = settled.late_restores(1)
    tell(settled.house)
    assert _subjects(settled.webhook) == [("late", f"request {REQUEST}"), ("late", f"restores due {due}")]
    assert f"1 restore will be late, due {due}" in settled.webhook.documents[1]["text"]


def test_the_restores_of_one_request_are_told_of_together(settled: Told) -> None:
    due = settled.late_restores(5_000)
    tell(settled.house)
    assert _subjects(settled.webhook) == [("late", f"restores due {due}")]
    assert settled.webhook.documents[0]["text"].startswith("5,000 restores will be late")
    settled.late_restores(2, hours=3)
    tell(settled.house)
    assert len(settled.webhook.documents) == len(settled.mail.documents) == 2


def test_a_channel_that_does_not_take_one_is_not_asked_for_the_others(settled: Told) -> None:
    settled.webhook.refuse = 1
    for reason in ("unexpected X in y", "Genesys says the recording failed (fileState ERROR)", "what nobody knows"):
        settled.review(reason)
    assert tell(settled.house) == 3, "the other channel has all of them"
    assert (settled.webhook.refused, len(settled.webhook.documents), len(settled.mail.documents)) == (1, 0, 3)
    assert tell(settled.house) == 2
    settled.all_due()
    assert tell(settled.house) == 1
    assert (settled.webhook.refused, len(settled.webhook.documents), len(settled.mail.documents)) == (1, 3, 3)


def test_what_does_not_get_through_is_sent_again(settled: Told) -> None:
    settled.webhook.refuse, settled.mail.refuse = 2, 1
    settled.review("unexpected X in y")
    assert tell(settled.house) == 0
    assert tell(settled.house) == 0, "not at once"
    assert (settled.webhook.refused, settled.mail.refused) == (1, 1)
    causes = settled.sql("SELECT cause FROM notices ORDER BY channel")
    assert "503" in str(causes) and "planted-secret" not in str(causes) and "anne@" not in str(causes)
    settled.all_due()
    assert tell(settled.house) == 1
    settled.all_due()
    assert tell(settled.house) == 1
    assert (len(settled.webhook.documents), len(settled.mail.documents)) == (1, 1)


def test_it_is_given_up_after_a_day(settled: Told) -> None:
    settled.webhook.refuse = settled.mail.refuse = 99
    settled.review("unexpected X in y")
    tell(settled.house)
    settled.sql("UPDATE notices SET due_at = now(), first_seen_at = now() - interval '25 hours'")
    tell(settled.house)
    assert settled.sql("SELECT DISTINCT state FROM notices") == [("failed",)]
    settled.all_due()
    tell(settled.house)
    assert settled.webhook.refused == 2


def test_two_at_once_tell_it_once(settled: Told) -> None:
    for _ in range(5):
        settled.review("unexpected X in y")
    threads = [threading.Thread(target=tell, args=(settled.house,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(settled.webhook.documents), len(settled.mail.documents)) == (1, 1)


def test_nothing_of_anybodys_is_told(settled: Told) -> None:
    settled.review(f"unexpected {CALLER} in y")
    record_check(settled.house.engine, "hashed", "a share", utc_now(), 1, [{"kind": "missing", "what": CALLER}])
    tell(settled.house)
    assert len(settled.webhook.documents) == 2
    assert CALLER not in str(settled.webhook.documents) + str(settled.mail.documents)


def test_without_channels_nothing_is_written_down(settled: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "channels_of", lambda _: [])
    settled.review("unexpected X in y")
    assert tell(settled.house) == 0
    assert settled.sql("SELECT 1 FROM notices") == []
