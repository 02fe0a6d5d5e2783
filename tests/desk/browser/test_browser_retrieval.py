"""The whole way in a real browser: from a customer's number to what was said, verified, and to the files."""

import hashlib
import json
import re
import zipfile
from pathlib import Path

from archive.archives import wait_until
from conftest import Visit
from playwright.sync_api import expect
from stage import Stage


def test_from_a_number_to_the_recording_played_and_the_file_in_hand(stage: Stage, visit: Visit, tmp_path: Path) -> None:
    conversation = stage.conversation("audio")
    number = stage.customer(conversation)
    earlier = len(stage.acts(conversation))
    lena = visit("lena")
    # as a subpoena writes it
    lena.search(address=" ".join(re.findall(".{1,3}", number)), **{"from": "2026-03-01"})
    lena.page.locator(f'a[href="/conversations/{conversation}"]').click()
    assert "Timeline" in lena.text() and "Request this interaction" in lena.text()
    assert lena.page.locator("audio").count() == 0, "nothing is heard without a request"
    lena.page.get_by_label("Why it is needed").fill("Subpoena 2026-114")
    lena.page.get_by_role("button", name="Request", exact=True).click()
    expect(lena.page.get_by_text("before it was due")).to_be_visible()
    assert "Verified" in lena.text() and "Subpoena 2026-114" in lena.text()

    file = stage.file(lena.request_id, "audio/")
    kept = lena.download("Download Sound recording")
    assert hashlib.sha256(kept.path().read_bytes()).hexdigest() == file.sha256
    assert file.sha256 in lena.text()
    bundle = tmp_path / "bundle.zip"
    lena.download("Download the bundle").save_as(bundle)
    with zipfile.ZipFile(bundle) as packed:
        assert any(name.endswith("verify.py") for name in packed.namelist())
        assert any(hashlib.sha256(packed.read(name)).hexdigest() == file.sha256 for name in packed.namelist())

    lena.page.locator(f'a[href="/conversations/{conversation}"]').click()
    lena.page.locator("audio").first.evaluate("audio => audio.play()")
    wait_until(lambda: lena.page.locator("audio").first.evaluate("audio => audio.currentTime") > 0.5, "it plays")
    expect(lena.page.locator("[data-told]").first).to_have_text(re.compile("channel"), timeout=60_000)
    expect(lena.page.locator("canvas.wave").first).to_be_visible()
    lena.page.get_by_label("Speed").first.select_option("2")
    assert lena.page.locator("audio").first.evaluate("audio => audio.playbackRate") == 2

    acts = stage.acts(conversation)[earlier:]
    assert acts[:3] == ["viewed", "requested", "verified"]
    assert acts[3:].count("downloaded") == 2 and acts[3:].count("viewed") >= 2, "file and bundle; the page and the play"


def test_an_email_is_read_as_it_was_formatted_and_loads_nothing(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("email")
    anne = visit("anne")
    anne.ask_for(conversation)
    asked: list[str] = []
    anne.page.on("request", lambda request: asked.append(request.url))
    anne.go(f"/conversations/{conversation}")
    anne.page.get_by_role("link", name="Read it").click()
    mail = anne.page.locator("article.mail").first
    expect(mail).to_be_visible()
    frame = anne.page.frame_locator("article.mail iframe").first
    expect(frame.locator("body")).not_to_be_empty()
    assert mail.locator("iframe").get_attribute("sandbox") == ""
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {anne.url.split("/")[2]}


def test_a_chat_is_shown_as_a_chat(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("chat")
    anne = visit("anne")
    anne.ask_for(conversation)
    anne.go(f"/conversations/{conversation}")
    anne.page.get_by_role("link", name="Read it").click()
    transcript = json.loads(stage.body(stage.file_of(conversation, "application/json", "recordings/")))
    said = [line["body"] for line in transcript["transcript"]]
    assert anne.page.locator(".chat .written").all_inner_texts() == said
    assert anne.page.locator(".chat li.customer").count() > 0 < anne.page.locator(".chat li.agent").count()


def test_a_list_is_pasted_and_its_lines_without_an_id_are_shown_before_anything_is_asked(
    stage: Stage, visit: Visit
) -> None:
    anne = visit("anne")
    anne.go("/requests/new")
    first, second = stage.conversation("audio"), stage.conversation("chat")
    anne.page.get_by_label("Conversation ids").fill(f"{first}\nthe one with the fees\n{second}")
    anne.page.get_by_label("Why it is needed").fill("A list of the court")
    anne.page.get_by_role("button", name="Request", exact=True).click()
    expect(anne.page.get_by_role("alert")).to_contain_text("1 line without an id")
    assert "the one with the fees" in anne.text()
    anne.page.get_by_label("Request the 2 interactions without these lines").check()
    anne.page.get_by_role("button", name="Request", exact=True).click()
    anne.page.wait_for_url(re.compile("/requests/[0-9a-f-]{36}$"))
    assert "2 interactions, by anne" in anne.text()
    anne.go("/requests")
    assert "A list of the court" in anne.text()


def test_what_nobody_can_find_and_what_is_no_day_is_said_in_words(visit: Visit) -> None:
    anne = visit("anne")
    anne.search(address="+15005550006")
    assert "No archived interaction matches all of this" in anne.text()
    assert anne.go("/search?from=yesterday").status == 400
    assert "Not a day" in anne.text()
    assert anne.go("/search?media=carrier-pigeon").status == 400
    assert "there is no such media" in anne.text()
    assert anne.go("/requests/2b7f0f0e-0000-4000-8000-000000000000").status == 404
    assert "nothing that you may see" in anne.text()
