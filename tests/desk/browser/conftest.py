"""The system's Chromium before a desk over a small archived day; the day is archived once a session."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from browsing import Visitor
from moto.server import ThreadedMotoServer
from playwright.sync_api import Browser, Playwright, StorageState, sync_playwright
from s3proxy.running import running_proxy
from stage import Stage, running_stage

from embedded.postgres import Postgres
from embedded.redis import RedisServer

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]

Visit = Callable[..., Visitor]
OpenStage = Callable[[str], AbstractContextManager[Stage]]


@pytest.fixture(scope="session")
def open_stage(
    postgres: Postgres, redis_server: RedisServer, servers_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> OpenStage:
    """A day and its desks by a name. The S3 server is in this process, so that a test can change what it holds."""

    @contextmanager
    def open_one(name: str) -> Iterator[Stage]:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        folder = tmp_path_factory.mktemp(name)
        endpoint = f"http://{host}:{port}"
        with running_proxy(endpoint, servers_folder / f"s3proxy-{name}.log") as proxy:
            url = postgres.create_database(name.replace("-", "_"))
            with running_stage(folder, url, redis_server.url(), endpoint, proxy, bucket=name) as running:
                yield running
        server.stop()

    return open_one


@pytest.fixture(scope="session")
def stage(open_stage: OpenStage) -> Iterator[Stage]:
    """The day that tests share: what one of them left there, the next one finds."""
    with open_stage("desk-in-a-browser") as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright; for a module, since its event loop runs in this thread as long."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium. Without one the tests are skipped, but under CI they fail."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Chromium on this machine, and CI must have one")
        pytest.skip("there is no Chromium on this machine")
    browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def sessions() -> dict[tuple[str, str], StorageState]:
    """The cookies of who has signed in, by name and desk: a password takes its time to be checked."""
    return {}


@pytest.fixture
def visit(chromium: Browser, stage: Stage, sessions: dict[tuple[str, str], StorageState]) -> Iterator[Visit]:
    """Opens a browser of its own: `visit("anne", four_eyes=True, width=380, scheme="dark")`; "" is signed out.

    At the end no page may have had an error on its console.
    """
    opened: list[Visitor] = []

    def open_one(who: str, *, four_eyes: bool = False, width: int = 1200, scheme: str = "light") -> Visitor:
        url = stage.four_eyes_url if four_eyes else stage.url
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            accept_downloads=True,
            storage_state=sessions.get((who, url)),
        )
        visitor = Visitor(context.new_page(), url)
        opened.append(visitor)
        if who and (who, url) not in sessions:
            visitor.sign_in(who)
            sessions[who, url] = context.storage_state()
        return visitor

    yield open_one
    errors = [error for visitor in opened for error in visitor.errors]
    for visitor in opened:
        visitor.page.context.close()
    assert errors == []
