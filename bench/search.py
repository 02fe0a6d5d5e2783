"""Legal's search at 10 million interactions: a mixture of queries, and the text of a million transcripts.

`ROWS=` and `TEXT_ROWS=` ask for fewer.

PostgreSQL runs with its default memory (128 MiB of buffers); each query is a new one, asked once, as the desk asks it.
"""

import os
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlalchemy import event

from bench.report import Goal, write_report
from bench.search_material import (
    AGENTS,
    BEGIN,
    CUSTOMERS,
    DIVISIONS,
    QUEUES,
    SPAN,
    TERMS,
    Material,
    agents_of,
    load_records,
    load_texts,
    number_of,
    sizes_mib,
    vocabulary,
)
from config.environment import load_settings
from embedded.postgres import running_postgres
from strongroom.house import House, new_instance, open_house
from strongroom.ledger.migrate import migrate
from strongroom.legal.access import Principal, Role
from strongroom.legal.search import SearchQuery, find

ROWS = 10_000_000
TEXT_ROWS = 1_000_000
EACH = 25
"""Queries of a kind."""

_WHOLE_TABLE = re.compile(r"Seq Scan on search_(records|postings|texts)")
_AGENT, _DIVISION = QUEUES, QUEUES + AGENTS
_EVERYTHING = Principal("bench", frozenset({Role.ANALYST}), None, "here")


def main() -> Path:
    """Make the records, ask, and write the report."""
    rows = int(os.environ.get("ROWS") or ROWS)
    with tempfile.TemporaryDirectory() as name, searched(Path(name)) as house:
        material = load_records(house.engine, rows, postings=True)
        metadata = _measure(house, _kinds(material))
        text_rows = int(os.environ.get("TEXT_ROWS") or min(TEXT_ROWS, rows))
        text_build_s = load_texts(house.engine, text_rows)
        texts = _measure(house, _text_kinds(text_rows))
        raw = {
            "rows": rows,
            "text_rows": text_rows,
            "build_s": material.build_s,
            "text_build_s": text_build_s,
            "sizes_mib": sizes_mib(house.engine),
            "metadata": metadata,
            "texts": texts,
        }
    every_text = [ms for kind in texts.values() for ms in kind["all_ms"]]
    every = [ms for kind in metadata.values() for ms in kind["all_ms"]]
    scans = sum(bool(_WHOLE_TABLE.search(kind["plan"])) for kind in (*metadata.values(), *texts.values()))
    goals = [
        Goal("p95 of the mixture, ms", quantiles(every, n=20)[-1], 300, "<="),
        Goal("slowest kind's median, ms", max(kind["p50_ms"] for kind in metadata.values()), 300, "<="),
        Goal("plans that read a whole table", scans, 0, "<="),
        Goal("p95 of text searches, ms", quantiles(every_text, n=20)[-1], 300, "<="),
    ]
    return write_report("search", raw, goals)


@contextmanager
def searched(folder: Path) -> Iterator[House]:
    """A house over a fresh, migrated ledger; nothing else of it is there."""
    with running_postgres(folder / "postgres.log") as postgres:
        elsewhere = "http://127.0.0.1:9"
        environment = {
            "STRONGROOM_DATABASE_URL": postgres.create_database("search"),
            "STRONGROOM_REDIS_URL": "redis://127.0.0.1:9/0",
            "STRONGROOM_BUCKET": "bench",
            "STRONGROOM_GENESYS_API_URL": elsewhere,
            "STRONGROOM_GENESYS_LOGIN_URL": elsewhere,
            "STRONGROOM_GENESYS_CLIENTS": "bench:bench",
            "STRONGROOM_PHONE_REGION": "GB",
            "STRONGROOM_SPOOL_DIR": str(folder / "spool"),
        }
        house = open_house(load_settings(environment), new_instance())
        migrate(house.engine)
        try:
            yield house
        finally:
            house.engine.dispose()


Asked = Callable[[random.Random], tuple[Principal, SearchQuery]]


def _kinds(material: Material) -> dict[str, Asked]:
    def day(draw: random.Random) -> Any:
        return BEGIN + SPAN * (0.2 + 0.75 * draw.random())

    def query(**values: Any) -> tuple[Principal, SearchQuery]:
        return _EVERYTHING, SearchQuery(**values)

    def within(division: int, **values: Any) -> tuple[Principal, SearchQuery]:
        one = frozenset({TERMS[_DIVISION + division].value})
        return replace(_EVERYTHING, divisions=one), SearchQuery(**values)

    def met(draw: random.Random) -> tuple[int, int]:
        queue = draw.randrange(QUEUES)
        return queue, draw.choice(agents_of(queue))

    def queue_and_agent(draw: random.Random) -> tuple[Principal, SearchQuery]:
        queue, agent = met(draw)
        return query(queue=TERMS[queue].value, agent=TERMS[_AGENT + agent].value)

    def started_on_a_day(draw: random.Random) -> tuple[Principal, SearchQuery]:
        first = day(draw)
        return query(started_from=first, started_to=first + timedelta(days=1), queue=TERMS[draw.randrange(20)].value)

    def ended_on_a_day(draw: random.Random) -> tuple[Principal, SearchQuery]:
        first = day(draw)
        return query(ended_from=first, ended_to=first + timedelta(days=1))

    def agent_on_a_day(draw: random.Random) -> tuple[Principal, SearchQuery]:
        first = day(draw)
        agent = TERMS[_AGENT + draw.randrange(AGENTS)].value
        return query(ended_from=first, ended_to=first + timedelta(days=1), agent=agent)

    def strangers(draw: random.Random) -> tuple[Principal, SearchQuery]:
        queue = draw.randrange(10)
        agent = next(n for n in iter(lambda: draw.randrange(AGENTS), -1) if n not in agents_of(queue))
        return query(queue=TERMS[queue].value, agent=TERMS[_AGENT + agent].value)

    return {
        "a number": lambda draw: query(address=number_of(draw.randrange(CUSTOMERS))),
        "a number, as it is dialled": lambda draw: query(address="0" + number_of(draw.randrange(CUSTOMERS))[3:]),
        "a number nobody has": lambda draw: query(address=f"+4930{draw.randrange(10**7):07d}"),
        "an external tag": lambda draw: query(external_tag=draw.choice(material.tags)),
        "an agent's id": lambda draw: query(agent=TERMS[_AGENT + draw.randrange(AGENTS)].value),
        "an agent's name": lambda draw: query(agent=TERMS[_AGENT + draw.randrange(AGENTS)].name),
        "a part of many names": lambda draw: query(agent=draw.choice(["novak", "anna", "eva l", "er"])),
        "a queue": lambda draw: query(queue=TERMS[draw.randrange(QUEUES)].value),
        "a queue that was closed": lambda draw: query(queue=TERMS[draw.randrange(20) * 10 + 7].value),
        "a queue and an agent of it": queue_and_agent,
        "a queue and an agent who never met": strangers,
        "an agent on a day": agent_on_a_day,
        "ended on a day": ended_on_a_day,
        "started on a day, in a queue": started_on_a_day,
        "a rare medium": lambda draw: query(media="video", direction=draw.choice(["inbound", "outbound"])),
        "a rare class before a day": lambda draw: query(retention_class="healthcare-voice", ended_to=day(draw)),
        "a common medium, outbound": lambda draw: query(media="voice", direction="outbound", ended_to=day(draw)),
        "under a hold": lambda draw: query(held=True, ended_to=day(draw)),
        "everything": lambda draw: query(ended_to=day(draw)),
        "a small division's analyst: everything": lambda draw: within(DIVISIONS, ended_to=day(draw)),
        "a small division's analyst: a queue": lambda draw: within(DIVISIONS, queue=TERMS[draw.randrange(20)].value),
        "a division's analyst: a number": lambda draw: within(
            draw.randrange(DIVISIONS), address=number_of(draw.randrange(CUSTOMERS))
        ),
        "a division's analyst: an agent": lambda draw: within(
            draw.randrange(DIVISIONS), agent=TERMS[_AGENT + draw.randrange(AGENTS)].value
        ),
        "the page after": lambda draw: query(queue=TERMS[draw.randrange(QUEUES)].value, page_size=100),
    }


def _text_kinds(rows: int) -> dict[str, Asked]:
    known = vocabulary()

    def query(**values: Any) -> tuple[Principal, SearchQuery]:
        return _EVERYTHING, SearchQuery(**values)

    def rare(draw: random.Random) -> str:
        return known[draw.randrange(20_000, 90_000)]

    def usual(draw: random.Random) -> str:
        return known[draw.randrange(500, 3_000)]

    return {
        "a reference": lambda draw: query(text=f"reference{draw.randrange(rows)}"),
        "a rare word": lambda draw: query(text=rare(draw)),
        "a usual word": lambda draw: query(text=usual(draw)),
        "a word that most hold": lambda draw: query(text=known[draw.randrange(10)]),
        "two usual words": lambda draw: query(text=f"{usual(draw)} {usual(draw)}"),
        "two words that many hold": lambda draw: query(text=f"{known[draw.randrange(50)]} {known[draw.randrange(50)]}"),
        "a phrase": lambda draw: query(text=f'"{known[draw.randrange(30)]} {known[draw.randrange(30)]}"'),
        "the beginning of a word": lambda draw: query(text=f"{rare(draw)[:5]}*"),
        "a usual word, of an agent": lambda draw: query(
            text=usual(draw), agent=TERMS[_AGENT + draw.randrange(AGENTS)].value
        ),
        "a word no text holds": lambda draw: query(text=f"zzz{draw.randrange(10**6)}"),
    }


def _measure(house: House, kinds: dict[str, Asked]) -> dict[str, Any]:
    """Ask each kind of query, every time another one; its times, how much it found, and the plan of the last."""
    measured: dict[str, Any] = {}
    for number, (kind, ask) in enumerate(kinds.items()):
        draw = random.Random(number)
        times: list[float] = []
        rows: list[int] = []
        for _ in range(EACH):
            principal, query = ask(draw)
            if kind == "the page after":
                query = replace(query, cursor=find(house, principal, query).next_cursor)
            began = time.perf_counter()
            page = find(house, principal, query)
            times.append((time.perf_counter() - began) * 1_000)
            rows.append(len(page.rows))
        p95 = quantiles(times, n=20)[-1]
        measured[kind] = {
            "p50_ms": round(median(times), 2),
            "p95_ms": round(p95, 2),
            "max_ms": round(max(times), 2),
            "rows": median(rows),
            "all_ms": [round(each, 2) for each in times],
            "plan": plan_of(house, lambda: find(house, principal, query)),  # noqa: B023  # it is called at once
        }
        print(f"  {kind}: p50 {median(times):.1f} ms, p95 {p95:.1f} ms, {median(rows):g} rows", flush=True)
    return measured


def plan_of(house: House, ask: Callable[[], object]) -> str:
    """How PostgreSQL did what the call asked of the records, measured."""
    seen: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "search_records" in statement:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}", parameters)
            seen.append("\n".join(row[0] for row in cursor.fetchall()))

    event.listen(house.engine, "before_cursor_execute", explain)
    try:
        ask()
    finally:
        event.remove(house.engine, "before_cursor_execute", explain)
    return "\n\n".join(seen)
