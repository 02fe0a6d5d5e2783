"""`/health/live`: this process answers. `/health/ready`: and so does what it needs. Neither tells more than that.

The same as every process of the fleet has at STRONGROOM_METRICS_PORT; `/healthz` and `/readyz` are their older names.
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from web.desk import desk_of

router = APIRouter(include_in_schema=False)


@router.get("/health/live")
@router.get("/healthz")
def healthz() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"alive": True})


@router.get("/health/ready")
@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Ledger and store answer (200), or one doesn't (503)."""
    answer = desk_of(request).readiness.look()
    return JSONResponse({"ready": all(answer.values()), **answer}, status_code=200 if all(answer.values()) else 503)
