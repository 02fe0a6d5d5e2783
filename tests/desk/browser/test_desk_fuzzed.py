"""Every endpoint of the API from its own description, over the archived day: whatever is sent, by whoever, it holds.

No browser is needed here. The day is its own: what is sent here leaves holds and erasures by the dozen behind.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from conftest import OpenStage
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from stage import ADMIN, Stage

from strongroom.ledger.api_keys import add_key
from strongroom.legal.access import Principal, Role
from strongroom.legal.endings import propose
from strongroom.legal.erasure import assess
from strongroom.legal.holds import ask_release, place
from strongroom.legal.people import KEY_ACTOR, KEY_PREFIX
from strongroom.legal.preparing import prepare
from strongroom.legal.requests import create
from strongroom.legal.secrets import fingerprint, new_token
from web.app import create_app

pytestmark = pytest.mark.long

PUBLIC = ("/healthz", "/readyz")
WITHOUT_RIGHTS = {401, 403, 404}
WHO: Mapping[str, tuple[tuple[str, ...], frozenset[str] | None]] = {
    "analyst": (("analyst",), None),
    "auditor": (("auditor",), None),
    "records manager": (("records-manager",), None),
    "other division": (("analyst", "approver", "auditor"), frozenset({"another-division"})),
    "no role": ((), None),
}


class Api:
    """The application in this process, keys to it, and a request of somebody else's with all its ids."""

    def __init__(self, stage: Stage) -> None:
        self.house = stage.archive.open_house("fuzzed")
        self.schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", create_app(self.house, None))
        owner = Principal(f"{KEY_ACTOR}owner", frozenset({Role.ANALYST}), None, "192.0.2.1")
        conversation = stage.conversation("chat")
        request = create(self.house, owner, [conversation], "Somebody else's matter")
        prepare(self.house, request.request_id)
        file = stage.file(request.request_id, "application/json")
        self.ids = {
            "conversation_id": str(conversation),
            "request_id": str(request.request_id),
            "file_id": file.file_id,
            "token": new_token(),
            "matter_id": str(self._matter(conversation)),
            "list_id": self._list(conversation),
        }
        self.said = stage.body(stage.file_of(conversation, "application/json", "recordings/"))
        self.keys = {name: self._key(name, roles, divisions) for name, (roles, divisions) in WHO.items()}
        self.keys["nobody"] = {}

    def _matter(self, conversation: UUID) -> UUID:
        """A matter that holds it, whose release somebody has asked for."""
        manager = Principal(f"{KEY_ACTOR}manager", frozenset({Role.RECORDS_MANAGER}), None, "192.0.2.1")
        placed = place(self.house, manager, "Somebody else's", "Preservation notice", conversations=[conversation])
        ask_release(self.house, manager, placed.matter.matter_id, "settled")
        return placed.matter.matter_id

    def _list(self, conversation: UUID) -> int:
        """An erasure of it that somebody has proposed."""
        manager = Principal(f"{KEY_ACTOR}manager", frozenset({Role.RECORDS_MANAGER}), None, "192.0.2.1")
        made = assess(self.house, manager, "DSR-2026-17", conversation_ids=[conversation])
        propose(self.house, manager, "erasure", made.ending_id)
        return made.ending_id

    def _key(self, name: str, roles: tuple[str, ...], divisions: frozenset[str] | None) -> dict[str, str]:
        secret = KEY_PREFIX + new_token()
        add_key(
            self.house.engine,
            name.replace(" ", "-"),
            fingerprint(secret),
            roles,
            None if divisions is None else sorted(divisions),
            timedelta(days=1),
            ADMIN,
        )
        return {"Authorization": f"Bearer {secret}"}

    def operations(self) -> Iterator[Any]:
        """Every operation of the description."""
        for one in self.schema.get_all_operations():
            yield one.ok()

    def fuzz(self, who: str, examples: int) -> set[tuple[str, int]]:
        """Send to each operation what its description allows, with made-up ids and with those of somebody else."""
        seen: set[tuple[str, int]] = set()
        for operation in self.operations():

            @settings(
                max_examples=examples,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            )
            @given(operation.as_strategy(), st.booleans())
            def send(case: Any, with_real_ids: bool) -> None:
                if with_real_ids:
                    real = {name: value for name, value in self.ids.items() if name in (case.path_parameters or {})}
                    case.path_parameters = {**(case.path_parameters or {}), **real}
                answer = case.call(headers=self.keys[who])
                where = f"{case.method} {case.path}"
                seen.add((where, answer.status_code))
                assert answer.status_code < 500, (where, answer.status_code, answer.text[:300])
                if answer.status_code >= 400:
                    assert answer.headers["content-type"][0].startswith("application/problem+json"), where
                if self.said[:200] in answer.content:
                    raise AssertionError(f"{where} handed out what was said to {who}")

            send()
        return seen

    def close(self) -> None:
        """Let go of the ledger."""
        self.house.engine.dispose()


@pytest.fixture(scope="module")
def stage(open_stage: OpenStage) -> Iterator[Stage]:
    """A day for this file alone."""
    with open_stage("desk-fuzzed") as running:
        yield running


@pytest.fixture(scope="module")
def api(stage: Stage) -> Iterator[Api]:
    """The API."""
    opened = Api(stage)
    yield opened
    opened.close()


def test_the_description_is_valid_openapi(api: Api) -> None:
    document = api.schema.raw_schema
    assert document["openapi"].startswith("3.1")
    validate(document)


@pytest.mark.parametrize("who", ["nobody", "no role", "other division", "analyst", "auditor", "records manager"])
def test_whatever_is_sent_nothing_breaks_and_nothing_of_anothers_is_handed_out(api: Api, who: str) -> None:
    seen = api.fuzz(who, 60)
    assert {where for where, _ in seen} == {f"{one.method.upper()} {one.path}" for one in api.operations()}
    if who in {"analyst", "auditor", "records manager"}:
        assert [status for _, status in seen if status < 300], "nothing that is allowed was sent"


def test_without_rights_there_is_nothing_but_refusals_for_what_exists(api: Api) -> None:
    answered = set()
    for operation in api.operations():
        path = operation.path
        if path in PUBLIC or not set(api.ids) & {name.strip("{}") for name in path.split("/") if "{" in name}:
            continue
        for who in ("nobody", "no role", "other division"):
            case = operation.Case(path_parameters={name: api.ids[name] for name in api.ids if f"{{{name}}}" in path})
            if operation.method.upper() in {"POST", "PUT", "PATCH"} and path.endswith(("/refuse", "/release")):
                case.body = {"reason": "none of mine"}
                case.media_type = "application/json"
            status = case.call(headers=api.keys[who]).status_code
            assert status in WITHOUT_RIGHTS, (who, operation.method, path, status)
            answered.add((operation.method, path))
    assert len(answered) >= 8
