"""Millions of made-up records for the search, loaded with COPY into a fresh PostgreSQL; indexes are made afterwards.

Seven years. Queues differ in size, a tenth of them was closed after the first year; agents belong to a few queues each.
"""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from uuid import UUID

from sqlalchemy import Connection, text

from strongroom.ledger.engine import Engine
from strongroom.ledger.search_index import Term
from strongroom.ledger.search_words import vectors
from strongroom.words import folded, words

BEGIN = datetime(2019, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=7 * 365)
QUEUES = 200
CLOSED_QUEUES = 20
AGENTS = 4_000
DIVISIONS = 20
SMALL_DIVISION_SHARE = 0.001
CUSTOMERS = 2_000_000
VOCABULARY = 100_000
TEXTS = 5_000
"""Different texts; each row adds a reference of its own."""
TEXT_BYTES = 2_048

_FIRST = ("Anna", "Bert", "Carla", "Dan", "Eva", "Finn", "Greta", "Hugo", "Iris", "Jan", "Kim", "Lea", "Max", "Nora")
_LAST = ("Novak", "Schaefer", "Lindqvist", "Silva", "Kowalczyk", "Rossi", "Moreau", "Jensen", "Horvat", "Byrne")
_SQL_MEMORY = "SET maintenance_work_mem = '1GB'; SET synchronous_commit = off"


@dataclass(frozen=True)
class Material:
    """What was made, so that a bench can ask for it."""

    rows: int
    ids: list[str]
    tags: list[str]
    build_s: dict[str, float]


def terms() -> list[Term]:
    """Every term, in the order of its id, which counts from 1."""
    draw = random.Random(1)
    return [
        *(Term("queue", str(UUID(int=draw.getrandbits(128))), f"Queue {n}") for n in range(QUEUES)),
        *(
            Term("agent", str(UUID(int=draw.getrandbits(128))), f"{draw.choice(_FIRST)} {draw.choice(_LAST)} {n}")
            for n in range(AGENTS)
        ),
        *(Term("division", str(UUID(int=draw.getrandbits(128))), f"Division {n}") for n in range(DIVISIONS + 1)),
        *(Term("media", each) for each in ("voice", "chat", "message", "email", "video")),
        *(Term("class", each) for each in ("financial-advice-voice", "default", "chat-complaints", "healthcare-voice")),
    ]


TERMS = terms()
_FIRST_AGENT = QUEUES + 1
_FIRST_DIVISION = _FIRST_AGENT + AGENTS
_FIRST_MEDIA = _FIRST_DIVISION + DIVISIONS + 1
_FIRST_CLASS = _FIRST_MEDIA + 5
_MEDIA_SHARES = list(accumulate((0.7, 0.1, 0.1, 0.0995, 0.0005)))
_CLASS_SHARES = list(accumulate((0.3, 0.6, 0.0999, 0.0001)))


def number_of(customer: int) -> str:
    """A customer's number, as E.164."""
    return f"+44207{customer:07d}"


def agents_of(queue: int) -> list[int]:
    """The agents of a queue, both counted from 0."""
    return [(queue * 37 + n * 11) % AGENTS for n in range(60)]


def load_records(engine: Engine, rows: int, *, postings: bool) -> Material:
    """Fill the search with so many records, then make its indexes; the times are told by step."""
    build_s: dict[str, float] = {}
    ids: list[str] = []
    tags: list[str] = []
    tables = ["search_records", *(["search_postings"] if postings else [])]
    with engine.begin() as connection:
        connection.execute(text(_SQL_MEMORY))
        made = _drop_indexes(connection, tables)
        with _timed(build_s, "terms"):
            _copy(connection, "search_terms (term_id, kind, value, name, folded)", map(_term_line, enumerate(TERMS, 1)))
        with _timed(build_s, "records, COPY"):
            columns = "conversation_id, revision, conversation_start, conversation_end, retain_until, recordings, held,"
            columns += " direction, external_tag, terms, addresses"
            _copy(connection, f"search_records ({columns})", _record_lines(rows, ids, tags))
        if postings:
            with _timed(build_s, "postings"):
                connection.execute(
                    text(
                        "INSERT INTO search_postings SELECT unnest(terms), conversation_end, conversation_id"
                        " FROM search_records"
                    )
                )
        for name, definition in made:
            with _timed(build_s, name):
                connection.execute(text(definition))
    with _timed(build_s, "vacuum, analyze"):
        _vacuum(engine, ["search_terms", *tables])
    return Material(rows, ids, tags, build_s)


def load_texts(engine: Engine, rows: int) -> dict[str, float]:
    """The words of so many texts, those of the latest records; the times by step."""
    build_s: dict[str, float] = {}
    with engine.begin() as connection:
        connection.execute(text(_SQL_MEMORY))
        made = _drop_indexes(connection, ["search_texts"])
        latest = connection.execute(
            text(
                "SELECT conversation_id, conversation_end FROM search_records"
                " ORDER BY conversation_end DESC, conversation_id DESC LIMIT :rows"
            ),
            {"rows": rows},
        ).all()
        with _timed(build_s, "texts, COPY"):
            _copy(
                connection,
                "search_texts (conversation_id, recording_id, conversation_end, sha256, words)",
                _text_lines([(str(row[0]), row[1].isoformat()) for row in latest]),
            )
        for name, definition in made:
            with _timed(build_s, name):
                connection.execute(text(definition))
    with _timed(build_s, "vacuum, analyze"):
        _vacuum(engine, ["search_texts"])
    return build_s


def sizes_mib(engine: Engine) -> dict[str, float]:
    """What the search's tables and indexes take, each without the others."""
    statement = (
        "SELECT relname, pg_table_size(oid) / 1048576.0 FROM pg_class"
        " WHERE relname ~ '^(ix|pk|uq)?_?search_' AND relkind IN ('r', 'i') ORDER BY relname"
    )
    with engine.begin() as connection:
        return {row[0]: round(float(row[1]), 1) for row in connection.execute(text(statement))}


def vocabulary() -> list[str]:
    """The words of the texts, the commonest first."""
    draw = random.Random(2)
    syllables = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er")]
    made = dict.fromkeys(
        "".join(draw.choices(syllables, k=1 + n // 2_000 % 4 + 1)) + str(n % 7) for n in range(VOCABULARY * 3)
    )
    return list(made)[:VOCABULARY]


def _term_line(numbered: tuple[int, Term]) -> str:
    number, term = numbered
    return f"{number}\t{term.kind}\t{term.value}\t{term.name}\t{folded(term.name)}\n"


def _record_lines(rows: int, ids: list[str], tags: list[str]) -> Iterator[str]:
    draw = random.Random(3)
    rand, bits = draw.random, draw.getrandbits
    queues = list(accumulate(1 / (n + 5) for n in range(QUEUES)))
    total = queues[-1]
    queue_of = [next(n for n, edge in enumerate(queues) if edge >= step / 10_000 * total) for step in range(10_000)]
    agents = [[_FIRST_AGENT + each for each in agents_of(queue)] for queue in range(QUEUES)]
    step = SPAN / rows
    for number in range(rows):
        end = BEGIN + number * step
        start = end - timedelta(seconds=30 + int(rand() * 1_800))
        queue = queue_of[int(rand() * 10_000)]
        if queue < CLOSED_QUEUES * 10 and queue % 10 == 7 and number > rows / 7:
            queue -= 1
        own = {queue + 1, agents[queue][int(rand() * 60)]}
        if rand() < 0.2:
            own.add(agents[queue][int(rand() * 60)])
        share = rand()
        own.add(_FIRST_DIVISION + (DIVISIONS if share < SMALL_DIVISION_SHARE else int(share * DIVISIONS)))
        share = rand()
        own.add(_FIRST_MEDIA + next(n for n, edge in enumerate(_MEDIA_SHARES) if share <= edge or n == 4))
        share = rand()
        own.add(_FIRST_CLASS + next(n for n, edge in enumerate(_CLASS_SHARES) if share <= edge or n == 3))
        conversation_id = f"{bits(128):032x}"
        tag = "\\N"
        if rand() < 0.1:
            tag = f"CASE-{bits(40)}"
        if number % (rows // 2_000 or 1) == 0:
            ids.append(conversation_id)
            if tag != "\\N":
                tags.append(tag)
        address = "" if rand() < 0.02 else number_of(int(rand() * CUSTOMERS))
        yield (
            f"{conversation_id}\t1\t{start.isoformat()}\t{end.isoformat()}\t{(end + SPAN).isoformat()}\t1\t"
            f"{'t' if rand() < 0.0001 else 'f'}\t{'inbound' if rand() < 0.8 else 'outbound'}\t{tag}\t"
            f"{{{','.join(map(str, sorted(own)))}}}\t{{{address}}}\n"
        )


def _text_lines(latest: list[tuple[str, str]]) -> Iterator[str]:
    draw = random.Random(4)
    known = vocabulary()
    weights = list(accumulate(1 / (n + 3) for n in range(len(known))))
    made = []
    for _ in range(min(TEXTS, len(latest))):
        chosen = draw.choices(known, cum_weights=weights, k=400)
        made.append(next(iter(vectors(words(" ".join(chosen)[:TEXT_BYTES])))))
    sha256 = "a" * 64
    for number, (conversation_id, end) in enumerate(latest):
        yield f"{conversation_id}\tr\t{end}\t{sha256}\t{made[number % len(made)]} 'reference{number}':900\n"


class _Lines:
    """Lines as a file that COPY reads."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def read(self, _size: int) -> str:
        return "".join(islice(self._lines, 500))


def _copy(connection: Connection, target: str, lines: Iterable[str]) -> None:
    raw = connection.connection.dbapi_connection
    assert raw is not None
    with raw.cursor() as cursor:
        cursor.copy_expert(f"COPY {target} FROM STDIN", _Lines(lines))


def _drop_indexes(connection: Connection, tables: list[str]) -> list[tuple[str, str]]:
    """Drop indexes and keys, and tell how they are made again."""
    made: list[tuple[str, str]] = []
    for table in tables:
        constraints = connection.execute(
            text(
                "SELECT conname, pg_get_constraintdef(oid), contype FROM pg_constraint"
                " WHERE conrelid = CAST(:table AS regclass) AND contype IN ('p', 'f') ORDER BY contype DESC"
            ),
            {"table": table},
        ).all()
        for name, definition, _ in constraints:
            made.append((name, f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"))
            connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"))
        indexes = connection.execute(
            text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table"), {"table": table}
        ).all()
        for name, definition in indexes:
            made.append((name, definition))
            connection.execute(text(f"DROP INDEX {name}"))
    return made


def _vacuum(engine: Engine, tables: list[str]) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.execute(text(f"VACUUM ANALYZE {table}"))


@contextmanager
def _timed(times: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    times[name] = round(time.monotonic() - began, 1)
    print(f"  {name}: {times[name]} s", flush=True)
