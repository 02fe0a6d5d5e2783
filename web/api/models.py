"""What the API takes and answers, in camel case as Genesys and the guide have it. Instants are ISO-8601 in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from strongroom.legal.requests import Request, RequestedConversation, RequestedFile
from strongroom.times import format_instant
from web.disposition import safe_name

Instant = Annotated[datetime, PlainSerializer(format_instant, return_type=str)]


def _spelt(value: object) -> object:
    # pydantic also takes numbers, of seconds or milliseconds since 1970: a due time is spelt out
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("must be ISO-8601 with a time zone, as 2026-11-24T14:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)  # PostgreSQL takes no offset of 16 hours and more
    except OverflowError:
        raise ValueError("must be a time of the years 1 to 9999 in UTC") from None


DueTime = Annotated[AwareDatetime, BeforeValidator(_spelt), AfterValidator(_in_utc)]


class ApiModel(BaseModel):
    """Camel case outside, and nothing that isn't named."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


Responses = dict[int | str, dict[str, Any]]
"""What a route answers with beside its model, for OpenAPI."""


def problems(*statuses: int) -> Responses:
    """The problems a route answers with, beside 401: for OpenAPI."""
    words = {
        400: "The request is not as it must be",
        401: "Nobody is signed in",
        403: "No right to it",
        404: "There is no such thing, or none that you may see",
        409: "Not in the state it is in",
        410: "It was disposed of or erased",
        416: "No such bytes",
        429: "Too many requests",
        503: "Something the desk needs does not answer",
    }
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status: {"description": words[status], "content": content} for status in sorted({*statuses, 401, 503})}


class NewRequestBody(ApiModel):
    """Conversations that are asked for, and why."""

    conversation_ids: Annotated[list[UUID], Field(min_length=1, max_length=1_000)]
    justification: Annotated[str, Field(min_length=1, max_length=2_000)]
    due_at: DueTime | None = None
    on_behalf_of: Annotated[str | None, Field(max_length=320)] = None


class RefuseBody(ApiModel):
    """Why a request is refused."""

    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class FileModel(ApiModel):
    """A file of a request: what was archived, and whether that is what stands."""

    file_id: int
    filename: str
    key: str
    version_id: str
    revision: int
    part: str
    size: int
    sha256: str
    content_type: str
    state: str
    cause: str
    verified_at: Instant | None


class ConversationOfRequestModel(ApiModel):
    """A conversation of a request, and how far it is."""

    conversation_id: UUID
    state: str
    cause: str
    ready_by: Instant | None
    files: list[FileModel]


class RequestModel(ApiModel):
    """A request; `dueAt` is when the files are needed, `readyBy` when they are expected."""

    request_id: UUID
    requester: str
    on_behalf_of: str | None
    justification: str
    created_at: Instant
    due_at: Instant
    open_until: Instant
    state: str
    state_at: Instant
    cause: str
    approver: str | None
    approved_at: Instant | None
    ready_by: Instant | None
    conversations: list[ConversationOfRequestModel]


class RequestsModel(ApiModel):
    """Requests, the newest first; their conversations come without files."""

    requests: list[RequestModel]


class RejectedLineModel(ApiModel):
    """A line of a list in which there was no conversation's id."""

    line: int
    text: str


class RequestFromListModel(ApiModel):
    """A request made from a list, and what of the list went into none."""

    request: RequestModel
    rejected: list[RejectedLineModel]


class LinkModel(ApiModel):
    """A link to a verified file."""

    download_url: str
    expires_at: Instant


def request_model(request: Request) -> RequestModel:
    """A request as the API answers it."""
    return RequestModel(
        request_id=request.request_id,
        requester=request.requester,
        on_behalf_of=request.on_behalf_of,
        justification=request.justification,
        created_at=request.created_at,
        due_at=request.due_at,
        open_until=request.open_until,
        state=request.state,
        state_at=request.state_at,
        cause=request.cause,
        approver=request.approver,
        approved_at=request.approved_at,
        ready_by=request.ready_by,
        conversations=[_conversation(one) for one in request.conversations],
    )


def _conversation(one: RequestedConversation) -> ConversationOfRequestModel:
    return ConversationOfRequestModel(
        conversation_id=one.conversation_id,
        state=one.state,
        cause=one.cause,
        ready_by=one.ready_by,
        files=[file_model(file) for file in one.files],
    )


def file_model(file: RequestedFile) -> FileModel:
    """A file as the API answers it."""
    return FileModel(
        file_id=file.file_id,
        filename=safe_name(file.file_name, file.key),
        key=file.key,
        version_id=file.version_id,
        revision=file.revision,
        part=file.part,
        size=file.size_bytes,
        sha256=file.sha256,
        content_type=file.content_type,
        state=file.state,
        cause=file.cause,
        verified_at=file.verified_at,
    )
