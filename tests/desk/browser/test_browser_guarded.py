"""What the desk holds back, and how it says so: four eyes, the cold store, a tampered file, an old link, each role."""

import re

from conftest import Visit
from playwright.sync_api import expect
from stage import Stage
from structlog.testing import capture_logs


def test_with_four_eyes_nothing_is_prepared_before_another_has_approved(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("message")
    anne, paul = visit("anne", four_eyes=True), visit("paul", four_eyes=True)
    request = anne.ask_for(conversation)
    assert "Waiting for approval" in anne.text() and "Download" not in anne.text()
    anne.go(f"/conversations/{conversation}")
    assert anne.page.get_by_role("link", name="Read it").count() == 0
    paul.go(f"/requests/{request}")
    paul.page.get_by_label("I have read the justification").check()
    paul.page.get_by_role("button", name="Approve").click()
    expect(paul.page.get_by_text("Approved by paul")).to_be_visible()
    assert paul.page.get_by_role("button", name="Download").count() == 0, "who approves is handed nothing"
    anne.go(f"/requests/{request}")
    assert "Ready" in anne.text() and anne.page.get_by_role("button", name="Download").count() > 0

    refused = anne.ask_for(stage.conversation("email"))
    paul.go(f"/requests/{refused}")
    paul.page.get_by_text("Refuse…").click()
    paul.page.get_by_label("Why it is refused").fill("No matter of ours")
    paul.page.get_by_role("button", name="Refuse this request").click()
    anne.go(f"/requests/{refused}")
    assert "No matter of ours" in anne.text() and "Refused" in anne.text()


def test_a_restore_is_shown_with_its_due_time_and_the_page_follows_it_by_itself(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("audio", skip=1)
    stage.archive.proxy.faults(cold={"classes": {f"{conversation}/recordings": "GLACIER"}, "ready_after_s": 1})
    try:
        anne = visit("anne")
        request = anne.ask_for(conversation)
        assert "Being restored" in anne.text() and "everything is expected by" in anne.text()
        expect(anne.page.get_by_role("timer")).to_have_text(re.compile(r"3 h 59 min left"))
        stage.follow_until(request, "ready")
        expect(anne.page.get_by_text("before it was due")).to_be_visible(timeout=30_000)
        assert anne.page.get_by_role("button", name="Download Sound recording").count() == 1
    finally:
        stage.archive.proxy.faults()


def test_a_tampered_file_has_no_link_and_raises_an_alarm(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("audio", skip=2)
    stored = stage.file_of(conversation, "audio/", "recordings/")
    anne = visit("anne")
    with stage.tampered(stored.key), capture_logs() as logs:
        anne.ask_for(conversation)
    expect(anne.page.get_by_role("alert")).to_contain_text("is not what was archived")
    row = anne.page.locator("table.rows tbody tr", has_text=stored.sha256)
    expect(row).to_contain_text("Not as archived")
    expect(row).to_contain_text("No link")
    assert row.get_by_role("button").count() == 0
    assert [log for log in logs if log["log_level"] == "error" and stored.key in str(log)], logs
    assert "found damaged" in stage.acts(conversation)
    damaged = stage.rows("SELECT file_id FROM request_files WHERE key = :key AND state = 'damaged'", key=stored.key)
    anne.go(f"/conversations/{conversation}")
    assert anne.page.locator(f'audio[src*="/files/{damaged[0][0]}/"]').count() == 0


def test_a_link_is_shown_for_elsewhere_and_ends_by_itself(stage: Stage, visit: Visit) -> None:
    anne, stranger = visit("anne"), visit("")
    anne.ask_for(stage.conversation("chat"))
    anne.page.get_by_role("button", name="Link to Manifest").click()
    address = anne.page.locator(".link-shown").first.inner_text()
    assert "It works until" in anne.text() and "curl" in anne.text()
    assert stranger.page.request.get(address).status == 200, "the link is all that is needed"
    with stage.archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE request_links SET issued_at = issued_at - interval '2 hours',"
                                   " expires_at = expires_at - interval '2 hours'")  # fmt: skip
    gone = stranger.page.request.get(address)
    assert (gone.status, gone.headers["content-type"]) == (404, "application/problem+json")


def test_each_role_sees_its_pages_and_is_refused_the_others(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("chat")
    owner = visit("anne")
    request = owner.ask_for(conversation)
    file = stage.file(request, "application/json")
    pages = {
        "/search": {"anne", "paul", "rita", "audrey", "diana"},
        f"/conversations/{conversation}": {"anne", "paul", "rita", "audrey"},
        f"/conversations/{conversation}/custody": {"anne", "rita", "audrey"},
        "/requests": {"anne", "paul", "rita", "audrey", "diana"},
        "/requests/new": {"anne", "rita", "audrey", "diana"},
        f"/requests/{request}": {"anne", "paul", "audrey"},
        "/audit": {"rita", "audrey"},
        "/progress": {"oscar", "audrey"},
        "/operations": {"oscar", "audrey"},
        "/operations/days/2026-03-10": {"oscar", "audrey"},
        f"/api/v1/requests/{request}/files/{file.file_id}/content": {"anne"},
    }
    for name in ("anne", "paul", "rita", "audrey", "oscar", "diana", "nobody"):
        somebody = owner if name == "anne" else visit(name)
        for path, allowed in pages.items():
            status = somebody.page.request.get(somebody.url + path).status
            assert status == 200 if name in allowed else status in {403, 404}, (name, path, status)
    stranger = visit("")
    for path in pages:
        answer = stranger.page.request.get(stranger.url + path, max_redirects=0)
        assert answer.status == (401 if path.startswith("/api") else 303), path


def test_what_an_operator_sees_is_counts(stage: Stage, visit: Visit) -> None:
    oscar = visit("oscar")
    oscar.go("/")
    assert oscar.page.url.endswith("/progress")
    assert "10 Mar 2026" in oscar.text() and "Settled" in oscar.text()
    assert oscar.page.get_by_role("link", name="Find").count() == 0


def test_an_auditor_looks_through_all_that_was_done(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("email")
    anne, audrey = visit("anne"), visit("audrey")
    anne.ask_for(conversation, "For the audit")
    audrey.go("/audit")
    audrey.page.get_by_label("Who", exact=True).fill("ANNE")
    audrey.page.get_by_label("What was done").select_option("requested")
    audrey.page.get_by_role("button", name="Show").click()
    assert "For the audit" in audrey.text() and "Archived" not in audrey.page.locator(".events").inner_text()
    audrey.go("/requests?show=all")
    assert "For the audit" in audrey.text()
    audrey.go(f"/conversations/{conversation}/custody")
    assert "The chain holds" in audrey.text()
