"""The Legal desk over a real archive: the application in this process, its people by API keys, and time to be moved."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from archives import Archive
from httpx import Response
from sqlalchemy import text
from starlette.testclient import TestClient

from strongroom.house import House
from strongroom.ledger.api_keys import add_key
from strongroom.ledger.custody import events_of
from strongroom.legal.access import Principal, Role
from strongroom.legal.people import KEY_ACTOR, KEY_PREFIX
from strongroom.legal.preparing import prepare, requests_due
from strongroom.legal.requests import Request, read
from strongroom.legal.secrets import fingerprint, new_token
from strongroom.pipeline.restore import follow_restore, restores_due
from web.app import create_app

WHY = "Subpoena 17 of the district court"
_MOVED = {
    "requests": ("needed_by", "open_until", "due_at", "enqueued_at", "lease_until", "first_seen_at"),
    "request_files": ("looked_at",),
    "request_links": ("issued_at", "expires_at"),
    "restores": ("needed_by", "needed_until", "due_at", "enqueued_at", "lease_until", "warned_at"),
    "restore_objects": ("asked_at", "expected_at", "readable_at"),
}


def principal(name: str, *roles: str, divisions: frozenset[str] | None = None) -> Principal:
    """A machine that is known by its key: its name says so."""
    return Principal(KEY_ACTOR + name, frozenset(map(Role, roles)), divisions, "192.0.2.1")


ANNE = principal("anne", "analyst")
BOB = principal("bob", "analyst")
EVE = principal("eve", "approver")
AUDITOR = principal("otto", "auditor")


@dataclass(frozen=True)
class LegalDesk:
    """A desk on an archive. `house` is the desk's process's."""

    archive: Archive

    @cached_property
    def house(self) -> House:
        """What the desk works with."""
        return self.archive.open_house("desk", STRONGROOM_ENQUEUE_GRACE_S="0.001")

    @cached_property
    def client(self) -> TestClient:
        """Requests to the desk."""
        return TestClient(
            create_app(self.house, None),
            base_url=self.house.settings.desk_url,
            client=("192.0.2.7", 50_000),
            raise_server_exceptions=False,
        )

    def key(self, who: Principal) -> dict[str, str]:
        """The headers of a machine that acts under this name."""
        secret = KEY_PREFIX + new_token()
        roles = [str(role) for role in who.roles]
        name = who.name.removeprefix(KEY_ACTOR)
        add_key(self.house.engine, name, fingerprint(secret), roles, who.divisions, timedelta(days=1), who.actor)
        return {"Authorization": f"Bearer {secret}"}

    def conversations(self) -> list[UUID]:
        """Those that are archived, with a recording before others."""
        statement = (
            "SELECT conversation_id FROM objects GROUP BY 1"
            " ORDER BY count(*) FILTER (WHERE recording_id IS NOT NULL) DESC, 1"
        )
        return [one for (one,) in self.archive.rows(statement)]

    def let_pass(self, seconds: float) -> None:
        """As if the rows of requests and restores had been written that much earlier; the store's time is its own."""
        with self.house.engine.begin() as connection:
            for table, names in _MOVED.items():
                earlier = ", ".join(f"{name} = {name} - make_interval(secs => :seconds)" for name in names)
                connection.execute(text(f"UPDATE {table} SET {earlier}"), {"seconds": seconds})

    def work(self) -> None:
        """What the workers of the queue `restore` do when Beat has rung."""
        for restore_id in restores_due(self.archive.house):
            follow_restore(self.archive.house, restore_id)
        for request_id in requests_due(self.archive.house):
            prepare(self.archive.house, request_id)

    def read(self, request: Request, who: Principal = ANNE) -> Request:
        """A request as it stands."""
        return read(self.house, who, request.request_id)

    def custody(self, conversation_id: UUID) -> list[dict[str, Any]]:
        """What was done with a conversation since it was archived."""
        lines = [json.loads(row.line) for row in events_of(self.house.engine, conversation_id)]
        acts = [line["act"] for line in lines]
        return lines[acts.index("archived") + 1 :]

    def acts(self, conversation_id: UUID) -> list[str]:
        """The same in words; of a restore the step."""
        return [
            line["act"] if line["act"] != "restored" else f"restored: {line['details']['step']}"
            for line in self.custody(conversation_id)
        ]

    @contextmanager
    def served(self) -> Iterator[str]:
        """The desk behind a real HTTP server; its address."""
        server = uvicorn.Server(uvicorn.Config(create_app(self.house, None), port=0, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)


def curl(url: str, into: Path, *options: str) -> tuple[int, bytes, str]:
    """Plain curl: the status, the body, the headers."""
    headers = into.with_suffix(".headers")
    done = subprocess.run(
        ["curl", "-s", "-S", "-o", str(into), "-D", str(headers), "-w", "%{http_code}", *options, url],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout), into.read_bytes(), headers.read_text()


def retrieve(desk: LegalDesk, headers: dict[str, str], conversation_id: UUID, **more: Any) -> Response:
    """The guide's call."""
    body = {"conversationId": str(conversation_id), "justification": WHY} | more
    return desk.client.post("/legal/retrieve", json=body, headers=headers)
