"""The end of records in a browser: a list and an erasure from drawing up to approval by another, wide and narrow."""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Visitor
from conftest import Visit
from playwright.sync_api import expect
from stage import Stage

SERIOUS = {"serious", "critical"}


def looked_at(visitor: Visitor, name: str, folder: Path) -> list[tuple[str, str]]:
    """What axe finds in both colours, and whether it fits, wide and narrow; a picture of each is left."""
    found = []
    page = visitor.page
    for closed in page.locator("main details").all():
        closed.evaluate("details => { details.open = true }")
    for suffix, width in (("", 1100), ("-narrow", 360)):
        page.set_viewport_size({"width": width, "height": 900})
        visitor.shoot(folder / f"{name}{suffix}.png")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((name, f"wider than {width}"))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
            found += [(name, f"{scheme}: {one['id']}") for one in violations if one["impact"] in SERIOUS]
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1100, "height": 900})
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go."""
    wanted = Path(os.environ.get("ENDING_SCREENSHOTS", tmp_path))
    wanted.mkdir(exist_ok=True)
    return wanted


@pytest.mark.long
def test_an_erasure_is_assessed_proposed_and_approved_by_another(stage: Stage, visit: Visit, folder: Path) -> None:
    rita, paul = visit("rita"), visit("paul")
    conversation = stage.conversation("audio")
    customer = stage.customer(conversation)
    rita.go("/erasure")
    faults = looked_at(rita, "erasures", folder)
    rita.page.get_by_label("Case").fill("+353 86 123 4567")
    rita.page.get_by_label("Number or address of the person").fill(customer)
    rita.page.get_by_role("button", name="Assess").click()
    assert "no telephone number" in rita.text()
    assert customer not in rita.page.content()
    rita.page.get_by_label("Case").fill("DSR-2026-17")
    rita.page.get_by_label("Number or address of the person").fill(customer)
    rita.page.get_by_role("button", name="Assess").click()
    rita.page.wait_for_url(re.compile(r"/erasure/\d+$"))
    path = rita.page.url.removeprefix(rita.url)
    assert str(conversation) in rita.text()
    assert customer not in rita.page.content(), "whom it is about is shown nowhere"
    answer = rita.page.get_by_role("textbox", name="Draft of the answer").input_value()
    assert "DSR-2026-17" in answer
    assert "GDPR" in answer
    faults += looked_at(rita, "erasure", folder)

    everything = "\n".join(str(one[0]) for one in stage.rows("SELECT DISTINCT conversation_id FROM search_records"))
    rita.go("/erasure")
    rita.page.get_by_label("Case").fill("DSR-2026-18")
    rita.page.get_by_label("Or ids of interactions").fill(everything)
    rita.page.get_by_role("button", name="Assess").click()
    rita.page.wait_for_url(re.compile(r"/erasure/\d+$"))
    path = rita.page.url.removeprefix(rita.url)
    assert "17(3)(b)" in rita.text()
    assert "may go" in rita.text().lower()
    faults += looked_at(rita, "erasure-classes", folder)
    paul.go(path)
    expect(paul.page.get_by_role("button", name="Approve")).to_have_count(0)
    rita.page.get_by_role("button", name="Propose").click()
    expect(rita.page.get_by_text("has proposed it; another has to approve it")).to_be_visible()
    expect(rita.page.get_by_role("button", name="Approve")).to_have_count(0)
    paul.go(path)
    faults += looked_at(paul, "erasure-proposed", folder)
    paul.page.get_by_label("I have looked at what goes").check()
    paul.page.get_by_role("button", name="Approve").click()
    expect(paul.page.get_by_text(f"strongroom erasure run {path.rsplit('/', 1)[-1]}")).to_be_visible()
    faults += looked_at(paul, "erasure-approved", folder)
    paul.go("/erasure")
    faults += looked_at(paul, "erasures-approved", folder)
    assert faults == []


def test_a_list_is_drawn_up_and_refused_and_who_may_not_sees_nothing(stage: Stage, visit: Visit, folder: Path) -> None:
    rita, audrey, anne = visit("rita"), visit("audrey"), visit("anne")
    rita.go("/disposition")
    rita.page.get_by_role("button", name="Draw up a list now").click()
    rita.page.wait_for_url(re.compile(r"/disposition/\d+$"))
    path = rita.page.url.removeprefix(rita.url)
    assert "Nothing is on it" in rita.text()
    faults = looked_at(rita, "disposition", folder)
    expect(rita.page.get_by_role("button", name="Propose")).to_have_count(0)
    rita.page.get_by_role("textbox", name="Why").fill("Drawn up by mistake")
    rita.page.get_by_role("button", name="Refuse").click()
    expect(rita.page.get_by_text("Nothing goes under this list")).to_be_visible()
    audrey.go("/disposition")
    assert "Refused" in audrey.text()
    faults += looked_at(audrey, "dispositions", folder)
    audrey.go(path)
    expect(audrey.page.get_by_role("heading", name="Decide")).to_have_count(0)
    assert anne.go("/disposition").status == 403
    assert anne.go(path).status == 403
    assert "Disposition" not in anne.page.locator("nav").first.inner_text()
    assert faults == []
