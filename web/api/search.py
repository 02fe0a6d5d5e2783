"""Finding conversations: metadata only. What is asked for is never logged, so it stays out of paths."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, ConfigDict, Field

from strongroom.legal.search import MOST_ROWS, FoundConversation, SearchQuery, find
from web.api.models import ApiModel, Instant
from web.desk import desk_of
from web.session import CurrentPrincipal

router = APIRouter(tags=["search"])

_Text = Annotated[str, Field(max_length=500)]


class Asked(ApiModel):
    """All that is given must hold; a parameter that is none of these is refused."""

    conversation_id: UUID | None = None
    external_tag: Annotated[_Text | None, Field(description="Exactly this external tag.")] = None
    started_from: Annotated[AwareDatetime | None, Field(description="The first start that fits.")] = None
    started_to: Annotated[AwareDatetime | None, Field(description="The first start that does not fit any more.")] = None
    ended_from: Annotated[AwareDatetime | None, Field(description="The first end that fits.")] = None
    ended_to: Annotated[AwareDatetime | None, Field(description="The first end that does not fit any more.")] = None
    address: Annotated[_Text | None, Field(description="The customer's number, in any spelling, or address.")] = None
    agent: Annotated[_Text | None, Field(description="An agent's id, or a part of the name.")] = None
    queue: Annotated[_Text | None, Field(description="A queue's id, or a part of the name.")] = None
    media: Annotated[_Text | None, Field(description="voice, chat, message, email, …")] = None
    direction: Literal["inbound", "outbound"] | None = None
    retention_class: Annotated[_Text | None, Field(description="A class of the retention policy.")] = None
    division: Annotated[_Text | None, Field(description="A division's id, or a part of the name.")] = None
    held: Annotated[bool | None, Field(description="Whether it is under a legal hold.")] = None
    text: Annotated[
        str | None,
        Field(
            max_length=1_000,
            description='Words that one chat, message or e-mail thread holds: all of them; "phrases"; order* for what '
            "begins so.",
        ),
    ] = None
    page_size: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 50
    cursor: Annotated[str | None, Field(max_length=200, description="`nextCursor` of the page before.")] = None

    def query(self) -> SearchQuery:
        """As the archive is asked."""
        values = self.model_dump()
        values["conversation_id"] = None if self.conversation_id is None else str(self.conversation_id)
        return SearchQuery(**values)


class Conversation(ApiModel):
    """The latest archived revision of a conversation. Times are UTC."""

    model_config = ConfigDict(from_attributes=True)

    conversation_id: UUID
    revision: int
    conversation_start: Instant
    conversation_end: Instant
    direction: str | None
    media: list[str]
    queues: Annotated[list[str], Field(description="Names on the day, or ids where there was none.")]
    agents: Annotated[list[str], Field(description="Names on the day, or ids where there was none.")]
    addresses: list[str]
    external_tag: str | None
    retention_class: str
    retain_until: Instant
    divisions: Annotated[list[str], Field(description="Ids of Genesys divisions.")]
    held: bool
    recordings: Annotated[int, Field(description="How many recordings are stored.")]
    text_gap: Annotated[str | None, Field(description="Why not all of its text can be searched.")]

    @classmethod
    def of(cls, found: FoundConversation) -> Self:
        """As the API tells it."""
        return cls.model_validate(found)


class Found(ApiModel):
    """One page, the latest end first."""

    conversations: list[Conversation]
    next_cursor: Annotated[str | None, Field(description="Asks for the page after this; null: that was all.")]


@router.get("/api/v1/search")
def search(request: Request, principal: CurrentPrincipal, asked: Annotated[Asked, Query()]) -> Found:
    """Find conversations of one's divisions."""
    page = find(desk_of(request).house, principal, asked.query())
    return Found(conversations=[Conversation.of(row) for row in page.rows], next_cursor=page.next_cursor)
