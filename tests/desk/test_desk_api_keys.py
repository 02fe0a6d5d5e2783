"""Keys of machines: scoped, expiring, revocable, kept as hashes."""

from datetime import timedelta

import pytest
from desk_material import ADMIN, DeskUnderTest
from sqlalchemy import text

from strongroom.ledger.api_keys import KeyNameTaken, UnknownKey, all_keys, revoke_key
from strongroom.legal.access import Role
from strongroom.legal.accounts import AccessRefused, new_api_key
from strongroom.legal.people import principal_of_key

DAY = timedelta(days=1)


def _account(desk: DeskUnderTest, key: str, scheme: str = "Bearer") -> tuple[int, object]:
    answer = desk.client().get("/api/v1/account", headers={"Authorization": f"{scheme} {key}"})
    return answer.status_code, answer.json()


def test_a_key_opens_what_its_roles_and_divisions_say(desk: DeskUnderTest) -> None:
    added, key = new_api_key(desk.house.engine, "Case-Tool", [Role.ANALYST], ["d-1"], DAY, ADMIN)
    assert (added.name, added.last_used_at, added.usable) == ("case-tool", None, True)
    assert _account(desk, key) == (200, {"name": "key:case-tool", "roles": ["analyst"], "divisions": ["d-1"]})
    assert _account(desk, key, "bearer")[0] == 200
    principal = principal_of_key(desk.house.engine, key, "192.0.2.9")
    assert principal is not None and (principal.actor.name, principal.origin) == ("key:case-tool", "192.0.2.9")
    assert all_keys(desk.house.engine)[0].last_used_at is not None


def test_only_its_hash_is_kept(desk: DeskUnderTest) -> None:
    _, key = new_api_key(desk.house.engine, "case-tool", [Role.ANALYST], None, DAY, ADMIN)
    with desk.house.engine.begin() as connection:
        assert key.removeprefix("strongroom_") not in str(connection.execute(text("SELECT * FROM api_keys")).all())
        assert key not in str(connection.execute(text("SELECT * FROM access_events")).all())


def test_a_key_changed_expired_or_revoked_opens_nothing(desk: DeskUnderTest) -> None:
    engine = desk.house.engine
    _, expiring = new_api_key(engine, "one", [Role.ANALYST], None, DAY, ADMIN)
    _, revoked = new_api_key(engine, "two", [Role.ANALYST], None, DAY, ADMIN)
    for wrong in ("", "x", expiring[:-1], expiring + "x", expiring.upper(), expiring.removeprefix("strongroom_")):
        status, problem = _account(desk, wrong)
        assert status == 401
    assert problem == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "sign in, or send an API key",
        "instance": "/api/v1/account",
    }
    assert _account(desk, expiring, "Basic")[0] == 401
    with engine.begin() as connection:
        connection.execute(text("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = 'one'"))
    revoke_key(engine, "two", ADMIN)
    assert _account(desk, expiring)[0] == _account(desk, revoked)[0] == 401
    assert [one.usable for one in all_keys(engine)] == [False, False]
    first = all_keys(engine)[1].revoked_at
    revoke_key(engine, "two", ADMIN)
    assert all_keys(engine)[1].revoked_at == first


def test_a_key_needs_a_role_an_end_and_a_name_nobody_had(desk: DeskUnderTest) -> None:
    engine = desk.house.engine
    new_api_key(engine, "one", [Role.ANALYST], None, DAY, ADMIN)
    revoke_key(engine, "one", ADMIN)
    with pytest.raises(KeyNameTaken):
        new_api_key(engine, "ONE", [Role.ANALYST], None, DAY, ADMIN)
    for roles, lasts in (([], DAY), ([Role.ANALYST], timedelta(0)), ([Role.ANALYST], 367 * DAY)):
        with pytest.raises(AccessRefused):
            new_api_key(engine, "two", roles, None, lasts, ADMIN)
    with pytest.raises(UnknownKey):
        revoke_key(engine, "two", ADMIN)


def test_a_key_needs_no_csrf_token(desk: DeskUnderTest) -> None:
    _, key = new_api_key(desk.house.engine, "one", [Role.ANALYST], None, DAY, ADMIN)
    answer = desk.client().post("/sign-out", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 303
