"""A conversation's page: what is known of it, without what was said; looking at it is on the record."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from strongroom.errors import StrongroomError
from strongroom.evidence.custody_report import CustodyReport
from strongroom.house import House
from strongroom.ledger.custody import NewEvent, record_events
from strongroom.ledger.divisions import known_of
from strongroom.ledger.dossier import ArchivedObject, ArchivedRecording, ArchivedRevision, dossier_of
from strongroom.ledger.lookup import ended_as
from strongroom.legal.access import Forbidden, Principal, Right
from strongroom.legal.holds import names_holding
from strongroom.legal.requests import Request, not_there, open_request
from strongroom.legal.search import FoundConversation, look_up
from strongroom.pipeline.custody_report import custody_report
from strongroom.times import utc_now
from strongroom.vault.restore import look

_AT_ONCE = 8


@dataclass(frozen=True)
class StoredObject:
    """An object with where it lies. `storage` is in words, None where the store can't say just now."""

    object: ArchivedObject
    storage: str | None
    readable: bool | None
    readable_until: datetime | None


@dataclass(frozen=True)
class Record:
    """All that the desk shows of a conversation. `custody` is None where the principal may not see it.

    `analytics` is Genesys's record and `names` what ids were called then, both of the latest archived revision;
    `request` is the principal's own open request for it; `held_by` names the matters that hold it.
    """

    found: FoundConversation
    analytics: dict[str, Any]
    names: dict[str, Any] | None
    decision: dict[str, Any] | None
    revisions: tuple[ArchivedRevision, ...]
    objects: tuple[StoredObject, ...]
    recordings: tuple[ArchivedRecording, ...]
    custody: CustodyReport | None
    request: Request | None
    held_by: tuple[str, ...]


def open_record(house: House, principal: Principal, conversation_id: UUID) -> Record:
    """A conversation's metadata; the custody chain is told of the look. Raises Forbidden, NotThere, and what the ledger
    and the vault raise.
    """
    found = look_up(house, principal, conversation_id)
    dossier = dossier_of(house.engine, conversation_id, found.revision)
    if dossier is None:
        raise not_there("conversation")
    request = open_request(house, principal, conversation_id) if principal.may(Right.REQUEST) else None
    event = NewEvent("viewed", principal.actor, conversation_id, found.revision, None, {"what": "metadata"})
    record_events(house.engine, [event])
    may_see_custody = principal.may(Right.SEE_CUSTODY) or request is not None
    return Record(
        found=found,
        analytics=dossier.record,
        names=dossier.names,
        decision=dossier.decision,
        revisions=dossier.revisions,
        objects=_stored(house, dossier.objects),
        recordings=dossier.recordings,
        custody=_report(house, conversation_id) if may_see_custody else None,
        request=request,
        held_by=names_holding(house, conversation_id),
    )


def custody_of(house: House, principal: Principal, conversation_id: UUID) -> CustodyReport:
    """What has been done with a conversation: with that right, or under one's own open request.

    Raises Forbidden, NotThere, and the ledger's and the vault's errors.
    """
    if not principal.may(Right.SEE_CUSTODY) and not principal.may(Right.REQUEST):
        raise Forbidden(
            f"{principal.name} has no right to {Right.SEE_CUSTODY}",
            where="the Legal desk",
            todo="ask whoever manages its users for a role that has it",
        )
    # what was done with a record outlives it; which division it was of nobody knows any more
    ended = principal.divisions is None and ended_as(house.engine, conversation_id) is not None
    if not ended and not known_of(house.engine, [conversation_id], principal.divisions):
        raise not_there("conversation")
    if not principal.may(Right.SEE_CUSTODY) and open_request(house, principal, conversation_id) is None:
        raise not_there("conversation")
    return _report(house, conversation_id)


def _report(house: House, conversation_id: UUID) -> CustodyReport:
    return custody_report(house.engine, house.store, conversation_id, trial=house.settings.trial)


def _stored(house: House, objects: Iterable[ArchivedObject]) -> tuple[StoredObject, ...]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(lambda one: _lying(house, one), objects))


def _lying(house: House, one: ArchivedObject) -> StoredObject:
    try:
        found = look(house.store, one.key, one.version_id)
    except StrongroomError:
        # the page says what the ledger knows, whatever the store does
        return StoredObject(one, None, None, None)
    if not found.archived:
        return StoredObject(one, found.storage_class, True, None)
    words = f"{found.storage_class}, {'being restored' if found.under_way else 'must be restored'}"
    readable = found.readable(utc_now())
    return StoredObject(one, f"{found.storage_class}, restored" if readable else words, readable, found.readable_until)
