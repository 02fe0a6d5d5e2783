"""Names, subjects, texts and file names that would act if a page let them: planted, looked at, and nothing happens."""

import json

from conftest import Visit
from playwright.sync_api import Page, expect
from pytest import MonkeyPatch
from sqlalchemy import text
from stage import Stage

from web.pages import conversation as conversation_page
from web.views.transcript import Line, Mail, Transcript

ACTS = '"><img src=x onerror="window.acted=1"><script>window.acted=1</script>'
HTML = f'<p>Dear all</p>{ACTS}<a href="javascript:window.acted=1">x</a><img src="https://evil.example/pixel.png">'


def has_acted(page: Page) -> bool:
    """Whether anything planted has run, in the page or in a frame of it."""
    return any(frame.evaluate("window.acted === 1") for frame in page.frames)


def test_names_reasons_and_file_names_are_text(stage: Stage, visit: Visit) -> None:
    conversation = stage.conversation("message")
    anne, audrey = visit("anne"), visit("audrey")
    request = anne.ask_for(conversation, f"Because {ACTS}\n=cmd|' /C calc'!A0\n'; DROP TABLE requests; --")
    with stage.archive.engine.begin() as connection:
        record = connection.execute(
            text("SELECT record::text FROM conversations WHERE conversation_id = :id"), {"id": conversation}
        ).scalar_one()
        name = record.split('"participantName":"', 1)[1].split('"', 1)[0]
        planted = record.replace(name, ACTS.replace('"', '\\"'))
        connection.execute(
            text("UPDATE conversations SET record = CAST(:record AS json) WHERE conversation_id = :id"),
            {"record": planted, "id": conversation},
        )
        for table in ("objects", "request_files"):
            connection.execute(
                text(f"UPDATE {table} SET file_name = :name WHERE conversation_id = :id AND part LIKE 'recordings/%'"),
                {"name": json.dumps(f"../../{ACTS}\r\nSet-Cookie: a=b"), "id": conversation},
            )
        connection.execute(
            text("UPDATE search_records SET external_tag = :name WHERE conversation_id = :id"),
            {"name": ACTS, "id": conversation},
        )
    try:
        for visitor, path in (
            (anne, f"/conversations/{conversation}"),
            (anne, f"/requests/{request}"),
            (anne, "/requests"),
            (anne, f"/search?conversation_id={conversation}"),
            (audrey, f"/conversations/{conversation}/custody"),
            (audrey, "/audit"),
            (audrey, "/requests?show=all"),
        ):
            assert visitor.go(path).status == 200, path
            assert not has_acted(visitor.page), path
            assert "window.acted" in visitor.page.content(), path
        anne.go(f"/requests/{request}")
        anne.page.get_by_role("button", name="Link to").last.click()
        assert "curl --fail --output" in anne.text() and not has_acted(anne.page)
        command = anne.page.locator(".link-shown").last.inner_text()
        assert not set(command) & set("\"'`$;<>\n"), command
        address = anne.page.locator(".link-shown").first.inner_text()
        kept = anne.page.request.get(address)
        assert kept.status == 200 and "set-cookie" not in kept.headers
        assert "/" not in kept.headers["content-disposition"].split("filename=")[1]
    finally:
        with stage.archive.engine.begin() as connection:
            connection.execute(
                text("UPDATE conversations SET record = CAST(:record AS json) WHERE conversation_id = :id"),
                {"record": record, "id": conversation},
            )
            connection.execute(
                text("UPDATE objects SET file_name = NULL WHERE conversation_id = :id AND part NOT LIKE '%attach%'"),
                {"id": conversation},
            )


def test_what_was_written_is_text_and_an_email_does_nothing(
    stage: Stage, visit: Visit, monkeypatch: MonkeyPatch
) -> None:
    conversation = stage.conversation("email", skip=1)
    anne = visit("anne")
    anne.ask_for(conversation)
    asked: list[str] = []
    anne.page.on("request", lambda request: asked.append(request.url))
    hostile = {
        "mails": Transcript(mails=(Mail(0, None, ACTS, ACTS, ACTS, ACTS, ACTS, ACTS, HTML, ()),)),
        "lines": Transcript(lines=(Line(None, ACTS, True, ACTS, ()), Line(None, ACTS, False, ACTS, ()))),
    }
    for kind, transcript in hostile.items():
        monkeypatch.setattr(conversation_page, "read_transcript", lambda _, shown=transcript: shown)
        anne.go(f"/conversations/{conversation}")
        anne.page.get_by_role("link", name="Read it").click()
        if kind == "mails":
            frame = anne.page.frame_locator("article.mail iframe")
            expect(frame.locator("body")).to_contain_text("Dear all")
            assert frame.locator("img, script, a[href]").count() == 0
        else:
            expect(anne.page.locator(".chat .written").first).to_have_text(ACTS)
        assert not has_acted(anne.page), kind
    assert not [url for url in asked if "evil.example" in url]


def test_paths_headers_and_queries_are_data(stage: Stage, visit: Visit) -> None:
    anne = visit("anne")
    for path, statuses in {
        "/search?text='%3B+DROP+TABLE+conversations%3B+--": {200},
        "/search?agent=%25%27+OR+1%3D1+--": {200},
        "/search?address=%0d%0aSet-Cookie:+a%3Db": {200},
        "/search?text=%00%ff%fe": {200, 400},
        "/search?cursor=' OR 1=1&from=2026-03-01": {400},
        "/conversations/..%2f..%2fetc%2fpasswd": {400, 404},
        "/static/..%2f..%2fconfig%2fsettings.py": {404},
        "/static/%2e%2e/desk.py": {404},
        "/legal/files/..%2f..%2fetc": {404},
        "/requests/%00": {400, 404},
    }.items():
        answer = anne.page.request.get(anne.url + path)
        assert answer.status in statuses, (path, answer.status)
        assert "set-cookie" not in answer.headers, path
    assert stage.rows("SELECT count(*) FROM conversations")[0][0] > 0
    for where in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        page = anne.page.request.get(f"{anne.url}/sign-in", params={"next": where}).text()
        assert 'name="next" value="/"' in page, where
