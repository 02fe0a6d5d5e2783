"""Sessions: opened by a password, ended by all that must end them; their cookies, and what forms must bring."""

from desk_material import DeskUnderTest


def test_a_user_signs_in_sees_their_account_and_signs_out(desk: DeskUnderTest) -> None:
    browser = desk.signed_in("anne", "analyst", "auditor", divisions=["d-1"])
    page = browser.get("/account")
    assert page.status_code == 200
    assert "anne" in page.text and "analyst, auditor" in page.text and "d-1" in page.text
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert browser.get("/account").status_code == 303
