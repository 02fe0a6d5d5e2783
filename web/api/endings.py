"""API: lists for disposition and erasure are drawn up, read, proposed, approved, refused; nothing is deleted here."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from strongroom.legal import disposition, endings, erasure
from strongroom.legal.answering import draft_answer
from strongroom.legal.endings import EndingList
from web.api.models import ApiModel, Instant, RefuseBody, problems
from web.desk import desk_of
from web.session import CurrentPrincipal

router = APIRouter(prefix="/api/v1", tags=["disposition and erasure"])

_MOST_RECORDS = 1_000

ListId = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""A list's number."""


class AssessBody(ApiModel):
    """An erasure to be assessed: a person's number or address, which is kept nowhere, or conversations."""

    reference: Annotated[str, Field(min_length=1, max_length=64)]
    address: Annotated[str | None, Field(max_length=320)] = None
    conversation_ids: Annotated[tuple[UUID, ...], Field(max_length=10_000)] = ()


class CountModel(ApiModel):
    """How many records of a class are in a state, and why; `earlyUsd` is what deleting them early costs."""

    retention_class: str
    basis: str
    state: str
    cause: str
    article: str | None
    records: int
    objects: int
    size_bytes: int
    early_usd: str


class EndingModel(ApiModel):
    """A list, and who decided what about it."""

    list_id: int
    kind: str
    month: date | None
    reference: str | None
    state: str
    state_at: Instant
    cause: str
    made_by: str
    made_at: Instant
    proposer: str | None
    proposed_at: Instant | None
    approver: str | None
    approved_at: Instant | None


class EndingListModel(EndingModel):
    """A list with what is on it; `answer` is a draft to the person, of an erasure."""

    counts: list[CountModel]
    certificates: list[int]
    answer: str | None


class EndingsModel(ApiModel):
    """Lists, the newest first."""

    lists: list[EndingModel]


class EndingRecordModel(ApiModel):
    """A record on a list."""

    conversation_id: UUID
    retention_class: str
    basis: str
    retain_until: Instant
    state: str
    cause: str
    article: str | None
    certificate: int | None


class EndingRecordsModel(ApiModel):
    """Records of a list by id; `nextAfter` asks for what follows, none: that was all."""

    records: list[EndingRecordModel]
    next_after: UUID | None


@router.get("/dispositions", responses=problems(403))
@router.get("/erasures", responses=problems(403))
def list_lists(request: Request, principal: CurrentPrincipal) -> EndingsModel:
    """The lists of a kind."""
    found = endings.lists(desk_of(request).house, principal, _kind(request))
    return EndingsModel(lists=[EndingModel(**_told(one)) for one in found])


@router.post("/dispositions", status_code=201, responses=problems(403))
def draw_up(request: Request, principal: CurrentPrincipal) -> EndingListModel:
    """Draw up a list of what may go now."""
    house = desk_of(request).house
    made = disposition.draw_up(house, principal)
    return _model(endings.read(house, principal, disposition.KIND, made.ending_id))


@router.post("/erasures", status_code=201, responses=problems(400, 403, 404))
def assess(request: Request, principal: CurrentPrincipal, body: AssessBody) -> EndingListModel:
    """Assess an erasure: of each record whether it may go, must stay and why, or is held."""
    house = desk_of(request).house
    made = erasure.assess(
        house, principal, body.reference, address=body.address, conversation_ids=body.conversation_ids
    )
    return _model(endings.read(house, principal, erasure.KIND, made.ending_id))


@router.get("/dispositions/{list_id}", responses=problems(400, 403, 404))
@router.get("/erasures/{list_id}", responses=problems(400, 403, 404))
def read(request: Request, principal: CurrentPrincipal, list_id: ListId) -> EndingListModel:
    """A list by class and count."""
    return _model(endings.read(desk_of(request).house, principal, _kind(request), list_id))


@router.get("/dispositions/{list_id}/records", responses=problems(400, 403, 404))
@router.get("/erasures/{list_id}/records", responses=problems(400, 403, 404))
def records(
    request: Request,
    principal: CurrentPrincipal,
    list_id: ListId,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_RECORDS)] = 100,
) -> EndingRecordsModel:
    """Records of a list."""
    found = endings.records(desk_of(request).house, principal, _kind(request), list_id, after=after, limit=limit + 1)
    page = found[:limit]
    return EndingRecordsModel(
        records=[
            EndingRecordModel(
                conversation_id=one.conversation_id,
                retention_class=one.retention_class,
                basis=one.basis,
                retain_until=one.retain_until,
                state=one.state,
                cause=one.cause,
                article=one.article,
                certificate=one.certificate,
            )
            for one in page
        ],
        next_after=page[-1].conversation_id if len(found) > limit else None,
    )


@router.post("/dispositions/{list_id}/propose", responses=problems(400, 403, 404, 409))
@router.post("/erasures/{list_id}/propose", responses=problems(400, 403, 404, 409))
def propose(request: Request, principal: CurrentPrincipal, list_id: ListId) -> EndingListModel:
    """Put a list up for approval."""
    return _model(endings.propose(desk_of(request).house, principal, _kind(request), list_id))


@router.post("/dispositions/{list_id}/approve", responses=problems(400, 403, 404, 409))
@router.post("/erasures/{list_id}/approve", responses=problems(400, 403, 404, 409))
def approve(request: Request, principal: CurrentPrincipal, list_id: ListId) -> EndingListModel:
    """Approve what another has proposed."""
    return _model(endings.approve(desk_of(request).house, principal, _kind(request), list_id))


@router.post("/dispositions/{list_id}/refuse", responses=problems(400, 403, 404, 409))
@router.post("/erasures/{list_id}/refuse", responses=problems(400, 403, 404, 409))
def refuse(request: Request, principal: CurrentPrincipal, list_id: ListId, body: RefuseBody) -> EndingListModel:
    """Refuse a list, and say why."""
    return _model(endings.refuse(desk_of(request).house, principal, _kind(request), list_id, body.reason))


def _kind(request: Request) -> str:
    return erasure.KIND if request.url.path.startswith(f"{router.prefix}/erasures") else disposition.KIND


def _told(one: endings.Ending) -> dict[str, Any]:
    told = {name: value for name, value in vars(one).items() if name != "ending_id"}
    return told | {"list_id": one.ending_id}


def _model(found: EndingList) -> EndingListModel:
    return EndingListModel(
        **_told(found.ending),
        counts=[
            CountModel(
                retention_class=one.retention_class,
                basis=one.basis,
                state=one.state,
                cause=one.cause,
                article=one.article,
                records=one.records,
                objects=one.objects,
                size_bytes=one.size_bytes,
                early_usd=str(one.early_usd),
            )
            for one in found.counts
        ],
        certificates=[one.number for one in found.certificates],
        answer=draft_answer(found) if found.ending.kind == erasure.KIND else None,
    )
