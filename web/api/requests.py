"""API: requests for records are made, listed, read, approved, refused and cancelled."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from strongroom.legal import requests as legal
from web.api.models import (
    DueTime,
    NewRequestBody,
    RefuseBody,
    RejectedLineModel,
    RequestFromListModel,
    RequestModel,
    RequestsModel,
    problems,
    request_model,
)
from web.desk import desk_of
from web.doorbell import begin_preparing
from web.session import CurrentPrincipal

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])


def address_of(request_id: UUID) -> str:
    """Where a request is read."""
    return f"{router.prefix}/{request_id}"


@router.post("", status_code=201, responses=problems(400, 403, 404))
def create(request: Request, response: Response, principal: CurrentPrincipal, body: NewRequestBody) -> RequestModel:
    """Ask for conversations. Those that are not there, or that you may not see, are `missing` in it."""
    desk = desk_of(request)
    made = legal.create(
        desk.house,
        principal,
        body.conversation_ids,
        body.justification,
        due_at=body.due_at,
        on_behalf_of=body.on_behalf_of,
    )
    begin_preparing(desk, made.request_id)
    response.headers["Location"] = address_of(made.request_id)
    return request_model(legal.read(desk.house, principal, made.request_id))


@router.post("/from-list", status_code=201, responses=problems(400, 403, 404))
def create_from_list(
    request: Request,
    response: Response,
    principal: CurrentPrincipal,
    justification: Annotated[str, Form(min_length=1, max_length=2_000)],
    conversations: Annotated[str, Form(description="Ids, one a line, or CSV")] = "",
    file: Annotated[UploadFile | None, File(description="The same as a file")] = None,
    due_at: Annotated[DueTime | None, Form(alias="dueAt")] = None,
    on_behalf_of: Annotated[str | None, Form(alias="onBehalfOf", max_length=320)] = None,
) -> RequestFromListModel:
    """Ask for the conversations of a pasted list or a CSV file; lines without an id are told."""
    desk = desk_of(request)
    pasted = conversations if file is None else f"{conversations}\n{file.file.read().decode(errors='replace')}"
    parsed = legal.parse_ids(pasted)
    made = legal.create(desk.house, principal, parsed.ids, justification, due_at=due_at, on_behalf_of=on_behalf_of)
    begin_preparing(desk, made.request_id)
    response.headers["Location"] = address_of(made.request_id)
    return RequestFromListModel(
        request=request_model(legal.read(desk.house, principal, made.request_id)),
        rejected=[RejectedLineModel(line=one.number, text=one.text) for one in parsed.rejected],
    )


@router.get("", responses=problems(403))
def list_requests(
    request: Request, principal: CurrentPrincipal, whose: Annotated[Literal["mine", "all"], Query()] = "mine"
) -> RequestsModel:
    """The latest requests: one's own, or with that right everybody's."""
    house = desk_of(request).house
    found = legal.mine(house, principal) if whose == "mine" else legal.all_requests(house, principal)
    return RequestsModel(requests=[request_model(one) for one in found])


@router.get("/{request_id}", responses=problems(400, 404))
def read(request: Request, principal: CurrentPrincipal, request_id: UUID) -> RequestModel:
    """A request with its files."""
    return request_model(legal.read(desk_of(request).house, principal, request_id))


@router.post("/{request_id}/approve", responses=problems(400, 403, 404, 409))
def approve(request: Request, principal: CurrentPrincipal, request_id: UUID) -> RequestModel:
    """Let a request that waits be prepared; never by who made it or whom it is for."""
    desk = desk_of(request)
    legal.approve(desk.house, principal, request_id)
    begin_preparing(desk, request_id)
    return request_model(legal.read(desk.house, principal, request_id))


@router.post("/{request_id}/refuse", responses=problems(400, 403, 404, 409))
def refuse(request: Request, principal: CurrentPrincipal, request_id: UUID, body: RefuseBody) -> RequestModel:
    """Refuse a request that waits, and say why."""
    return request_model(legal.refuse(desk_of(request).house, principal, request_id, body.reason))


@router.post("/{request_id}/cancel", responses=problems(400, 403, 404, 409))
def cancel(request: Request, principal: CurrentPrincipal, request_id: UUID) -> RequestModel:
    """End one's own request: its links end with it."""
    return request_model(legal.cancel(desk_of(request).house, principal, request_id))
