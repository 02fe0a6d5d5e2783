"""A simulator in a thread of the test's own process, on a free port."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests
from aiohttp import web

from simulator.app import build_app
from simulator.options import Options
from simulator.state import SIMULATOR

DAY = date(2025, 5, 14)
NOON_AFTER = datetime(2025, 5, 15, 12, tzinfo=UTC)
QUERY = "/api/v2/analytics/conversations/details/query"


class Running:
    """A simulator that listens, and a client that holds a token of its."""

    def __init__(self, options: Options) -> None:
        app = build_app(options)
        self.simulator = app[SIMULATOR]
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.url = f"http://127.0.0.1:{port}{options.path_prefix}"
        self.plain = requests.Session()
        self.session = requests.Session()
        self.log_in()

    async def _listen(self) -> int:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self._runner.addresses[0][1]

    def stop(self) -> None:
        self.session.close()
        self.plain.close()
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def token(self, client: str = "client-1", secret: str = "secret-1", **form: str) -> requests.Response:
        data = {"grant_type": "client_credentials"} | form
        return self.plain.post(f"{self.url}/oauth/token", auth=(client, secret), data=data, timeout=10)

    def log_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.session.get(self.url + path, params=parameters, timeout=30)

    def fetch(self, link: str) -> requests.Response:
        return self.plain.get(link, timeout=30)

    def sim(self, path: str, **body: Any) -> Any:
        """POST to the control surface; its answer."""
        answer = self.plain.post(f"{self.url}/_sim/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stats(self) -> Any:
        return self.plain.get(f"{self.url}/_sim/stats", timeout=10).json()

    def truth(self, day: date = DAY, **parameters: str) -> Any:
        return self.plain.get(f"{self.url}/_sim/truth", params={"day": str(day)} | parameters, timeout=60).json()

    def query(self, interval: str, page: int = 1, size: int = 100, **body: Any) -> requests.Response:
        paging = {"pageSize": size, "pageNumber": page}
        return self.session.post(self.url + QUERY, json={"interval": interval, "paging": paging} | body, timeout=30)

    def read_all(self, interval: str, size: int = 100, **body: Any) -> list[dict[str, Any]]:
        """Every page of a query."""
        conversations: list[dict[str, Any]] = []
        page = 1
        while found := self.query(interval, page, size, **body).json().get("conversations"):
            conversations += found
            page += 1
        return conversations

    def recordings_of(self, conversation: dict[str, Any]) -> str:
        return f"/api/v2/conversations/{conversation['conversationId']}/recordings"

    def link_of(self, conversation: dict[str, Any], recording: dict[str, Any], format_id: str = "NONE") -> str:
        """The media link of a recording that is available."""
        documents = {"emailFormatId": "EML", "chatFormatId": "ZIP", "messageFormatId": "ZIP"}
        path = f"{self.recordings_of(conversation)}/{recording['id']}"
        answer = self.get(path, download="true", formatId=format_id, **documents)
        assert answer.status_code == 200, answer.text
        (media,) = answer.json()["mediaUris"].values()
        return str(media["mediaUri"])


Run = Callable[..., Running]


@contextmanager
def starting() -> Iterator[Run]:
    """Starts simulators with options; they stop in the end. No rate limit and no waiting unless asked for."""
    started: list[Running] = []

    def start(**options: Any) -> Running:
        usual = {"days": (DAY,), "now": NOON_AFTER, "conversations": 100, "rate_limit_per_min": 0, "transcode_s": 0.0}
        started.append(Running(Options(**usual | options)))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def run() -> Iterator[Run]:
    """Starts simulators that stop with the test."""
    with starting() as start:
        yield start


@pytest.fixture(scope="module")
def run_for_all() -> Iterator[Run]:
    """Starts simulators that stop with the last test of the file."""
    with starting() as start:
        yield start
