"""The pictures of docs/legal-desk.md: each page, wide and narrow. `make screenshots` writes them into the docs."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from browsing import Visitor
from conftest import OpenStage, Visit
from PIL import Image
from stage import Stage

WIDE, NARROW = 1100, 380
MOST_BYTES = 120 * 1024
_COLOURS = 192

pytestmark = pytest.mark.long

Shoot = Callable[..., None]


@pytest.fixture(scope="module")
def stage(open_stage: OpenStage) -> Iterator[Stage]:
    """A day for this file alone: it leaves a matter and lists behind."""
    with open_stage("desk-in-pictures") as running:
        yield running


def test_every_page_is_shown_in_the_docs(stage: Stage, visit: Visit, tmp_path: Path) -> None:
    folder = Path(os.environ.get("DESK_SCREENSHOTS", tmp_path))
    folder.mkdir(exist_ok=True)
    lena, paul = visit("lena", width=WIDE), visit("paul", width=WIDE, four_eyes=True)
    audio, email, chat = (stage.conversation(media) for media in ("audio", "email", "chat"))
    shoot = _shooter(folder)
    signed_out = visit("", width=WIDE)
    signed_out.go("/sign-in")
    shoot(signed_out, "sign-in")
    lena.go("/search")
    shoot(lena, "search")
    lena.search(**{"from": "2026-03-10", "to": "2026-03-10"})
    shoot(lena, "found")
    lena.go(f"/conversations/{audio}")
    shoot(lena, "interaction")
    ready = lena.ask_for(audio)
    shoot(lena, "request")
    lena.go(f"/conversations/{audio}")
    lena.page.locator("audio").first.evaluate("audio => { audio.muted = true; return audio.play() }")
    lena.page.locator("canvas.wave").first.wait_for(timeout=60_000)
    lena.page.locator("audio").first.evaluate("audio => audio.pause()")
    shoot(lena, "call", ".recording")
    for name, conversation in (("e-mail", email), ("chat", chat)):
        lena.ask_for(conversation)
        lena.go(f"/conversations/{conversation}")
        lena.page.get_by_role("link", name="Read it").click()
        lena.page.wait_for_load_state("networkidle")
        shoot(lena, name, ".recording")
    lena.go("/requests")
    shoot(lena, "requests")
    lena.go(f"/requests/new?id={audio}&id={chat}")
    shoot(lena, "new-request")
    lena.go(f"/requests/{ready}")
    lena.page.get_by_role("button", name="Link to Sound recording").click()
    shoot(lena, "link")

    cold = stage.conversation("audio", skip=1)
    stage.archive.proxy.faults(cold={"classes": {f"{cold}/recordings": "GLACIER"}, "ready_after_s": 3600})
    lena.ask_for(cold)
    shoot(lena, "restoring")
    stage.archive.proxy.faults()
    broken = stage.conversation("audio", skip=2)
    with stage.tampered(stage.file_of(broken, "audio/", "recordings/").key):
        lena.ask_for(broken)
    shoot(lena, "damaged")

    waiting = visit("lena", width=WIDE, four_eyes=True).ask_for(stage.conversation("message"))
    paul.go(f"/requests/{waiting}")
    shoot(paul, "approve")
    audrey = visit("audrey", width=WIDE)
    audrey.go("/audit")
    shoot(audrey, "audit")
    audrey.go(f"/conversations/{audio}/custody")
    shoot(audrey, "custody")
    audrey.go("/progress")
    shoot(audrey, "progress")
    lena.go("/account")
    shoot(lena, "account")

    _the_end_of_records(stage, visit, shoot, [audio, chat])

    named = set(re.findall(r"desk/([a-z-]+)\.png", Path("docs/legal-desk.md").read_text()))
    assert named == {picture.stem for picture in folder.glob("*.png")}


def _the_end_of_records(stage: Stage, visit: Visit, shoot: Shoot, conversations: list[UUID]) -> None:
    """A matter that holds two of them, and the requests of two persons: one is held, one may go."""
    rita = visit("rita", width=WIDE)
    rita.go("/holds/new")
    rita.page.get_by_label("Matter", exact=True).fill("2026-114")
    rita.page.get_by_label("Why it is held").fill("Preservation notice of 3 March 2026")
    rita.page.get_by_label("Conversation ids").fill("\n".join(map(str, conversations)))
    shoot(rita, "new-hold")
    rita.page.get_by_role("button", name="Place the hold").click()
    rita.page.wait_for_url(re.compile("/holds/[0-9a-f-]{36}$"))
    shoot(rita, "matter")
    rita.go("/holds")
    shoot(rita, "holds")
    rita.go("/disposition")
    rita.page.get_by_role("button", name="Draw up a list now").click()
    rita.page.wait_for_url(re.compile(r"/disposition/\d+$"))
    rita.go("/disposition")
    shoot(rita, "disposition")
    for number, conversation in ((17, stage.conversation("email")), (18, conversations[0])):
        rita.go("/erasure")
        rita.page.get_by_label("Case").fill(f"DSR-2026-{number}")
        rita.page.get_by_label("Number or address of the person").fill(stage.customer(conversation))
        rita.page.get_by_role("button", name="Assess").click()
        rita.page.wait_for_url(re.compile(r"/erasure/\d+$"))
    shoot(rita, "erasure")
    rita.go("/erasure")
    shoot(rita, "erasures")


def _shooter(folder: Path) -> Shoot:
    def shoot(visitor: Visitor, name: str, at: str | None = None) -> None:
        for suffix, width, height in (("", WIDE, 820), ("-narrow", NARROW, 760)):
            visitor.page.set_viewport_size({"width": width, "height": height})
            visitor.page.evaluate("scrollTo(0, 0)")
            if at is not None:
                visitor.page.locator(at).first.evaluate("one => scrollTo(0, one.getBoundingClientRect().top - 60)")
            path = folder / f"{name}{suffix}.png"
            visitor.shoot(path, whole=False)
            with Image.open(path) as picture:
                picture.convert("RGB").quantize(_COLOURS).save(path, optimize=True)
            assert path.stat().st_size <= MOST_BYTES, path
        visitor.page.set_viewport_size({"width": WIDE, "height": 820})

    return shoot
