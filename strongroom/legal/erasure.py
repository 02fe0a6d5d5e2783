"""Erasure (GDPR, Article 17): what may go of a person or a conversation, what must stay and why, and the answer.

Whom it is about is asked of the search and kept nowhere: a list has the ids of records and the case's number.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from strongroom.house import House
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.ending_steps import Judge
from strongroom.ledger.endings import Ending, add_records, begin_list, find_ending
from strongroom.ledger.engine import transaction
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.standing_records import standing_records
from strongroom.legal.access import NotThere, Principal, Right
from strongroom.legal.drawing_up import on_the_list
from strongroom.legal.endings import require_undivided
from strongroom.legal.errors import Misuse
from strongroom.legal.search import MOST_ROWS, SearchQuery, find
from strongroom.legal.verdicts import erasure_judge
from strongroom.times import utc_now

KIND = "erasure"
MOST_RECORDS = 10_000
"""On one list: of one person no bank has more."""

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_#-]{0,63}")
_TELEPHONE = re.compile(r"(?:\d[ ./-]?){9,}")
_BATCH = 500


def assess(
    house: House,
    principal: Principal,
    reference: str,
    *,
    address: str | None = None,
    conversation_ids: Sequence[UUID] = (),
) -> Ending:
    """Draw up what an erasure would do to each record of a person, by number or address, or to these conversations.

    `reference` is the case's number. Raises Forbidden, Misuse, NotThere where nothing is found, LedgerUnreachable.
    """
    require_undivided(principal, Right.END)
    case = _reference(reference)
    ids = list(dict.fromkeys([*conversation_ids, *_of_address(house, principal, address)]))
    if len(ids) > MOST_RECORDS:
        raise Misuse(
            f"more than {MOST_RECORDS:,} records are meant", where="the erasure", todo="check whom it is about"
        )
    now, judge = database_clock(house.engine), judge_of(house)
    with transaction(house.engine) as connection:
        records = [
            record
            for start in range(0, len(ids), _BATCH)
            for record in standing_records(connection, ids[start : start + _BATCH])
        ]
        if not records:
            raise NotThere(
                "the archive has no such record", where="the erasure", todo="check the number, the address or the ids"
            )
        cause = "assessed; to be proposed"
        ending_id = begin_list(connection, KIND, principal.name, cause, month=None, reference=case)
        if ending_id is None:
            raise AssertionError("only a monthly list can be there already")
        add_records(connection, ending_id, on_the_list(house, records, judge, now))
        details: dict[str, object] = {"list": ending_id, "kind": KIND, "records": len(records), "reference": case}
        append_events(connection, [NewEvent("listed", principal.actor, details=details)])
    made = find_ending(house.engine, ending_id)
    if made is None:
        raise AssertionError("it was committed")
    return made


def judge_of(house: House) -> Judge:
    """Who decides, when an erasure is assessed and again when it is carried out."""
    classes = {one.name: one for one in house.policy.classes}
    return erasure_judge(classes, utc_now, trial=house.settings.trial)


def _of_address(house: House, principal: Principal, address: str | None) -> Iterator[UUID]:
    if address is None:
        return
    if not address.strip():
        raise Misuse("the number or address is blank", where="the erasure", todo="give one, or conversations' ids")
    query = SearchQuery(address=address, page_size=MOST_ROWS)
    while True:
        page = find(house, principal, query)
        yield from (row.conversation_id for row in page.rows)
        if page.next_cursor is None:
            return
        query = replace(query, cursor=page.next_cursor)


def _reference(text: str) -> str:
    """A case's number: it goes on the record for good, so that it can't be a telephone number or an address."""
    case = text.strip()
    if not _REFERENCE.fullmatch(case) or _TELEPHONE.search(case):
        raise Misuse(
            "a case's number has 1 to 64 letters, digits, spaces and . / _ # -, and is no telephone number",
            where="reference",
            todo="give the number that the case has with you, as DSR-2026-17: it stays on the record",
        )
    return case
