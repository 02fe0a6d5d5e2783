"""A conversation's page: what is known of it to whoever finds it, what was said to whoever has it verified."""

from contextlib import closing
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from strongroom.legal.access import Principal, Right
from strongroom.legal.conversations import custody_of, open_record
from strongroom.legal.handing_out import content
from strongroom.legal.requests import not_there, open_request
from web.desk import Desk, desk_of
from web.rendering import render
from web.session import CurrentPrincipal
from web.views.conversation import content_path, divisions, files, recordings, title, wrap_ups
from web.views.custody import touch
from web.views.names import medium
from web.views.requests import file_words, state_words
from web.views.safe_html import CONTENT_SECURITY_POLICY, mail_document
from web.views.timeline import timeline
from web.views.transcript import Transcript, read_transcript

router = APIRouter()

LONGEST_TRANSCRIPT_BYTES = 16 * 1024 * 1024
"""Of a transcript on a page; a longer one is downloaded."""
WAVEFORM_BYTES = 32 * 1024 * 1024
"""Up to which size a browser is asked to decode a recording for its waveform."""


@router.get("/conversations/{conversation_id}")
def conversation(
    request: Request,
    principal: CurrentPrincipal,
    conversation_id: UUID,
    read: Annotated[list[int] | None, Query(max_length=50)] = None,
) -> HTMLResponse:
    """The page; `read` are the files of the open request whose transcripts are shown: each is a look on the record."""
    desk = desk_of(request)
    record = open_record(desk.house, principal, conversation_id)
    standing = files(record)
    shown = recordings(record, standing)
    wanted = set(read or [])
    transcripts = {
        file.requested.file_id: _transcript(desk, principal, record.request.request_id, file.requested.file_id)
        for recording in shown
        if (file := recording.transcript) is not None
        and file.requested is not None
        and file.is_verified
        and file.requested.file_id in wanted
        and record.request is not None
        and file.stored.object.size_bytes <= LONGEST_TRANSCRIPT_BYTES
    }
    return render(
        request,
        "conversation.html",
        record=record,
        found=record.found,
        title=title(record.found),
        medium=medium,
        line=timeline(record.analytics, record.names, record.found.conversation_start, record.found.conversation_end),
        files=standing,
        recordings=shown,
        transcripts=transcripts,
        reading=sorted(wanted),
        listening_from=next((one.began for one in shown if any(file.is_verified for file in one.players)), None),
        longest=LONGEST_TRANSCRIPT_BYTES,
        waveform_bytes=WAVEFORM_BYTES,
        content_path=content_path,
        divisions=divisions(record),
        wrap_ups=wrap_ups(record),
        state_words=state_words,
        file_words=file_words,
        may_request=principal.may(Right.REQUEST),
        touches=[touch(event) for event in record.custody.events] if record.custody else None,
    )


@router.get("/conversations/{conversation_id}/mail/{file_id}/{number}")
def mail(request: Request, principal: CurrentPrincipal, conversation_id: UUID, file_id: int, number: int) -> Response:
    """One e-mail of a thread as HTML, for the frame on the page: sanitised, under a policy that loads nothing."""
    desk = desk_of(request)
    own = open_request(desk.house, principal, conversation_id)
    if own is None or file_id not in {file.file_id for file in own.files}:
        raise not_there("file")
    found = _transcript(desk, principal, own.request_id, file_id)
    html = next((one.html for one in found.mails if one.number == number), None) if found else None
    if html is None:
        raise not_there("file")
    return HTMLResponse(
        mail_document(html),
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Frame-Options": "SAMEORIGIN"},
    )


@router.get("/conversations/{conversation_id}/custody")
def custody(request: Request, principal: CurrentPrincipal, conversation_id: UUID) -> HTMLResponse:
    """Everything that was done to it."""
    report = custody_of(desk_of(request).house, principal, conversation_id)
    findings = [*report.findings, *(day.finding for day in report.days if day.finding)]
    return render(
        request,
        "custody.html",
        conversation_id=conversation_id,
        touches=[touch(event) for event in report.events],
        findings=findings,
    )


def _transcript(desk: Desk, principal: Principal, request_id: UUID, file_id: int) -> Transcript | None:
    """What was written, read from a verified file; None where it is no transcript. The look is on the record."""
    handed = content(desk.house, principal, request_id, file_id)
    with closing(handed.chunks):
        if handed.size_bytes > LONGEST_TRANSCRIPT_BYTES:
            return None
        return read_transcript(b"".join(handed.chunks))
