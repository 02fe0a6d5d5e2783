"""Sign-in by OpenID Connect against a provider over HTTP, which signs for real."""

import json
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from desk_material import ADMIN, Browser, DeskUnderTest, StartDesk
from httpx import Response
from joserfc.jwk import ECKey, OctKey
from openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, new_rsa_key, running_provider

from config.groups import ROLES
from strongroom.errors import Misconfigured
from strongroom.ledger.users import User, all_users, disable_user
from strongroom.legal.access import Role
from web.oidc import CALLBACK

GROUPS = {
    "Legal": {"roles": ["analyst"], "divisions": ["d-1"]},
    "Legal north": {"roles": ["analyst"], "divisions": ["d-2"]},
    "Audit": {"roles": ["auditor"], "divisions": ["*"]},
}
ANNE = {"sub": "0001", "email": "Anne@Example.com", "groups": ["Legal", "Everybody"]}


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with running_provider() as provider:
        provider.claims = dict(ANNE)
        yield provider


@pytest.fixture
def start_oidc_desk(start_desk: StartDesk, provider: OpenIdProvider) -> StartDesk:
    def start(**settings: str) -> DeskUnderTest:
        desk = start_desk(
            **{
                "OIDC_ISSUER": provider.issuer,
                "OIDC_CLIENT_ID": CLIENT_ID,
                "OIDC_CLIENT_SECRET": CLIENT_SECRET,
                "OIDC_GROUPS": json.dumps(GROUPS),
            }
            | settings
        )
        provider.redirect_uri = f"{desk.house.settings.desk_url}{CALLBACK}"
        return desk

    return start


@pytest.fixture
def oidc_desk(start_oidc_desk: StartDesk) -> DeskUnderTest:
    return start_oidc_desk()


@pytest.mark.parametrize(("amr", "used"), [(["pwd", "otp"], True), (["pwd"], False), (None, False)], ids=str)
def test_a_session_remembers_whether_a_second_factor_was_used(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider, amr: list[str] | None, used: bool
) -> None:
    provider.claims = ANNE | {"amr": amr}
    assert _come_back(oidc_desk.browser(), provider).status_code == 303
    with oidc_desk.house.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT second_factor FROM sessions").scalars().all() == [used]


def _anne(desk: DeskUnderTest) -> User:
    """The user that the provider's claims make, by the name that stays."""
    (user,) = [one for one in all_users(desk.house.engine) if one.name == "anne@example.com"]
    return user


def _come_back(browser: Browser, provider: OpenIdProvider, path: str = "/sign-in/oidc") -> Response:
    out = browser.get(path)
    assert out.status_code == 303, out.text
    back = urlsplit(provider.authorize(out.headers["location"]))
    return browser.get(f"{back.path}?{back.query}")


def _refused(browser: Browser, response: Response) -> None:
    assert response.status_code == 403
    assert "does not hold" in response.text
    assert browser.get("/account").status_code == 303


def test_the_settings_roles_are_the_desks() -> None:
    assert set(ROLES) == {role.value for role in Role}


def test_whoever_the_provider_vouches_for_is_made_a_user_with_their_groups_roles(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider
) -> None:
    browser = oidc_desk.browser()
    response = _come_back(browser, provider, "/sign-in/oidc?next=/requests%3Fmine%3D1")
    assert (response.status_code, response.headers["location"]) == (303, "/requests?mine=1")
    page = browser.get("/account").text
    assert "anne@example.com" in page and "analyst" in page and "d-1" in page
    user = _anne(oidc_desk)
    assert (user.local, user.roles, user.divisions) == (False, {"analyst"}, {"d-1"})


def test_roles_are_refreshed_and_added_up_at_each_sign_in(oidc_desk: DeskUnderTest, provider: OpenIdProvider) -> None:
    browser = oidc_desk.browser()
    _come_back(browser, provider)
    provider.claims |= {"groups": ["Legal", "Legal north"], "email": "renamed@example.com"}
    _come_back(browser, provider)
    # the name stays: the custody chain has it
    user = _anne(oidc_desk)
    assert (user.roles, user.divisions) == ({"analyst"}, {"d-1", "d-2"})
    provider.claims |= {"groups": ["Legal", "Audit"]}
    _come_back(browser, provider)
    user = _anne(oidc_desk)
    assert (user.roles, user.divisions) == ({"analyst", "auditor"}, None)
    assert len(all_users(oidc_desk.house.engine)) == 1


@pytest.mark.parametrize("groups", [[], ["Everybody"], "Legal ", None, {"Legal": True}, [["Legal"]]])
def test_whoever_is_in_no_group_with_a_role_is_refused_in_words_and_is_no_user(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider, groups: object
) -> None:
    provider.claims["groups"] = groups
    browser = oidc_desk.browser()
    response = _come_back(browser, provider)
    assert response.status_code == 403
    assert "none of your groups may use the Legal desk" in response.text
    assert browser.get("/account").status_code == 303
    assert all_users(oidc_desk.house.engine) == []


def test_whoever_left_their_groups_loses_open_sessions_too(oidc_desk: DeskUnderTest, provider: OpenIdProvider) -> None:
    one, other = oidc_desk.browser(), oidc_desk.browser()
    _come_back(one, provider)
    provider.claims["groups"] = []
    _come_back(other, provider)
    assert one.get("/account").status_code == 303
    assert _anne(oidc_desk).roles == set()


def test_a_disabled_user_is_not_let_in_again_by_the_provider(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider
) -> None:
    browser = oidc_desk.browser()
    _come_back(browser, provider)
    disable_user(oidc_desk.house.engine, "anne@example.com", ADMIN)
    assert browser.get("/account").status_code == 303
    assert _come_back(browser, provider).status_code == 403


def test_a_name_that_another_user_has_is_refused(oidc_desk: DeskUnderTest, provider: OpenIdProvider) -> None:
    oidc_desk.add_user("anne@example.com", "auditor")
    browser = oidc_desk.browser()
    response = _come_back(browser, provider)
    assert response.status_code == 403 and "another user has this name" in response.text
    assert browser.get("/account").status_code == 303


def test_a_rotated_key_is_read_anew_and_the_old_one_forgotten(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider
) -> None:
    old = provider.keys[0]
    assert _come_back(oidc_desk.browser(), provider).status_code == 303
    assert _come_back(oidc_desk.browser(), provider).status_code == 303
    assert provider.asked.count("/realm/keys") == 1
    provider.rotate()
    assert _come_back(oidc_desk.browser(), provider).status_code == 303
    assert provider.asked.count("/realm/keys") == 2
    provider.sign_with = old
    browser = oidc_desk.browser()
    _refused(browser, _come_back(browser, provider))


def test_keys_of_other_kinds_and_uses_do_no_harm(oidc_desk: DeskUnderTest, provider: OpenIdProvider) -> None:
    key = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)
    provider.keys = [key, new_rsa_key()]
    provider.sign_with, provider.algorithm = key, "ES256"
    assert _come_back(oidc_desk.browser(), provider).status_code == 303


NOW = int(time.time())


@pytest.mark.parametrize(
    "spoil",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT_ID, "another-client"]},
        {"azp": "another-client"},
        {"aud": None},
        {"exp": NOW - 3_600, "iat": NOW - 7_200},
        {"exp": None},
        {"iat": NOW + 3_600},
        {"nbf": NOW + 3_600},
        {"iss": "http://127.0.0.1:1/realm/"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    # no times in them: every process of a run must give a test the same name
    ids=lambda spoil: str({claim: claim if claim in {"exp", "iat", "nbf"} else told for claim, told in spoil.items()}),
)
def test_a_token_that_does_not_hold_is_refused(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider, spoil: dict[str, object]
) -> None:
    provider.spoil = spoil
    browser = oidc_desk.browser()
    _refused(browser, _come_back(browser, provider))
    assert all_users(oidc_desk.house.engine) == []


def test_a_signature_by_another_key_of_the_same_name_is_refused(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider
) -> None:
    provider.sign_with = new_rsa_key(provider.keys[0].kid)
    browser = oidc_desk.browser()
    _refused(browser, _come_back(browser, provider))


def test_a_signature_by_the_clients_secret_is_refused(oidc_desk: DeskUnderTest, provider: OpenIdProvider) -> None:
    provider.sign_with = OctKey.import_key(CLIENT_SECRET.ljust(32, "x"), {"kid": provider.keys[0].kid})  # type: ignore[assignment]
    provider.algorithm = "HS256"
    browser = oidc_desk.browser()
    _refused(browser, _come_back(browser, provider))


def test_a_way_back_is_good_once_and_in_the_browser_that_set_out_only(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider
) -> None:
    browser, thief = oidc_desk.browser(), oidc_desk.browser()
    back = urlsplit(provider.authorize(browser.get("/sign-in/oidc").headers["location"]))
    path = f"{back.path}?{back.query}"
    thief.get("/sign-in")
    assert thief.get(path).status_code == 403
    assert browser.get(path).status_code == 303
    assert browser.get(path).status_code == 403
    # a victim led to an attacker's way back is not signed in as them
    attackers = urlsplit(provider.authorize(thief.get("/sign-in/oidc").headers["location"]))
    victim = oidc_desk.browser()
    assert victim.get(f"{attackers.path}?{attackers.query}").status_code == 403
    assert victim.get("/account").status_code == 303


def test_state_nonce_and_challenge_are_new_each_time(oidc_desk: DeskUnderTest, provider: OpenIdProvider) -> None:
    browser = oidc_desk.browser()
    seen = set()
    for _ in range(3):
        query = parse_qs(urlsplit(browser.get("/sign-in/oidc").headers["location"]).query)
        seen |= {query[name][0] for name in ("state", "nonce", "code_challenge")}
        assert all(len(query[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))
    assert len(seen) == 9


@pytest.mark.parametrize("query", ["", "?state=x&code=y", "?error=access_denied&state=x", "?code=%00&state=%FF"])
def test_a_way_back_that_never_set_out_is_refused(oidc_desk: DeskUnderTest, query: str) -> None:
    assert oidc_desk.browser().get(f"{CALLBACK}{query}").status_code == 403


def test_what_the_provider_refuses_is_refused_without_its_words(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider
) -> None:
    browser = oidc_desk.browser()
    state = parse_qs(urlsplit(browser.get("/sign-in/oidc").headers["location"]).query)["state"][0]
    response = browser.get(f"{CALLBACK}?state={state}&error=<script>alert(1)</script>")
    assert response.status_code == 403
    assert "script" not in response.text and "did not sign you in" in response.text


def test_the_issuer_on_the_way_back_is_held_against_ours(oidc_desk: DeskUnderTest, provider: OpenIdProvider) -> None:
    browser = oidc_desk.browser()
    back = urlsplit(provider.authorize(browser.get("/sign-in/oidc").headers["location"]))
    _refused(browser, browser.get(f"{back.path}?{back.query}&iss=https://evil.example"))


def test_a_provider_that_promises_to_name_itself_on_the_way_back_must(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider
) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    browser = oidc_desk.browser()
    _refused(browser, _come_back(browser, provider))
    back = urlsplit(provider.authorize(browser.get("/sign-in/oidc").headers["location"]))
    assert browser.get(f"{back.path}?{back.query}&iss={provider.issuer}").status_code == 303


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "ftp://x/"}, {"jwks_uri": None}],
    ids=str,
)
def test_a_provider_that_is_another_or_half_one_is_refused(
    oidc_desk: DeskUnderTest, provider: OpenIdProvider, metadata: dict[str, object]
) -> None:
    provider.metadata = metadata
    response = oidc_desk.browser().get("/sign-in/oidc")
    assert response.status_code == 503 and "location" not in response.headers


def test_a_provider_that_does_not_answer_is_503_and_passwords_go_on(
    start_oidc_desk: StartDesk, closed_port: int
) -> None:
    desk = start_oidc_desk(OIDC_ISSUER=f"http://127.0.0.1:{closed_port}/")
    assert desk.browser().get("/sign-in/oidc").status_code == 503
    desk.signed_in("bob", "analyst")


def test_without_a_provider_there_is_no_such_page(desk: DeskUnderTest) -> None:
    assert desk.browser().get("/sign-in/oidc").status_code == 404
    assert desk.browser().get(CALLBACK).status_code == 404


def test_half_a_provider_in_the_settings_is_refused(start_desk: StartDesk) -> None:
    with pytest.raises(Misconfigured, match="all four"):
        start_desk(OIDC_ISSUER="https://login.example.com")
