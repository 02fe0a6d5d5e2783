"""API: legal holds by matter are placed, listed and read; their release is asked for, approved and refused."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, Field

from strongroom.legal import holds as legal
from strongroom.legal.holds import HoldRecord, MatterRow, MatterSearch
from strongroom.legal.search import SearchQuery
from web.api.models import ApiModel, Instant, RefuseBody, problems
from web.desk import desk_of
from web.doorbell import ring_for_holds
from web.session import CurrentPrincipal

router = APIRouter(prefix="/api/v1/holds", tags=["holds"])

_Text = Annotated[str, Field(max_length=500)]
_Reason = Annotated[str, Field(min_length=1, max_length=2_000)]


class SoughtBody(ApiModel):
    """What is looked for, all of it at once: in what is archived, and in what is archived later."""

    address: Annotated[_Text | None, Field(description="The customer's number, in any spelling, or address.")] = None
    external_tag: _Text | None = None
    agent: Annotated[_Text | None, Field(description="An agent's id, or a part of the name.")] = None
    queue: Annotated[_Text | None, Field(description="A queue's id, or a part of the name.")] = None
    division: Annotated[_Text | None, Field(description="A division's id, or a part of the name.")] = None
    media: Annotated[_Text | None, Field(description="voice, chat, message, email, …")] = None
    direction: Literal["inbound", "outbound"] | None = None
    retention_class: Annotated[_Text | None, Field(description="A class of the retention policy.")] = None
    started_from: AwareDatetime | None = None
    started_to: AwareDatetime | None = None
    ended_from: AwareDatetime | None = None
    ended_to: AwareDatetime | None = None


class PlaceBody(ApiModel):
    """What is held, for which matter, and why. A matter of that name that is open grows."""

    matter: Annotated[str, Field(min_length=1, max_length=320, description="Its name: a number, no person's name.")]
    reason: _Reason
    requester: Annotated[str | None, Field(max_length=320, description="On whose request; else yours.")] = None
    conversation_ids: Annotated[list[UUID], Field(max_length=10_000, default_factory=list)]
    search: SoughtBody | None = None


class MatterSearchModel(ApiModel):
    """A search of a matter; `sought` null: the matter is released, and what it looked for is forgotten.

    Or it is `withheld`: it looks in divisions that are not yours.
    """

    search_id: int
    placed_by: str
    placed_at: Instant
    state: Annotated[str, Field(description="wanted while what is archived is looked through, then looked")]
    sought: dict[str, object] | None
    withheld: bool

    @classmethod
    def of(cls, one: MatterSearch) -> Self:
        """As the API tells it."""
        sought = None if one.sought is None else one.sought.document(personal=True)
        return cls(
            search_id=one.search_id,
            placed_by=one.placed_by,
            placed_at=one.placed_at,
            state=one.state,
            sought=sought,
            withheld=one.withheld,
        )


class MatterModel(ApiModel):
    """A matter. Of its `records` the store holds `applied`; of a released one `lifted` are let go or held by others."""

    matter_id: UUID
    name: str
    reason: str
    requester: str
    placed_by: str
    placed_at: Instant
    state: str
    state_at: Instant
    cause: str
    release_asked_by: str | None
    release_asked_at: Instant | None
    release_reason: str | None
    released_by: str | None
    released_at: Instant | None
    records: int
    applied: int
    lifted: int
    searches: list[MatterSearchModel]

    @classmethod
    def of(cls, row: MatterRow) -> Self:
        """As the API tells it."""
        return cls(**vars(row) | {"searches": [MatterSearchModel.of(one) for one in row.searches]})


class MattersModel(ApiModel):
    """Matters, those in force first."""

    matters: list[MatterModel]


class PlacedModel(ApiModel):
    """The matter, how many of the named it did not hold before, and those that the archive does not have.

    These are held from the moment on that they are archived, where `awaited`; else they are left out.
    """

    matter: MatterModel
    new: int
    not_there: list[UUID]
    awaited: bool


class HoldRecordModel(ApiModel):
    """A conversation that a matter holds, and how it came to: named, search or later."""

    conversation_id: UUID
    found_by: str
    placed_at: Instant
    state: str
    state_at: Instant
    cause: str

    @classmethod
    def of(cls, one: HoldRecord) -> Self:
        """As the API tells it."""
        return cls(**vars(one))


class HoldRecordsModel(ApiModel):
    """What a matter holds of one's divisions, in the order it came."""

    records: list[HoldRecordModel]


@router.post("", status_code=201, responses=problems(400, 403, 404, 409))
def place(request: Request, response: Response, principal: CurrentPrincipal, body: PlaceBody) -> PlacedModel:
    """Hold conversations for a matter: those that are named, and all that a search finds, now and later."""
    desk = desk_of(request)
    placed = legal.place(
        desk.house,
        principal,
        body.matter,
        body.reason,
        conversations=body.conversation_ids,
        query=None if body.search is None else SearchQuery(**body.search.model_dump()),
        requester=body.requester,
    )
    ring_for_holds(desk)
    response.headers["Location"] = f"{router.prefix}/{placed.matter.matter_id}"
    return PlacedModel(
        matter=MatterModel.of(placed.matter),
        new=placed.new,
        not_there=list(placed.not_there),
        awaited=placed.awaited,
    )


@router.get("", responses=problems(403))
def list_matters(request: Request, principal: CurrentPrincipal) -> MattersModel:
    """All matters; of somebody of some divisions those that hold something there."""
    found = legal.all_matters(desk_of(request).house, principal)
    return MattersModel(matters=[MatterModel.of(one) for one in found])


@router.get("/{matter_id}", responses=problems(400, 404))
def read(request: Request, principal: CurrentPrincipal, matter_id: UUID) -> MatterModel:
    """A matter as it stands."""
    return MatterModel.of(legal.read(desk_of(request).house, principal, matter_id))


@router.get("/{matter_id}/records", responses=problems(400, 404))
def records(
    request: Request,
    principal: CurrentPrincipal,
    matter_id: UUID,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> HoldRecordsModel:
    """What a matter holds."""
    found = legal.records(desk_of(request).house, principal, matter_id, offset=offset, limit=limit)
    return HoldRecordsModel(records=[HoldRecordModel.of(one) for one in found])


@router.post("/{matter_id}/release", responses=problems(400, 403, 404, 409))
def ask_release(request: Request, principal: CurrentPrincipal, matter_id: UUID, body: RefuseBody) -> MatterModel:
    """Ask for a matter to be released; it holds until a second person has approved."""
    return MatterModel.of(legal.ask_release(desk_of(request).house, principal, matter_id, body.reason))


@router.post("/{matter_id}/approve", responses=problems(400, 403, 404, 409))
def approve(request: Request, principal: CurrentPrincipal, matter_id: UUID) -> MatterModel:
    """Release a matter, never as who asked for it. What another matter holds stays held."""
    desk = desk_of(request)
    released = legal.approve(desk.house, principal, matter_id)
    ring_for_holds(desk)
    return MatterModel.of(released)


@router.post("/{matter_id}/refuse", responses=problems(400, 403, 404, 409))
def refuse(request: Request, principal: CurrentPrincipal, matter_id: UUID, body: RefuseBody) -> MatterModel:
    """Refuse a release: the matter goes on holding."""
    return MatterModel.of(legal.refuse(desk_of(request).house, principal, matter_id, body.reason))
