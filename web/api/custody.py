"""API: what has been done with a conversation, as JSON and as the report to hand over."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from strongroom.evidence.custody import CustodyEvent
from strongroom.evidence.custody_pdf import custody_pdf
from strongroom.evidence.custody_report import CustodyReport, ReportedDay
from strongroom.legal.conversations import custody_of
from web.api.models import ApiModel, Instant, Responses, problems
from web.desk import desk_of
from web.disposition import SANDBOX, content_disposition
from web.session import CurrentPrincipal

_PDF: Responses = {200: {"description": "The report", "content": {"application/pdf": {"schema": {"type": "string"}}}}}

router = APIRouter(prefix="/api/v1/conversations", tags=["custody"])


class CustodyEventModel(ApiModel):
    """One event, with its place in the chain (docs/custody.md)."""

    position: int
    at: Instant
    act: str
    actor: str
    origin: str
    reason: str | None
    revision: int | None
    details: dict[str, Any]
    previous: str
    hash: str


class CustodyDayModel(ApiModel):
    """A day on which something was done, and whether its lines are in the vault."""

    day: str
    standing: str
    key: str | None
    version_id: str | None
    sha256: str | None
    first: int | None
    last: int | None
    head: str | None
    finding: str | None


class CustodyModel(ApiModel):
    """A conversation's events, the first first. `holds`: nothing was found that speaks against them."""

    conversation_id: UUID
    bucket: str
    trial: bool
    made_at: Instant
    holds: bool
    findings: list[str]
    events: list[CustodyEventModel]
    days: list[CustodyDayModel]


@router.get("/{conversation_id}/custody", responses=problems(400, 403, 404))
def custody(request: Request, principal: CurrentPrincipal, conversation_id: UUID) -> CustodyModel:
    """What has been done with a conversation, and whether the chain vouches for it."""
    return custody_model(custody_of(desk_of(request).house, principal, conversation_id))


@router.get(
    "/{conversation_id}/custody.pdf",
    response_class=Response,
    responses=_PDF | problems(400, 403, 404),
)
def custody_as_pdf(request: Request, principal: CurrentPrincipal, conversation_id: UUID) -> Response:
    """The same as a report to hand over."""
    pdf = custody_pdf(custody_of(desk_of(request).house, principal, conversation_id))
    headers = {
        "Content-Disposition": content_disposition(f"custody-{conversation_id}.pdf", inline=False),
        "Content-Security-Policy": SANDBOX,
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


def custody_model(report: CustodyReport) -> CustodyModel:
    """A report as the API answers it."""
    return CustodyModel(
        conversation_id=report.conversation_id,
        bucket=report.bucket,
        trial=report.trial,
        made_at=report.made_at,
        holds=not report.all_findings,
        findings=list(report.all_findings),
        events=[_event(event) for event in report.events],
        days=[_day(day) for day in report.days],
    )


def _event(event: CustodyEvent) -> CustodyEventModel:
    return CustodyEventModel(
        position=event.position,
        at=event.at,
        act=event.act,
        actor=event.actor,
        origin=event.origin,
        reason=event.reason,
        revision=event.revision,
        details=event.details,
        previous=event.previous,
        hash=event.hash,
    )


def _day(day: ReportedDay) -> CustodyDayModel:
    return CustodyDayModel.model_validate(day.document())
