"""Legal holds in a browser: placed, seen on the interaction, released by two people; wide, narrow, light and dark."""

import os
import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Visitor
from conftest import Visit
from playwright.sync_api import expect
from stage import Stage

from strongroom.legal.holding import apply_hold, holds_due

SERIOUS = {"serious", "critical"}
SHOTS = os.environ.get("HOLD_SCREENSHOTS")


def work(stage: Stage) -> None:
    """What the workers of the queue `records` do."""
    stage.due("conversation_holds")
    for conversation_id in holds_due(stage.house).conversations:
        apply_hold(stage.house, conversation_id)


def fits(visitor: Visitor, name: str) -> None:
    """What this page must be for everybody: nothing serious for axe, in both schemes, and no wider than the window."""
    page = visitor.page
    for width in (1100, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        if SHOTS:
            visitor.shoot(Path(SHOTS) / f"{name}-{width}.png")
    page.set_viewport_size({"width": 1100, "height": 900})
    for closed in page.locator("main details").all():
        closed.evaluate("details => { details.open = true }")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        violations = Axe().run(page, options={"resultTypes": ["violations"], "iframes": False}).response
        serious = [
            (one["id"], node["target"], node["html"][:200])
            for one in violations["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]
        assert serious == [], (name, scheme)
    page.emulate_media(color_scheme="light")


def fill(visitor: Visitor, matter: str, ids: list[UUID], **fields: str) -> None:
    """The form of a new hold."""
    visitor.go("/holds/new")
    visitor.page.get_by_label("Matter", exact=True).fill(matter)
    visitor.page.get_by_label("Why it is held").fill("Preservation notice of 3 March 2026")
    visitor.page.get_by_label("Conversation ids").fill("\n".join(map(str, ids)))
    for name, value in fields.items():
        visitor.page.fill(f"#f-{name}", value)


@pytest.mark.long
def test_a_hold_is_placed_seen_and_released_by_two_people(stage: Stage, visit: Visit) -> None:
    rita, robert, audrey = visit("rita"), visit("robert"), visit("audrey")
    rita.go("/holds")
    expect(rita.page.get_by_text("No matter holds anything")).to_be_visible()
    fits(rita, "holds-none")
    call, chat, to_come = stage.conversation("audio"), stage.conversation("chat"), uuid4()

    fill(rita, "2026-114", [call, to_come], queue="a", first_day="2026-03-01")
    fits(rita, "new")
    rita.page.get_by_role("button", name="Place the hold").click()
    expect(rita.page.get_by_text("1 id that the archive does not have")).to_be_visible()
    assert str(to_come) in rita.text()
    fits(rita, "placed")
    rita.go("/holds")
    rita.page.get_by_role("link", name="2026-114").click()
    rita.page.wait_for_url(re.compile("/holds/[0-9a-f-]{36}$"))
    path = rita.page.url.removeprefix(rita.url)
    expect(rita.page.get_by_text("Being placed").first).to_be_visible()
    work(stage)
    rita.go(path)
    expect(rita.page.get_by_text("Held", exact=True).first).to_be_visible()
    fits(rita, "matter")

    # from the search, for a second matter
    rita.search(**{"from": "2026-03-10"})
    rita.page.locator(f"input[name=id][value='{chat}']").check()
    rita.page.get_by_role("button", name="Hold the ticked ones").click()
    rita.page.wait_for_url(re.compile("/holds/new"))
    assert rita.page.get_by_label("Conversation ids").input_value() == str(chat)
    rita.page.get_by_label("Matter", exact=True).fill("2026-200")
    rita.page.get_by_label("Why it is held").fill("A second notice")
    rita.page.get_by_label("Conversation ids").fill(f"{chat}\n{call}")
    rita.page.get_by_role("button", name="Place the hold").click()
    rita.page.wait_for_url(re.compile("/holds/[0-9a-f-]{36}$"))
    work(stage)
    for who in (rita, audrey):
        who.go(f"/conversations/{call}")
        expect(who.page.get_by_text("Held for 2 matters: 2026-114, 2026-200.")).to_be_visible()
    fits(rita, "interaction")

    rita.go(path)
    rita.page.get_by_text("Ask for its release…").click()
    rita.page.get_by_label("Why it is to be released").fill("Settled on 20 November")
    rita.page.get_by_role("button", name="Ask for the release").click()
    expect(rita.page.get_by_text("waits for a second person")).to_be_visible()
    assert not rita.page.get_by_role("button", name="Approve the release").count(), "nobody approves their own"
    assert audrey.go(path).status == 200
    assert not audrey.page.get_by_role("button", name="Approve the release").count()

    robert.go(path)
    fits(robert, "decide")
    robert.page.get_by_label("I have read").check()
    robert.page.get_by_role("button", name="Approve the release").click()
    expect(robert.page.get_by_text("Released by robert")).to_be_visible()
    work(stage)
    robert.go(path)
    fits(robert, "released")
    robert.go(f"/conversations/{call}")
    expect(robert.page.get_by_text("Held for 1 matter: 2026-200.")).to_be_visible()
    robert.go("/holds")
    fits(robert, "holds")
    acts = [act for act in stage.acts(call) if act in {"held", "released"}]
    # placed and applied for each of the matters; the release lets it be held by the other
    assert acts == ["held", "held", "held", "held", "released"]


def test_a_line_without_an_id_and_what_is_missing_are_told_before_anything_is_placed(
    stage: Stage, visit: Visit
) -> None:
    rita = visit("rita")
    fill(rita, "2026-300", [])
    rita.page.get_by_role("button", name="Place the hold").click()
    expect(rita.page.get_by_role("alert").get_by_text("nothing is to be held")).to_be_visible()
    fill(rita, "2026-300", [])
    rita.page.get_by_label("Conversation ids").fill(f"{stage.conversation('chat')}\nthe one of last week")
    rita.page.get_by_role("button", name="Place the hold").click()
    expect(rita.page.get_by_text("1 line without an id")).to_be_visible()
    fits(rita, "rejected")
    assert stage.rows("SELECT 1 FROM matters WHERE name = '2026-300'") == []
    rita.page.get_by_label("without these lines").check()
    rita.page.get_by_role("button", name="Place the hold").click()
    rita.page.wait_for_url(re.compile("/holds/[0-9a-f-]{36}$"))
    assert len(stage.rows("SELECT 1 FROM matters WHERE name = '2026-300'")) == 1


def test_who_may_not_see_holds_is_shown_none(visit: Visit) -> None:
    for who in ("anne", "oscar"):
        visitor = visit(who)
        assert visitor.go("/holds").status == 403
        assert visitor.go("/holds/new").status == 403
        assert visitor.go(f"/holds/{uuid4()}").status == 404
        assert not visitor.page.get_by_role("link", name="Holds").count()
