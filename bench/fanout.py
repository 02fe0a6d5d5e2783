"""100,000 tasks enqueued from a ledger, page by page as an enumeration gives them, against a loop of `delay()`."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import redis
from celery import Task, shared_task

from bench.report import Goal, write_report
from config.celery import BULK
from config.environment import load_settings
from embedded.postgres import running_postgres
from embedded.redis import running_redis
from strongroom.ledger.due import claim_discovered
from strongroom.ledger.engine import Engine, connect, transaction
from strongroom.ledger.migrate import migrate
from strongroom.ledger.references import ConversationRef
from tasks.fan_out import send_many
from tasks.fleet import Fleet
from tasks.messages import conversation_arguments

TASKS = 100_000
PAGE = 1_000
ROUNDS = 2


@shared_task(name="archive_conversation")  # type: ignore[untyped-decorator]
def _archive_conversation(conversation_id: str, revision: int) -> None:
    """Only to have its `delay()`: nothing is run here."""


def main() -> Path:
    """Enqueue the same conversations both ways, each from the ledger, by turns; the best of each counts."""
    tasks = int(os.environ.get("TASKS") or TASKS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_postgres(folder / "postgres.log") as postgres, running_redis(folder / "redis.log") as server:
            database_url = postgres.create_database("fanout")
            engine = connect(database_url, connect_timeout_s=10)
            migrate(engine)
            _load(engine, tasks)
            fleet = Fleet(load_settings(_environment(database_url, server.url(), folder)))
            with redis.Redis(port=server.port) as client:
                loop_s, page_s, ledger_s = [], [], []
                for _ in range(ROUNDS):
                    ledger_s.append(_timed(engine, client, tasks, lambda _: None, sent=False))
                    loop_s.append(_timed(engine, client, tasks, _delay_each))
                    page_s.append(_timed(engine, client, tasks, lambda refs: _page(fleet, refs)))
                memory = _memory(client, tasks)
            engine.dispose()
    raw = {
        "tasks": tasks,
        "page": PAGE,
        "delay_loop_s": loop_s,
        "pages_s": page_s,
        "ledger_alone_s": ledger_s,
        "tasks_per_s": tasks / min(page_s),
        "memory": memory,
    }
    goals = [
        Goal("times as fast as a loop of delay()", min(loop_s) / min(page_s), 3, ">="),
        Goal("bytes of Redis a message", memory["bytes_a_message"], 2_048, "<="),
    ]
    return write_report("fanout", raw, goals)


def _page(fleet: Fleet, refs: list[ConversationRef]) -> None:
    send_many(fleet, "archive_conversation", map(conversation_arguments, refs))


def _timed(
    engine: Engine,
    client: redis.Redis,
    tasks: int,
    send: Callable[[list[ConversationRef]], object],
    *,
    sent: bool = True,
) -> float:
    """Seconds to take every conversation from the ledger, page by page, and send for it."""
    client.flushall()
    with transaction(engine) as connection:
        connection.exec_driver_sql("UPDATE conversations SET enqueued_at = NULL")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE conversations")
    began = time.perf_counter()
    for page in _pages(engine):
        send(page)
    took_s = time.perf_counter() - began
    assert client.llen(BULK) == (tasks if sent else 0)
    return took_s


def _pages(engine: Engine) -> Iterator[list[ConversationRef]]:
    while page := claim_discovered(engine, 3_600, PAGE, background=False):
        yield page


def _delay_each(refs: list[ConversationRef]) -> None:
    task: Task = _archive_conversation
    for ref in refs:
        task.delay(*conversation_arguments(ref))


def _memory(client: redis.Redis, tasks: int) -> dict[str, float]:
    """What the messages that wait take: of Redis's memory, by its own count of the whole list, and on the wire."""
    a_message = client.memory_usage(BULK, samples=0) / tasks
    sent_bytes = len(client.lindex(BULK, 0))
    return {"bytes_a_message": a_message, "bytes_sent_a_message": sent_bytes, "megabytes_at_200k": a_message * 0.2}


def _load(engine: Engine, rows: int) -> None:
    """A day's conversations, found and due."""
    with transaction(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO conversations (conversation_id, revision, day, conversation_start, conversation_end, record,"
            " state, cause, deadline_at) SELECT gen_random_uuid(), 1, '2026-03-10', now(), now(), '{}', 'discovered',"
            f" 'found by enumeration', now() FROM generate_series(1, {rows})"
        )


def _environment(database_url: str, redis_url: str, folder: Path) -> dict[str, str]:
    return {
        "STRONGROOM_DATABASE_URL": database_url,
        "STRONGROOM_REDIS_URL": redis_url,
        "STRONGROOM_BUCKET": "fanout",
        "STRONGROOM_GENESYS_API_URL": "http://127.0.0.1:1",
        "STRONGROOM_GENESYS_LOGIN_URL": "http://127.0.0.1:1",
        "STRONGROOM_GENESYS_CLIENTS": "client:secret",
        "STRONGROOM_SPOOL_DIR": str(folder / "spool"),
    }
