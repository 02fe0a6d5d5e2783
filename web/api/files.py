"""API: links to verified files, and their bytes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from strongroom.legal.handing_out import content
from strongroom.legal.links import issue, open_link
from strongroom.legal.ranges import RangeNotSatisfiable
from web.api.models import LinkModel, Responses, problems
from web.desk import desk_of
from web.handing import not_satisfiable, streamed, wanted_of
from web.session import CurrentPrincipal, origin_of

router = APIRouter(tags=["files"])

FileId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_BYTES: Responses = {
    200: {"description": "All of it", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The part that was asked for", "content": {"*/*": {"schema": {"type": "string"}}}},
}


@router.post("/api/v1/requests/{request_id}/files/{file_id}/link", responses=problems(400, 403, 404))
def link(request: Request, principal: CurrentPrincipal, request_id: UUID, file_id: FileId) -> LinkModel:
    """A link to a verified file of one's own request: for an hour at most, and for whoever has it."""
    desk = desk_of(request)
    issued = issue(desk.house, principal, request_id, file_id)
    return LinkModel(download_url=desk.settings.desk_url + issued.url_path, expires_at=issued.expires_at)


@router.get(
    "/api/v1/requests/{request_id}/files/{file_id}/content",
    response_class=Response,
    responses=_BYTES | problems(400, 403, 404, 409, 416),
)
def look(request: Request, principal: CurrentPrincipal, request_id: UUID, file_id: FileId) -> Response:
    """A verified file of one's own request, to be seen or heard in the desk; HTTP's Range is understood."""
    try:
        handed = content(desk_of(request).house, principal, request_id, file_id, wanted_of(request))
    except RangeNotSatisfiable as error:
        return not_satisfiable(request, error)
    return streamed(handed, as_attachment=False)


@router.get("/legal/files/{token}", response_class=Response, responses=_BYTES | problems(404, 409, 416))
def follow_link(request: Request, token: Annotated[str, Path(max_length=200)]) -> Response:
    """What a link leads to; the link is all that is needed, and each fetch is on the record."""
    try:
        handed = open_link(desk_of(request).house, token, origin_of(request), wanted_of(request))
    except RangeNotSatisfiable as error:
        return not_satisfiable(request, error)
    return streamed(handed, as_attachment=True)
