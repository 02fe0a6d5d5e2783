"""Names behind ids: few requests, and the truth about what is gone."""

import json
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jumping_clock import JumpingClock
from scripted_genesys import Asked, Reply, ScriptedGenesys, error, of_json

from strongroom.genesys.client import GenesysClient
from strongroom.genesys.conversations import Conversation, parse_conversation
from strongroom.genesys.errors import GenesysAnswerInvalid, PermissionMissing
from strongroom.genesys.names import Names, NamesOfTheDay, Organisation

QUEUES, CODES = "/api/v2/routing/queues", "/api/v2/routing/wrapupcodes"
DIVISIONS, USERS = "/api/v2/authorization/divisions", "/api/v2/users"
ORGANISATION = "/api/v2/organizations/me"


def an_id(number: int) -> str:
    return str(uuid.UUID(int=number))


def conversation(
    *,
    queues: Sequence[str] = (),
    codes: Sequence[str] = (),
    divisions: Sequence[str] = (),
    users: Sequence[str] = (),
) -> Conversation:
    segments = [{"queueId": one} for one in queues] + [{"wrapUpCode": one} for one in codes]
    participants: list[Any] = [{"userId": one} for one in users] + [{"sessions": [{"segments": segments}]}]
    return parse_conversation(
        {
            "conversationId": an_id(1),
            "conversationStart": "2025-05-14T10:00:00.000Z",
            "divisionIds": list(divisions),
            "participants": participants,
        }
    )


class Directory:
    """A paged listing that also answers `id=`, as the API does."""

    def __init__(self, genesys: ScriptedGenesys, path: str, names: dict[str, str | None]) -> None:
        self.genesys, self.path, self.names = genesys, path, names
        genesys.on(path, self.reply)

    def reply(self, asked: Asked) -> Reply:
        ids = asked.params.get("id")
        size, number = int(asked.params["pageSize"][0]), int(asked.params["pageNumber"][0])
        assert ids is None or len(ids) <= 100
        chosen = [one for one in self.names if ids is None or one in ids]
        page = chosen[(number - 1) * size : number * size]
        entities = [{"id": one, "name": self.names[one]} for one in page]
        return of_json({"entities": entities, "pageCount": -(-len(chosen) // size), "total": len(chosen)})

    @property
    def requests(self) -> int:
        return len(self.genesys.requests_to(self.path))


@pytest.fixture
def queues(genesys: ScriptedGenesys) -> Directory:
    return Directory(genesys, QUEUES, {an_id(n): f"Queue {n}" for n in range(250)})


@pytest.fixture
def users(genesys: ScriptedGenesys) -> Directory:
    return Directory(genesys, USERS, {an_id(n): f"Agent {n}" for n in range(300)})


def test_all_kinds_of_ids_get_their_names(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    for path, name in ((QUEUES, "Order Desk EU"), (CODES, "Sold"), (DIVISIONS, "Home"), (USERS, "Ann")):
        Directory(genesys, path, {an_id(7): name, an_id(8): None})
    asked = conversation(queues=[an_id(7)], codes=[an_id(7), an_id(9)], divisions=[an_id(8)], users=[an_id(7)])
    assert Names(client).behind(asked) == NamesOfTheDay(
        queues={an_id(7): "Order Desk EU"},
        wrap_up_codes={an_id(7): "Sold", an_id(9): None},
        divisions={an_id(8): None},
        users={an_id(7): "Ann"},
    )


def test_a_listing_is_read_whole_once(queues: Directory, client: GenesysClient) -> None:
    names = Names(client)
    for n in (0, 100, 249):
        assert names.behind(conversation(queues=[an_id(n)])).queues == {an_id(n): f"Queue {n}"}
    assert queues.requests == 3


def test_nothing_is_asked_for_a_conversation_without_ids(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    assert Names(client).behind(conversation()) == NamesOfTheDay({}, {}, {}, {})
    assert genesys.asked == []


def test_a_deleted_id_is_asked_for_once(queues: Directory, client: GenesysClient) -> None:
    names = Names(client)
    for _ in range(3):
        assert names.behind(conversation(queues=[an_id(999)])).queues == {an_id(999): None}
    assert queues.requests == 3 + 1


def test_a_queue_made_since_the_listing_has_its_name(queues: Directory, client: GenesysClient) -> None:
    names = Names(client)
    names.behind(conversation(queues=[an_id(0)]))
    queues.names[an_id(500)] = "Made at noon"
    assert names.behind(conversation(queues=[an_id(500)])).queues == {an_id(500): "Made at noon"}
    assert queues.requests == 3 + 1


def test_users_are_asked_for_by_id_a_hundred_at_once_even_those_who_left(
    users: Directory, client: GenesysClient
) -> None:
    names = Names(client)
    everyone = [an_id(n) for n in range(250)]
    assert names.behind(conversation(users=everyone)).users == {one: users.names[one] for one in everyone}
    names.behind(conversation(users=everyone[:50]))
    assert users.requests == 3
    assert {asked.params["state"][0] for asked in users.genesys.requests_to(USERS)} == {"any"}


def test_an_id_that_is_none_does_not_spoil_the_request(users: Directory, client: GenesysClient) -> None:
    found = Names(client).behind(conversation(users=[an_id(7), "ININ-WRAP-UP-TIMEOUT"])).users
    assert found == {an_id(7): "Agent 7", "ININ-WRAP-UP-TIMEOUT": None}
    assert users.genesys.requests_to(USERS)[0].params["id"] == [an_id(7)]


def test_names_are_refreshed_when_they_are_old(queues: Directory, client: GenesysClient, clock: JumpingClock) -> None:
    names = Names(client, max_age_s=3600)
    names.behind(conversation(queues=[an_id(5)]))
    queues.names[an_id(5)] = "Renamed"
    clock.now += 3599
    assert names.behind(conversation(queues=[an_id(5)])).queues == {an_id(5): "Queue 5"}
    clock.now += 2
    assert names.behind(conversation(queues=[an_id(5)])).queues == {an_id(5): "Renamed"}
    assert queues.requests == 6


def test_threads_share_one_listing(queues: Directory, client: GenesysClient) -> None:
    names = Names(client)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: names.behind(conversation(queues=[an_id(n)])), range(24)))
    assert [one.queues for one in found] == [{an_id(n): f"Queue {n}"} for n in range(24)]
    assert queues.requests == 3


def test_a_failed_listing_is_not_taken_for_an_empty_one(
    genesys: ScriptedGenesys, queues: Directory, client: GenesysClient
) -> None:
    names = Names(client)
    genesys.on(QUEUES, error(403, "missing.permissions"), queues.reply)
    with pytest.raises(PermissionMissing, match="Routing > Queue > View"):
        names.behind(conversation(queues=[an_id(5)]))
    assert names.behind(conversation(queues=[an_id(5)])).queues == {an_id(5): "Queue 5"}


@pytest.mark.parametrize(
    "answer", [[], {}, {"entities": []}, {"entities": None, "pageCount": 1}, {"entities": [], "pageCount": 10**9}]
)
def test_a_listing_without_entities_is_invalid(genesys: ScriptedGenesys, client: GenesysClient, answer: object) -> None:
    genesys.on(QUEUES, of_json(answer))
    with pytest.raises(GenesysAnswerInvalid):
        Names(client).behind(conversation(queues=[an_id(5)]))


def test_the_organisation_is_asked_for_once(
    genesys: ScriptedGenesys, client: GenesysClient, clock: JumpingClock
) -> None:
    genesys.on(ORGANISATION, of_json({"id": an_id(3), "name": "Acme", "domain": "acme", "more": 1}))
    names = Names(client, max_age_s=60)
    assert names.organisation() == names.organisation() == Organisation(an_id(3), "Acme", "acme")
    assert len(genesys.requests_to(ORGANISATION)) == 1
    clock.now += 61
    names.organisation()
    assert len(genesys.requests_to(ORGANISATION)) == 2


def test_an_organisation_without_id_is_invalid(genesys: ScriptedGenesys, client: GenesysClient) -> None:
    genesys.on(ORGANISATION, Reply(body=json.dumps({"name": "Acme"}).encode()))
    with pytest.raises(GenesysAnswerInvalid):
        Names(client).organisation()
