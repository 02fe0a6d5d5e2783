"""A file that is handed out as an HTTP answer: streamed, in parts where asked, and never run by a browser."""

from base64 import b64encode

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.background import BackgroundTask

from strongroom.legal.handing_out import HandedOut
from strongroom.legal.ranges import RangeNotSatisfiable, Wanted, entity_tag
from strongroom.times import format_instant
from web.disposition import SANDBOX, content_disposition, may_be_inline, safe_name, served_type
from web.problems import problem


def wanted_of(request: Request) -> Wanted:
    """The part that a request's headers ask for."""
    return Wanted(request.headers.get("range"), request.headers.get("if-range"))


def streamed(handed: HandedOut, *, as_attachment: bool) -> Response:
    """The answer: 200 with all of it or 206 with a part, its hash as entity tag (RFC 9110) and digest (RFC 9530)."""
    file, part = handed.file, handed.part
    inline = not as_attachment and may_be_inline(file.content_type)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": entity_tag(file.sha256),
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "Content-Length": str(handed.size_bytes),
        "Content-Disposition": content_disposition(safe_name(file.file_name, file.key), inline=inline),
        "Content-Security-Policy": SANDBOX,
        "X-Verified-At": format_instant(file.verified_at),
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{file.size_bytes}"
    answer = StreamingResponse(
        handed.chunks,
        status_code=200 if part is None else 206,
        headers=headers,
        # whoever breaks off leaves the store's connection open otherwise
        background=BackgroundTask(handed.chunks.close),
    )
    # as it is: Starlette would add a charset to what is text
    answer.headers["Content-Type"] = served_type(file.content_type)
    return answer


def not_satisfiable(request: Request, error: RangeNotSatisfiable) -> Response:
    """416, and how many bytes there are."""
    return problem(request, 416, error.reason, {"Content-Range": f"bytes */{error.size_bytes}"})
