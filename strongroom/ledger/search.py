"""Asking the search: one page of conversations that meet every condition, the latest end first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, distinct_on
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import Integer, Text

from strongroom.errors import StrongroomError
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.search_index import Term
from strongroom.ledger.search_schema import search_postings, search_records, search_terms, search_texts
from strongroom.ledger.search_words import query
from strongroom.words import Phrase, folded

LONGEST_SEARCH_S = 10
_MERGED_TERMS = 50
"""Terms whose postings are read side by side; what fits more of them is common, and found on the way."""
_MANY = 10_000
"""Postings that are all read without anybody waiting; of more, a page's worth."""
_CANCELED = "57014"  # PostgreSQL's documentation, appendix A: query_canceled


class SearchTooLong(StrongroomError):
    """PostgreSQL was told to give up after LONGEST_SEARCH_S."""


@dataclass(frozen=True)
class Place:
    """Where in the answer a conversation stands."""

    conversation_end: datetime
    conversation_id: UUID


@dataclass(frozen=True)
class Criteria:
    """What must all hold. `divisions`: one of them at least is the conversation's; None: any, or none at all.

    `named` is by kind of term (queue, agent, division, media, class) an id, or a part of a name. `addresses` are
    normalised, and one of them must be the conversation's.
    """

    divisions: frozenset[str] | None = None
    conversation_id: UUID | None = None
    external_tag: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    ended_from: datetime | None = None
    ended_to: datetime | None = None
    addresses: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    direction: str | None = None
    held: bool | None = None
    phrases: tuple[Phrase, ...] = ()
    after: Place | None = None


@dataclass(frozen=True)
class FoundRecord:
    """A conversation as the search has it. `text_gap`: why not all of its text can be searched."""

    conversation_id: UUID
    revision: int
    conversation_start: datetime
    conversation_end: datetime
    retain_until: datetime
    direction: str | None
    external_tag: str | None
    terms: tuple[Term, ...]
    addresses: tuple[str, ...]
    held: bool
    recordings: int
    text_gap: str | None


def find_records(engine: Engine, criteria: Criteria, limit: int) -> list[FoundRecord]:
    """Up to `limit` conversations, the latest end first. Raises SearchTooLong, LedgerUnreachable."""
    with transaction(engine) as connection:
        _bound(connection)
        try:
            statement = page_statement(connection, criteria, limit)
            if statement is None:
                return []
            rows = connection.execute(statement).mappings().all()
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != _CANCELED:
                raise
            raise SearchTooLong(
                f"the search took more than {LONGEST_SEARCH_S} seconds and was given up",
                where="the search",
                todo="add a number, a name or a shorter time between",
            ) from error
        return _found(connection, rows)


def find_record(engine: Engine, conversation_id: UUID, divisions: frozenset[str] | None) -> FoundRecord | None:
    """One conversation, by its id; None when it is in none of the divisions as well."""
    with transaction(engine) as connection:
        rows = connection.execute(record_statement(conversation_id, divisions)).mappings().all()
        found = _found(connection, rows)
        return found[0] if found else None


def values_of(engine: Engine, kind: str) -> list[str]:
    """The ids of all terms of a kind that the search has."""
    statement = select(search_terms.c.value).where(search_terms.c.kind == kind).distinct()
    with transaction(engine) as connection:
        return sorted(connection.scalars(statement))


def record_statement(conversation_id: UUID, divisions: frozenset[str] | None) -> Select[Any]:
    """The look-up by id: one probe of one index."""
    statement = select(search_records).where(search_records.c.conversation_id == conversation_id)
    if divisions is None:
        return statement
    return statement.where(of_divisions(divisions))


def of_divisions(divisions: frozenset[str]) -> ColumnElement[bool]:
    """Whether a record of the search belongs to one of these divisions at least."""
    visible = select(func.coalesce(func.array_agg(search_terms.c.term_id), cast([], ARRAY(Integer)))).where(
        search_terms.c.kind == "division", search_terms.c.value.in_(sorted(divisions))
    )
    shared: ColumnElement[bool] = search_records.c.terms.overlap(visible.scalar_subquery())
    return shared


def page_statement(connection: Connection, criteria: Criteria, limit: int) -> Select[Any] | None:
    """The query of one page; None when something is asked for that no conversation has."""
    terms = [_matching(connection, kind, wanted) for kind, wanted in criteria.named]
    if criteria.divisions is not None:
        terms.append(_valued(connection, "division", criteria.divisions))
    if [] in terms:
        return None
    leader = _leader(connection, criteria, terms)
    texts_lead = bool(criteria.phrases) and leader is None and not _is_rare(criteria)
    source: FromClause = search_records
    ordered: FromClause = search_records
    if texts_lead:
        ordered = _texts(connection, criteria)
    elif leader is not None:
        ordered = _postings(leader)
    if ordered is not search_records:
        # by the id alone: PostgreSQL would take the end for a second, independent condition, and plan for few rows
        source = ordered.join(search_records, search_records.c.conversation_id == ordered.c.conversation_id)
    statement = (
        select(search_records)
        .select_from(source)
        .where(*_within(criteria, ordered), *_of_record(criteria), *(_any_of(ids) for ids in terms if ids != leader))
        .order_by(ordered.c.conversation_end.desc(), ordered.c.conversation_id.desc())
        .limit(limit)
    )
    if texts_lead and ordered is search_texts:
        statement = statement.where(_says(criteria.phrases))
    elif criteria.phrases and not texts_lead:
        of_record = search_texts.c.conversation_id == search_records.c.conversation_id
        statement = statement.where(exists(select(literal(1)).where(of_record, _says(criteria.phrases))))
    if texts_lead or (leader is not None and len(leader) > 1):
        # a conversation has several texts, or several of the terms
        statement = statement.ext(distinct_on(ordered.c.conversation_end, ordered.c.conversation_id))
    return statement


def _is_rare(criteria: Criteria) -> bool:
    """Whether something is asked for that few conversations have, by an index of its own."""
    return bool(criteria.conversation_id or criteria.addresses or criteria.external_tag or criteria.held)


def _leader(connection: Connection, criteria: Criteria, terms: Sequence[list[int]]) -> list[int] | None:
    """Whose postings are read, the rest being looked at on the way; None: what else is asked for is rarer.

    The one with the fewest, where it has few; else the first, in the order of the answer until the page is full.
    """
    if _is_rare(criteria):
        return None
    fewest: tuple[int, list[int]] | None = None
    able = [ids for ids in terms if len(ids) <= _MERGED_TERMS]
    for ids in able:
        postings = _postings(ids)
        some = select(literal(1)).select_from(postings).where(*_within(criteria, postings)).limit(_MANY)
        count = connection.scalar(select(func.count()).select_from(some.subquery())) or 0
        if count < _MANY and (fewest is None or count < fewest[0]):
            fewest = (count, ids)
    if fewest is not None:
        return fewest[1]
    # how long a conversation lasts has no bound, so the start says where to stop, and not where to begin
    return able[0] if able and criteria.started_to is None and not criteria.phrases else None


def _texts(connection: Connection, criteria: Criteria) -> FromClause:
    """The texts that hold the words: where they are few these alone, found first; else all, to be read in order.

    PostgreSQL guesses how many hold a rare word, guesses too many, and would look through all texts for a page of them.
    """
    found = select(search_texts.c.conversation_end, search_texts.c.conversation_id).where(
        *_within(criteria, search_texts)
    )
    # for a phrase each text that has its words must be read: they are counted without
    apart = [
        Phrase((word,), phrase.begins and place == len(phrase.words))
        for phrase in criteria.phrases
        for place, word in enumerate(phrase.words, start=1)
    ]
    some = found.where(_says(apart)).limit(_MANY)
    # with neither of these it looks the words up
    connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"))
    count = connection.scalar(select(func.count()).select_from(some.subquery())) or 0
    connection.execute(text("SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = on"))
    if count == _MANY:
        return search_texts
    few = found.where(_says(criteria.phrases))
    return few.cte("texts").prefix_with("MATERIALIZED", dialect="postgresql")


def _says(phrases: Sequence[Phrase]) -> ColumnElement[bool]:
    return search_texts.c.words.bool_op("@@")(cast(literal(query(phrases)), TSQUERY))


def _bound(connection: Connection) -> None:
    # compiling a query takes longer than any of these runs
    connection.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_SEARCH_S}s'; SET LOCAL jit = off"))


def _postings(term_ids: Sequence[int]) -> FromClause:
    """The postings of some terms; each is read in the order of the answer."""
    columns = (search_postings.c.conversation_end, search_postings.c.conversation_id)
    each = [select(*columns).where(search_postings.c.term_id == term_id) for term_id in term_ids]
    return (each[0] if len(each) == 1 else union_all(*each)).subquery("postings")


def _within(criteria: Criteria, source: FromClause) -> Iterator[ColumnElement[bool]]:
    """The bounds of the end, on what is read in its order."""
    end = source.c.conversation_end
    # what started later ended later as well
    earliest = [one for one in (criteria.ended_from, criteria.started_from) if one is not None]
    if earliest:
        yield end >= max(earliest)
    if criteria.ended_to is not None:
        yield end < criteria.ended_to
    if criteria.after is not None:
        place = (literal(criteria.after.conversation_end), literal(criteria.after.conversation_id))
        yield tuple_(end, source.c.conversation_id) < tuple_(*place)


def _of_record(criteria: Criteria) -> Iterator[ColumnElement[bool]]:
    record = search_records.c
    if criteria.conversation_id is not None:
        yield record.conversation_id == criteria.conversation_id
    if criteria.external_tag is not None:
        yield record.external_tag == criteria.external_tag
    if criteria.started_from is not None:
        yield record.conversation_start >= criteria.started_from
    if criteria.started_to is not None:
        yield record.conversation_start < criteria.started_to
    if criteria.addresses:
        yield record.addresses.overlap(cast(list(criteria.addresses), ARRAY(Text)))
    if criteria.direction is not None:
        yield record.direction == criteria.direction
    if criteria.held is not None:
        yield record.held if criteria.held else ~record.held


def _any_of(term_ids: Sequence[int]) -> ColumnElement[bool]:
    shared: ColumnElement[bool] = search_records.c.terms.overlap(cast(list(term_ids), ARRAY(Integer)))
    return shared


def _matching(connection: Connection, kind: str, wanted: str) -> list[int]:
    """The terms of a kind with this id, or with this in their name."""
    part = folded(wanted)
    named = search_terms.c.folded.contains(part, autoescape=True) if part.strip() else false()
    statement = select(search_terms.c.term_id).where(
        search_terms.c.kind == kind, or_(search_terms.c.value == wanted, named)
    )
    return sorted(connection.scalars(statement))


def _valued(connection: Connection, kind: str, values: Iterable[str]) -> list[int]:
    statement = select(search_terms.c.term_id).where(
        search_terms.c.kind == kind, search_terms.c.value.in_(sorted(values))
    )
    return sorted(connection.scalars(statement))


def _found(connection: Connection, rows: Sequence[RowMapping]) -> list[FoundRecord]:
    term_ids = {term_id for row in rows for term_id in row["terms"]}
    if not rows:
        return []
    columns = (search_terms.c.term_id, search_terms.c.kind, search_terms.c.value, search_terms.c.name)
    statement = select(*columns).where(search_terms.c.term_id.in_(term_ids))
    terms = {row.term_id: Term(row.kind, row.value, row.name) for row in connection.execute(statement)}
    return [
        FoundRecord(
            **{name: row[name] for name in FoundRecord.__dataclass_fields__ if name not in ("terms", "addresses")},
            terms=tuple(sorted(terms[term_id] for term_id in row["terms"])),
            addresses=tuple(row["addresses"]),
        )
        for row in rows
    ]
