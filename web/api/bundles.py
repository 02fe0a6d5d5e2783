"""API: the evidence bundle of a request."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from web.api.models import ApiModel, Responses, problems
from web.desk import desk_of
from web.disposition import SANDBOX, content_disposition
from web.session import CurrentPrincipal

_ASK_AGAIN_S = 5
_ZIP: Responses = {200: {"description": "The bundle", "content": {"application/zip": {"schema": {"type": "string"}}}}}

router = APIRouter(prefix="/api/v1/requests", tags=["requests"])


class BeingMadeModel(ApiModel):
    """The bundle is being made."""

    state: str


@router.post(
    "/{request_id}/bundle",
    response_class=Response,
    responses=_ZIP
    | {202: {"model": BeingMadeModel, "description": "It is being made: ask again"}}
    | problems(400, 403, 404, 409),
)
def bundle(request: Request, principal: CurrentPrincipal, request_id: UUID) -> Response:
    """Records, manifests and proofs of one's own prepared request in one file (docs/evidence.md).

    A large one is answered with 202 until it has been made. Each one handed over is made anew and is on the record.
    """
    made = desk_of(request).bundler.bundle(principal, request_id)
    if made is None:
        answer = BeingMadeModel(state="being made")
        return JSONResponse(answer.model_dump(), status_code=202, headers={"Retry-After": str(_ASK_AGAIN_S)})
    headers = {
        "Content-Length": str(made.size_bytes),
        "Content-Disposition": content_disposition(made.name, inline=False),
        "Content-Security-Policy": SANDBOX,
    }
    return StreamingResponse(made.chunks(), media_type="application/zip", headers=headers)
