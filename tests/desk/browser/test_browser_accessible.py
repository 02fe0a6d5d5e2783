"""Every page for everybody: what axe-core finds, in both colour schemes; what fits a narrow window; the keyboard."""

import re
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Visitor
from conftest import Visit
from playwright.sync_api import expect
from stage import Stage

pytestmark = pytest.mark.long

SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def requested(stage: Stage) -> dict[str, UUID]:
    """Conversations to be requested."""
    return {media: stage.conversation(media) for media in ("audio", "email", "chat")}


def pages(anne: Visitor, requested: dict[str, UUID]) -> list[tuple[str, str]]:
    """Who looks at which page."""
    anne.go("/requests/new")
    anne.page.get_by_label("Conversation ids").fill("\n".join(map(str, requested.values())))
    anne.page.get_by_label("Why it is needed").fill("To be looked at")
    anne.page.get_by_role("button", name="Request", exact=True).click()
    anne.page.wait_for_url(re.compile("/requests/[0-9a-f-]{36}$"))
    request_id = anne.request_id
    reading = {}
    for media, conversation in requested.items():
        anne.go(f"/conversations/{conversation}")
        link = anne.page.get_by_role("link", name="Read it")
        reading[media] = link.get_attribute("href") if link.count() else f"/conversations/{conversation}"
    return [
        ("", "/sign-in"),
        ("anne", "/search"),
        ("anne", "/search?from=2026-03-01"),
        ("anne", "/search?from=yesterday"),
        ("anne", "/search?address=nobody@example.com"),
        ("anne", "/requests"),
        ("anne", "/requests/new"),
        ("anne", f"/requests/{request_id}"),
        *(("anne", path) for path in reading.values() if path),
        ("anne", "/account"),
        ("anne", "/requests/none-of-these"),
        ("lena", f"/conversations/{requested['audio']}"),
        ("audrey", "/audit"),
        ("audrey", "/requests?show=all"),
        ("audrey", f"/conversations/{requested['email']}/custody"),
        ("audrey", "/progress"),
        ("audrey", "/operations"),
        ("audrey", "/operations/days/2026-03-10"),
    ]


def test_no_page_has_a_serious_violation_in_light_or_dark(visit: Visit, requested: dict[str, UUID]) -> None:
    found = []
    visitors = {name: visit(name) for name in ("", "anne", "lena", "audrey")}
    for who, path in pages(visitors["anne"], requested):
        page = visitors[who].page
        visitors[who].go(path)
        for closed in page.locator("main details").all():
            closed.evaluate("details => { details.open = true }")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            violations = Axe().run(page, options={"resultTypes": ["violations"], "iframes": False}).response
            found += [
                (path, scheme, one["id"], node["target"], node["html"][:200])
                for one in violations["violations"]
                if one["impact"] in SERIOUS
                for node in one["nodes"]
            ]
    assert found == []


def test_no_page_is_wider_than_a_narrow_window(visit: Visit, requested: dict[str, UUID]) -> None:
    visitors = {name: visit(name, width=360) for name in ("", "anne", "lena", "audrey")}
    for who, path in pages(visitors["anne"], requested):
        visitors[who].go(path)
        width = visitors[who].page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, (path, width)


def test_the_keyboard_reaches_the_content_first_and_then_everything(visit: Visit) -> None:
    anne = visit("anne")
    anne.go("/search")
    anne.page.keyboard.press("Tab")
    expect(anne.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    anne.page.keyboard.press("Enter")
    anne.page.keyboard.press("Tab")
    expect(anne.page.get_by_label("number or e-mail")).to_be_focused()
    anne.page.keyboard.type("+447700900123")
    anne.page.keyboard.press("Enter")
    anne.page.wait_for_url("**/search?address=*")
