"""API: the guide's `POST /legal/retrieve`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from strongroom.legal.requests import read
from strongroom.legal.retrieving import chain_of_custody, is_prepared, request_to_retrieve, retrieved_files
from strongroom.times import utc_now
from web.api.models import ApiModel, DueTime, FileModel, Instant, Responses, file_model, problems
from web.api.requests import address_of
from web.desk import desk_of
from web.doorbell import begin_preparing
from web.session import CurrentPrincipal

_ASK_AGAIN_S = 15

router = APIRouter(prefix="/legal", tags=["retrieve"])


class RetrieveBody(ApiModel):
    """What is asked for. `requesterEmail` is whom it is for, where that isn't who is signed in."""

    conversation_id: UUID
    justification: Annotated[str, Field(min_length=1, max_length=2_000)]
    requester_email: Annotated[str | None, Field(max_length=320)] = None
    due_at: DueTime | None = None


class RetrievedFileModel(FileModel):
    """A file with its link, null where what stands is not what was archived."""

    download_url: str | None


class RetrievedModel(ApiModel):
    """Verified files. `complete` is false when one of them is not what was archived: that one has no link."""

    conversation_id: UUID
    request_id: UUID
    request_url: str
    files: list[RetrievedFileModel]
    complete: bool
    retrieved_at: Instant
    urls_expire_at: Instant | None
    chain_of_custody: str


class BeingRetrievedModel(ApiModel):
    """The files are being restored or verified, or the request waits to be approved. `readyBy` null: nobody can say."""

    conversation_id: UUID
    request_id: UUID
    request_url: str
    state: str
    cause: str
    due_at: Instant
    ready_by: Instant | None


_NOT_YET: Responses = {202: {"model": BeingRetrievedModel, "description": "Not ready yet"}}


@router.post(
    "/retrieve",
    response_model=RetrievedModel,
    responses=_NOT_YET | problems(400, 403, 404),
)
def retrieve(request: Request, principal: CurrentPrincipal, body: RetrieveBody) -> Response:
    """Retrieve a conversation: links to its files, each of them read, hashed, and what was archived.

    Asked again for the same reason, it tells how the same request stands.
    """
    desk = desk_of(request)
    asked = request_to_retrieve(
        desk.house,
        principal,
        body.conversation_id,
        body.justification,
        due_at=body.due_at,
        on_behalf_of=body.requester_email,
    )
    if not is_prepared(asked):
        begin_preparing(desk, asked.request_id)
        asked = read(desk.house, principal, asked.request_id)
    url = desk.settings.desk_url + address_of(asked.request_id)
    if not is_prepared(asked):
        (one,) = asked.conversations
        waits = BeingRetrievedModel(
            conversation_id=body.conversation_id,
            request_id=asked.request_id,
            request_url=url,
            state=asked.state if asked.state == "waiting" else one.state,
            cause=asked.cause if asked.state == "waiting" else one.cause,
            due_at=asked.due_at,
            ready_by=asked.ready_by,
        )
        headers = {"Location": address_of(asked.request_id), "Retry-After": str(_ASK_AGAIN_S)}
        return JSONResponse(waits.model_dump(mode="json", by_alias=True), status_code=202, headers=headers)
    files = retrieved_files(desk.house, principal, asked)
    links = [one.link for one in files if one.link is not None]
    answer = RetrievedModel(
        conversation_id=body.conversation_id,
        request_id=asked.request_id,
        request_url=url,
        files=[
            RetrievedFileModel(
                **file_model(one.file).model_dump(),
                download_url=None if one.link is None else desk.settings.desk_url + one.link.url_path,
            )
            for one in files
        ],
        complete=asked.state == "ready",
        retrieved_at=utc_now(),
        urls_expire_at=min((one.expires_at for one in links), default=None),
        chain_of_custody=chain_of_custody(asked),
    )
    return JSONResponse(answer.model_dump(mode="json", by_alias=True))
