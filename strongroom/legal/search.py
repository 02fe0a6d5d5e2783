"""Finding records: by what is known of them, within the divisions of whoever asks. What is found is metadata only."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, fields
from datetime import MAXYEAR, UTC, datetime
from uuid import UUID

import structlog

from strongroom.canonical import canonical_json
from strongroom.genesys.fields import is_uuid
from strongroom.house import House
from strongroom.ledger.hold_searches import Sought
from strongroom.ledger.lookup import ended_as
from strongroom.ledger.search import Criteria, FoundRecord, Place, find_record, find_records, values_of
from strongroom.ledger.search_index import LONGEST_VALUE
from strongroom.legal.access import Ended, NotThere, Principal, Right, require
from strongroom.legal.errors import Misuse
from strongroom.pipeline.addresses import spellings
from strongroom.words import Phrase, phrases, storable

MOST_ROWS = 100
"""On one page."""
DIRECTIONS = ("inbound", "outbound")
MEDIA = ("voice", "chat", "message", "email", "callback", "video", "cobrowse", "screenshare", "unknown")
"""What Genesys's analytics calls the medium of a session; what else was ever archived may be asked for as well."""

_MOST_WORDS = 50
_LONGEST_TEXT = 1_000
_SHORTEST_BEGINNING = 2
_MARK_CHARACTERS = 16
_WHERE = "the search"
_log = structlog.get_logger()


@dataclass(frozen=True)
class SearchQuery:
    """What a conversation must be, all of it at once; what is None or blank is not asked for.

    `…_from` is the first instant that fits, `…_to` the first that does not; both need a time zone. `address` is a
    number in any spelling, or an e-mail or other address. `agent`, `queue` and `division` are ids, or parts of names.
    `text` is words that one chat, message or e-mail thread holds: all of them, "phrases" in quotes, `order*` for what
    begins so. `cursor` is `next_cursor` of the page before, of the same search.
    """

    conversation_id: str | None = None
    external_tag: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    ended_from: datetime | None = None
    ended_to: datetime | None = None
    address: str | None = None
    agent: str | None = None
    queue: str | None = None
    media: str | None = None
    direction: str | None = None
    retention_class: str | None = None
    division: str | None = None
    held: bool | None = None
    text: str | None = None
    page_size: int = 50
    cursor: str | None = None


@dataclass(frozen=True)
class FoundConversation:
    """The latest archived revision of a conversation. Queues and agents by name, or by id where none is known.

    `divisions` are ids. `recordings` counts those that are stored. `text_gap`: why not all of its text can be searched.
    """

    conversation_id: UUID
    revision: int
    conversation_start: datetime
    conversation_end: datetime
    direction: str | None
    media: tuple[str, ...]
    queues: tuple[str, ...]
    agents: tuple[str, ...]
    addresses: tuple[str, ...]
    external_tag: str | None
    retention_class: str
    retain_until: datetime
    divisions: tuple[str, ...]
    held: bool
    recordings: int
    text_gap: str | None = None


@dataclass(frozen=True)
class SearchPage:
    """What was found, the latest end first; `next_cursor` asks for what follows, None: that was all."""

    rows: tuple[FoundConversation, ...]
    next_cursor: str | None


def find(house: House, principal: Principal, query: SearchQuery) -> SearchPage:
    """One page of what fits. Raises Forbidden, Misuse for what can't be asked, SearchTooLong, LedgerUnreachable."""
    require(principal, Right.SEARCH)
    if not 1 <= query.page_size <= MOST_ROWS:
        raise _misuse(f"a page has 1 to {MOST_ROWS} rows", "ask for as many, and for the next page by its cursor")
    criteria = _criteria(house, principal, query)
    found = [] if criteria is None else find_records(house.engine, criteria, query.page_size + 1)
    asked = sorted(_asked(query))
    # which kinds of things are asked for, never what: a number in a log is a leak
    _log.info("searched", by=principal.name, filters=asked, rows=min(len(found), query.page_size))
    rows = tuple(_conversation(one) for one in found[: query.page_size])
    more = len(found) > query.page_size
    return SearchPage(rows, _cursor(query, rows[-1]) if more else None)


def look_up(house: House, principal: Principal, conversation_id: UUID) -> FoundConversation:
    """One conversation. Raises Forbidden; NotThere when there is none, or none in the principal's divisions."""
    require(principal, Right.SEARCH)
    found = find_record(house.engine, conversation_id, principal.divisions)
    if found is None:
        # which division it was of nobody knows any more
        ended = ended_as(house.engine, conversation_id) if principal.divisions is None else None
        if ended is not None:
            raise Ended(
                f"the record was {ended[0]} on {ended[1]:%Y-%m-%d}",
                where=f"conversation {conversation_id}",
                todo="the certificate stands in the vault and in the log: strongroom verify holds it against both",
            )
        raise NotThere(
            "there is no such conversation, or none that you may see",
            where=f"conversation {conversation_id}",
            todo="check the id; what ended a moment ago is archived the night after",
        )
    return _conversation(found)


def sought(house: House, principal: Principal, query: SearchQuery) -> Sought:
    """What a matter looks for, within the principal's divisions, as long as it holds.

    Raises Misuse for what can't be asked, or not of what is still to come: an id, words, whether it is held.
    """
    todo = "give a customer, an agent, a queue, a medium or a time"
    if {"conversation_id", "held", "text"} & set(_asked(query)):
        raise _misuse("a matter can't look for that", todo)
    criteria = _criteria(house, principal, query)
    if criteria is None:
        raise _misuse("this can't be a customer's number or address", "give it as it would be dialled or written to")
    _require_in_utc(query)
    found = Sought(**{one.name: getattr(criteria, one.name) for one in fields(Sought)})
    if found == Sought(divisions=principal.divisions):
        # blanks ask for nothing, and everything would be held
        raise _misuse("nothing is looked for", todo)
    return found


def _require_in_utc(query: SearchQuery) -> None:
    """A matter keeps its times in UTC, in which they are read again whenever something is indexed."""
    for one in fields(query):
        instant = getattr(query, one.name)
        if not isinstance(instant, datetime):
            continue
        try:
            instant.astimezone(UTC)
        except OverflowError:
            raise _misuse(
                f"a time of `{one.name.partition('_')[0]}` is before the year 1 or after 9999 in UTC",
                "give a nearer time, or leave it out",
            ) from None


def _in_utc(instant: datetime | None) -> datetime | None:
    """The same instant in UTC, or the nearest that Python has: PostgreSQL takes no offset of 16 hours and more."""
    if instant is None:
        return None
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        if instant.year == MAXYEAR:
            return datetime.max.replace(tzinfo=UTC)
        return datetime.min.replace(tzinfo=UTC)


def _criteria(house: House, principal: Principal, query: SearchQuery) -> Criteria | None:
    """What the ledger is asked; None when nobody can meet it: an id that is none, a number that was withheld."""
    conversation_id = _blank(query.conversation_id)
    if conversation_id is not None and not is_uuid(conversation_id):
        raise _misuse("a conversation's id is a UUID", "as 6d1f6c7e-0f9a-4f8e-9e58-3d3f9f5f2a11; or search by a number")
    address = _blank(query.address)
    addresses = () if address is None else spellings(address, house.settings.phone_region)
    if address is not None and not addresses:
        return None
    sought = _phrases(_blank(query.text))
    for name in ("started", "ended"):
        _ordered(name, getattr(query, f"{name}_from"), getattr(query, f"{name}_to"))
    return Criteria(
        divisions=principal.divisions,
        conversation_id=None if conversation_id is None else UUID(conversation_id),
        external_tag=_blank(query.external_tag),
        started_from=_in_utc(query.started_from),
        started_to=_in_utc(query.started_to),
        ended_from=_in_utc(query.ended_from),
        ended_to=_in_utc(query.ended_to),
        addresses=addresses,
        named=tuple(_named(house, query)),
        direction=_one_of("direction", _blank(query.direction), DIRECTIONS),
        held=query.held,
        phrases=sought,
        after=None if query.cursor is None else _place(query),
    )


def _named(house: House, query: SearchQuery) -> list[tuple[str, str]]:
    named = [
        (kind, value)
        for kind, value in (
            ("agent", _blank(query.agent)),
            ("queue", _blank(query.queue)),
            ("division", _blank(query.division)),
        )
        if value is not None
    ]
    for kind, value, known in (
        ("media", _blank(query.media), MEDIA),
        ("class", _blank(query.retention_class), tuple(one.name for one in house.policy.classes)),
    ):
        if value is None:
            continue
        if value not in known:
            _one_of("retention class" if kind == "class" else kind, value, (*known, *values_of(house.engine, kind)))
        named.append((kind, value))
    return named


def _phrases(text: str | None) -> tuple[Phrase, ...]:
    if text is None:
        return ()
    sought = phrases(text) if len(text) <= _LONGEST_TEXT else ()
    if not sought or sum(len(one.words) for one in sought) > _MOST_WORDS:
        raise _misuse(
            f"a text to search for has 1 to {_MOST_WORDS} words, and at most {_LONGEST_TEXT} characters",
            "give letters or digits that stand in it",
        )
    if any(one.begins and len(one.words[-1]) < _SHORTEST_BEGINNING for one in sought):
        raise _misuse("the beginning of a word is too short", f"give {_SHORTEST_BEGINNING} letters before the *")
    return sought


def _one_of(what: str, value: str | None, known: tuple[str, ...]) -> str | None:
    if value is not None and value not in known:
        raise _misuse(f"there is no such {what}", f"there are: {', '.join(dict.fromkeys(known))}")
    return value


def _ordered(what: str, first: datetime | None, end: datetime | None) -> None:
    for instant in (first, end):
        if instant is not None and instant.tzinfo is None:
            raise _misuse(f"a time of `{what}` has no time zone", "give it as 2025-05-14T10:00:00Z")
    if first is not None and end is not None and end <= first:
        raise _misuse(f"`{what}` ends before it begins", "give the earlier time first")


def _blank(value: str | None) -> str | None:
    """The value as the index holds it, or None for nothing but space."""
    return None if value is None else storable(value).strip()[:LONGEST_VALUE] or None


def _asked(query: SearchQuery) -> list[str]:
    return [
        one.name
        for one in fields(query)
        if one.name not in ("page_size", "cursor") and getattr(query, one.name) not in (None, "")
    ]


def _conversation(found: FoundRecord) -> FoundConversation:
    def named(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(term.name or term.value for term in found.terms if term.kind == kind))

    def valued(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(term.value for term in found.terms if term.kind == kind))

    return FoundConversation(
        conversation_id=found.conversation_id,
        revision=found.revision,
        conversation_start=found.conversation_start,
        conversation_end=found.conversation_end,
        direction=found.direction,
        media=valued("media"),
        queues=named("queue"),
        agents=named("agent"),
        addresses=found.addresses,
        external_tag=found.external_tag,
        retention_class=valued("class")[0],
        retain_until=found.retain_until,
        divisions=valued("division"),
        held=found.held,
        recordings=found.recordings,
        text_gap=found.text_gap,
    )


def _cursor(query: SearchQuery, last: FoundConversation) -> str:
    place = f"{last.conversation_end.isoformat()}|{last.conversation_id}"
    return base64.urlsafe_b64encode(f"{_mark(query, place)}|{place}".encode()).decode().rstrip("=")


def _place(query: SearchQuery) -> Place:
    """Where the page before ended. Raises Misuse for what is no cursor, or one of another search.

    The mark is no secret: who makes up a place sees what is from there on, which is within what he may find anyhow.
    """
    cursor = query.cursor or ""
    try:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", cursor):
            raise ValueError
        mark, _, place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition("|")
        end, _, conversation_id = place.partition("|")
        found = Place(datetime.fromisoformat(end), UUID(conversation_id))
        if mark != _mark(query, place) or found.conversation_end.tzinfo is None:
            raise ValueError
    except (ValueError, binascii.Error):
        raise _misuse("this is not the cursor of this search", "search again from the first page") from None
    return found


def _mark(query: SearchQuery, place: str) -> str:
    """Ties a place to what was asked: with other filters it would be a place in another answer."""
    asked = {name: getattr(query, name) for name in _asked(query)}
    told = {name: each.isoformat() if isinstance(each, datetime) else each for name, each in asked.items()}
    content = canonical_json([told, place])
    return hashlib.sha256(content).hexdigest()[:_MARK_CHARACTERS]


def _misuse(what: str, todo: str) -> Misuse:
    return Misuse(what, where=_WHERE, todo=todo)
