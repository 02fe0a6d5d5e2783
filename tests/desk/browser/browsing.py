"""Somebody before the desk, in a real browser: what they do on its pages."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from playwright.sync_api import ConsoleMessage, Download, Page, Response
from stage import PASSWORD

WHY = "Subpoena 2026-114, Example v. Example Wealth"


@dataclass
class Visitor:
    """One browser. `errors` is what its console was told, but for answers that refuse, as many here are meant to."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def sign_in(self, name: str) -> None:
        """Fill in the form."""
        self.go("/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def go(self, path: str) -> Response:
        """A page; the answer it came with."""
        response = self.page.goto(self.url + path)
        assert response is not None
        return response

    def text(self) -> str:
        """What the page says."""
        return self.page.inner_text("main")

    def search(self, **fields: str) -> None:
        """Fill in the search's common fields and find."""
        self.go("/search")
        for name, value in fields.items():
            self.page.fill(f"#f-{name}", value)
        self.page.get_by_role("button", name="Find").click()

    def ask_for(self, conversation_id: UUID, why: str = WHY) -> UUID:
        """Request a conversation; the request's id."""
        self.go(f"/requests/new?id={conversation_id}")
        self.page.get_by_label("Why it is needed").fill(why)
        self.page.get_by_role("button", name="Request", exact=True).click()
        self.page.wait_for_url(re.compile("/requests/[0-9a-f-]{36}$"))
        return self.request_id

    @property
    def request_id(self) -> UUID:
        """The id of the request whose page this is."""
        return UUID(self.page.url.rsplit("/", 1)[-1].partition("?")[0])

    def download(self, name: str) -> Download:
        """Press the button of that name, and get what comes."""
        with self.page.expect_download() as coming:
            self.page.get_by_role("button", name=name).first.click()
        return coming.value

    def shoot(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page."""
        self.page.screenshot(path=str(path), full_page=whole)

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium tells of every answer that is no success; those are asked for in these tests, and looked at
        if message.type in {"error", "warning"} and "the server responded with a status of 4" not in message.text:
            self.errors.append(message.text)
