"""Sessions: opened by a password, ended by all that must end them; their cookies, and what forms must bring."""

import re
from datetime import timedelta
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

import pytest
from argon2 import PasswordHasher
from desk_material import ADMIN, PASSWORD, Browser, DeskUnderTest, StartDesk, cheap_hash
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from strongroom.ledger.sessions import open_session
from strongroom.ledger.users import all_users, credential_of, disable_user, enable_user, set_access, set_password
from strongroom.legal.passwords import Passwords
from strongroom.legal.people import KEY_PREFIX
from web.safe_paths import HOME, safe_path

COOKIE = "strongroom-session"


def _rows(desk: DeskUnderTest, statement: str, **values: object) -> list[tuple[object, ...]]:
    with desk.house.engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def _is_signed_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


def test_a_user_signs_in_sees_their_account_and_signs_out(desk: DeskUnderTest) -> None:
    browser = desk.signed_in("anne", "analyst", "auditor", divisions=["d-1"])
    page = browser.get("/account")
    assert page.status_code == 200
    assert "anne" in page.text and "analyst, auditor" in page.text and "d-1" in page.text
    token = browser.client.cookies[COOKIE]
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert not _is_signed_in(browser)
    # the token is of no use to whoever kept it
    browser.client.cookies.set(COOKIE, token)
    assert not _is_signed_in(browser)


def test_names_are_known_however_they_are_typed(desk: DeskUnderTest) -> None:
    desk.add_user("anne@example.com", "analyst")
    assert desk.browser().sign_in(" Anne@Example.COM ").status_code == 303


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(desk: DeskUnderTest) -> None:
    desk.add_user("anne", "analyst")
    told = set()
    for name in ("anne", "nobody", "", "a b", "x" * 201, "anne\x00", "'; DROP TABLE users; --"):
        browser = desk.browser()
        response = browser.sign_in(name, "wrong password")
        assert response.status_code == 403
        assert not _is_signed_in(browser)
        told.add(response.text.replace(browser.csrf, ""))
    assert len(told) == 1


def test_an_unknown_name_costs_the_same_hashing_as_a_wrong_password(
    desk: DeskUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.signed_in("anne", "analyst")  # the hash has today's parameters then
    verified: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, password_hash: str, password: bytes) -> bool:
        verified.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return verify(self, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    for name in ("anne", "nobody", "no name at all"):
        desk.browser().sign_in(name, "wrong password")
    assert len(verified) == 3
    assert len(set(verified)) == 1  # algorithm and parameters


def test_a_hash_under_old_parameters_is_renewed_at_sign_in(start_desk: StartDesk) -> None:
    desk = start_desk(passwords=Passwords())
    desk.signed_in("anne", "analyst")
    credential = credential_of(desk.house.engine, "anne")
    assert credential is not None and credential.password_hash != cheap_hash(PASSWORD)
    assert credential.password_hash.startswith("$argon2id$")
    assert not PasswordHasher().check_needs_rehash(credential.password_hash)
    assert desk.browser().sign_in("anne").status_code == 303


def test_the_token_of_a_session_is_new_at_each_sign_in(desk: DeskUnderTest) -> None:
    """Session fixation: what an attacker put into the browser before is worth nothing after."""
    desk.add_user("anne", "analyst")
    browser = desk.browser()
    browser.client.cookies.set(COOKIE, "planted-by-an-attacker", domain="127.0.0.1")
    visitor_before = browser.get("/sign-in").cookies["strongroom-visitor"]
    browser.sign_in("anne")
    token = browser.client.cookies[COOKIE]
    assert token not in ("planted-by-an-attacker", visitor_before)
    attacker = desk.browser()
    for planted in ("planted-by-an-attacker", visitor_before):
        attacker.client.cookies.set(COOKIE, planted)
        assert not _is_signed_in(attacker)
    browser.sign_in("anne")
    assert browser.client.cookies[COOKIE] != token


@pytest.mark.parametrize(
    ("url", "prefix", "secure"), [("http://127.0.0.1:8000", "", False), ("https://desk.example.com", "__Host-", True)]
)
def test_attributes_of_the_cookies(start_desk: StartDesk, url: str, prefix: str, secure: bool) -> None:
    desk = start_desk(DESK_URL=url)
    desk.add_user("anne", "analyst")
    browser = desk.browser()
    answers = [browser.get("/sign-in"), browser.post("/sign-in", name="anne", password=PASSWORD)]
    for answer, name in zip(answers, ("visitor", "session"), strict=True):
        cookie = SimpleCookie()
        for line in answer.headers.get_list("set-cookie"):
            cookie.load(line)
        morsel = cookie[f"{prefix}strongroom-{name}"]
        assert morsel["httponly"] and morsel["samesite"].lower() == "lax" and morsel["path"] == "/"
        assert morsel["domain"] == "" and bool(morsel["secure"]) == secure
        assert len(morsel.value) >= 43  # 256 bits
    assert ("strict-transport-security" in answers[0].headers) == secure
    token = browser.client.cookies[f"{prefix}{COOKIE}"]
    # it is the browser's for as long as it is open
    assert "max-age" not in answers[1].headers.get_list("set-cookie")[0].lower()
    assert _rows(desk, "SELECT count(*) FROM sessions WHERE token_sha256 = :token", token=token) == [(0,)]


def test_a_session_ends_when_idle_and_at_its_absolute_limit(start_desk: StartDesk) -> None:
    desk = start_desk(SESSION_IDLE_S="600", SESSION_ABSOLUTE_S="3600")
    browser = desk.signed_in("anne", "analyst")
    _rows(desk, "UPDATE sessions SET seen_at = seen_at - interval '599 seconds' + interval '30 seconds'")
    assert _is_signed_in(browser)  # and that was a sign of life
    _rows(desk, "UPDATE sessions SET seen_at = seen_at - interval '400 seconds'")
    assert _is_signed_in(browser)
    _rows(desk, "UPDATE sessions SET seen_at = seen_at - interval '601 seconds'")
    assert not _is_signed_in(browser)
    browser.sign_in("anne")
    assert _is_signed_in(browser)
    _rows(desk, "UPDATE sessions SET ends_at = ends_at - interval '3601 seconds'")
    assert not _is_signed_in(browser)
    browser.sign_in("anne")
    # what has run out is cleared away
    assert _rows(desk, "SELECT count(*) FROM sessions WHERE ends_at < now()") == [(0,)]


def test_what_a_page_asks_by_itself_is_no_sign_of_life(start_desk: StartDesk) -> None:
    desk = start_desk(SESSION_IDLE_S="600")
    browser = desk.signed_in("oscar", "operator")
    by_itself = {"X-Background": "1"}
    for _ in range(2):
        _rows(desk, "UPDATE sessions SET seen_at = seen_at - interval '299 seconds'")
        assert browser.client.get("/operations", headers=by_itself).status_code == 200
    _rows(desk, "UPDATE sessions SET seen_at = seen_at - interval '3 seconds'")
    assert browser.client.get("/operations", headers=by_itself).status_code == 303
    assert not _is_signed_in(browser)


def test_pages_say_what_they_ask_by_themselves(desk: DeskUnderTest) -> None:
    for name in ("live.js", "request.js"):
        script = desk.client().get(f"/static/{name}").text
        asked = re.findall(r"fetch\((.*)\);", script)
        assert asked and all('"X-Background": "1"' in one for one in asked), name


def test_disabling_a_user_or_changing_the_password_ends_their_sessions_and_no_others(desk: DeskUnderTest) -> None:
    anne, bob = desk.signed_in("anne", "analyst"), desk.signed_in("bob", "analyst")
    disable_user(desk.house.engine, "anne", ADMIN)
    assert not _is_signed_in(anne) and _is_signed_in(bob)
    assert anne.sign_in("anne").status_code == 403
    enable_user(desk.house.engine, "anne", ADMIN)
    assert not _is_signed_in(anne)
    assert anne.sign_in("anne").status_code == 303
    set_password(desk.house.engine, "anne", cheap_hash("another password"), ADMIN)
    assert not _is_signed_in(anne) and _is_signed_in(bob)
    assert anne.sign_in("anne").status_code == 403
    assert anne.sign_in("anne", "another password").status_code == 303


def test_no_session_is_opened_on_what_changed_while_the_password_was_checked(desk: DeskUnderTest) -> None:
    desk.add_user("anne", "analyst")
    engine, old = desk.house.engine, cheap_hash(PASSWORD)
    (user,) = all_users(engine)
    hour = timedelta(hours=1)
    set_password(engine, "anne", cheap_hash("another password"), ADMIN)
    assert not open_session(engine, user, old, "a" * 64, hour, "x")
    assert open_session(engine, user, cheap_hash("another password"), "b" * 64, hour, "x")
    disable_user(engine, "anne", ADMIN)
    assert not open_session(engine, user, cheap_hash("another password"), "c" * 64, hour, "x")
    assert _rows(desk, "SELECT count(*) FROM sessions") == [(0,)]


def test_other_roles_count_from_the_next_request_on(desk: DeskUnderTest) -> None:
    browser = desk.signed_in("anne", "analyst")
    set_access(desk.house.engine, "anne", ["operator"], ["d-9"], ADMIN)
    page = browser.get("/account").text
    assert "operator" in page and "analyst" not in page and "d-9" in page


def test_a_session_of_one_process_is_one_in_another(start_desk: StartDesk) -> None:
    one, other = start_desk(), start_desk()
    browser = one.signed_in("anne", "analyst")
    elsewhere = other.browser()
    elsewhere.client.cookies.set(COOKIE, browser.client.cookies[COOKIE])
    assert _is_signed_in(elsewhere)
    elsewhere.post("/sign-out")
    assert not _is_signed_in(browser)


def test_any_other_cookie_is_nobodys(desk: DeskUnderTest) -> None:
    client = desk.client()
    for planted in ("", "x", "é", "a" * 10_000, "../../etc/passwd", "%00", '"quoted"'):
        response = client.get("/account", headers={"Cookie": f"{COOKIE}={planted}".encode()})
        assert (response.status_code, response.headers["location"]) == (303, "/sign-in?next=/account"), planted


# CSRF


def test_what_changes_something_needs_this_sessions_token(desk: DeskUnderTest) -> None:
    anne, bob = desk.signed_in("anne", "analyst"), desk.signed_in("bob", "analyst")
    for wrong in (
        "",
        "x",
        bob.csrf,
        anne.csrf[:-1],
        anne.csrf.upper(),
        "é",
        "\ud800".encode("utf-8", "replace").decode(),
    ):
        response = anne.client.post("/sign-out", data={"csrf_token": wrong})
        assert response.status_code == 403, wrong
    assert anne.client.post("/sign-out").status_code == 403
    # in the address it would be in logs and histories
    assert anne.client.post(f"/sign-out?csrf_token={anne.csrf}").status_code == 403
    assert anne.client.post("/sign-out", json={"csrf_token": anne.csrf}).status_code == 403
    assert anne.client.post("/sign-out", files={"csrf_token": ("f", anne.csrf)}).status_code == 403
    assert _is_signed_in(anne)
    assert anne.client.post("/sign-out", headers={"X-CSRF-Token": anne.csrf}).status_code == 303
    assert not _is_signed_in(anne)


def test_the_token_outlives_no_session(desk: DeskUnderTest) -> None:
    browser = desk.signed_in("anne", "analyst")
    old = browser.csrf
    browser.sign_in("anne")
    assert browser.csrf != old
    assert browser.post("/sign-out", csrf_token=old).status_code == 403


def test_signing_in_needs_the_forms_own_token(desk: DeskUnderTest) -> None:
    """Login CSRF: nobody is signed in as somebody else by a form of another site."""
    desk.add_user("anne", "analyst")
    fields = {"name": "anne", "password": PASSWORD}
    other = desk.browser()
    other.get("/sign-in")
    browser = desk.browser()
    assert browser.post("/sign-in", **fields).status_code == 403
    browser.get("/sign-in")
    assert browser.post("/sign-in", csrf_token=other.csrf, **fields).status_code == 403
    assert browser.post("/sign-in", csrf_token="", **fields).status_code == 403
    assert not _is_signed_in(browser)


# where to then


EVIL = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "https://evil.example",
    "https:evil.example", "javascript:alert(1)", "evil.example",
    "/\t/evil.example", "\t//evil.example", "/\n/evil.example",
    " //evil.example", "/%09/evil.example\r\nSet-Cookie: a=b", "", "/sign-out", "/sign-in?next=/x", "/é", "/\x00",
    "/legal/files/x", "/api/v1/account", "/.\\evil.example", "http:///evil.example", "/x\\..\\..//evil.example",
]  # fmt: skip


def test_nobody_is_led_elsewhere_by_signing_in(desk: DeskUnderTest) -> None:
    desk.add_user("anne", "analyst")
    for path in EVIL:
        assert safe_path(path) == HOME, path
        response = desk.browser().sign_in("anne", next_path=path)
        assert (response.status_code, response.headers["location"]) == (303, "/"), path


@given(st.text(alphabet="/\\.:@?#%&=aé\t\r\n \x00", max_size=12))
@example("/a?b=c#d")
def test_wherever_one_is_led_it_is_a_path_of_this_host(path: str) -> None:
    safe = safe_path(path)
    assert safe.startswith("/") and not safe.startswith(("//", "/\\"))
    assert safe.isascii() and safe.isprintable() and " " not in safe and "\\" not in safe
    assert urlsplit(urljoin("https://desk.example/sign-in", safe)).netloc == "desk.example"


def test_one_comes_back_to_the_page_one_wanted(desk: DeskUnderTest) -> None:
    desk.add_user("anne", "analyst")
    browser = desk.browser()
    wanted = browser.client.get("/account?tab=1&x=%C3%A4").headers["location"]
    assert wanted == "/sign-in?next=/account%3Ftab%3D1%26x%3D%25C3%25A4"
    page = browser.get(wanted)
    assert 'value="/account?tab=1&amp;x=%C3%A4"' in page.text
    assert browser.sign_in("anne", next_path="/account?tab=1").headers["location"] == "/account?tab=1"


def test_a_key_is_no_session_and_a_session_no_key(desk: DeskUnderTest) -> None:
    browser = desk.signed_in("anne", "analyst")
    token = browser.client.cookies[COOKIE]
    for key in (token, KEY_PREFIX + token):
        answer = desk.client().get("/api/v1/account", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401
    # a wrong key is not made good by a cookie
    assert browser.client.get("/account", headers={"Authorization": "Bearer x"}).status_code == 303
