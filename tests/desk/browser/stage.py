"""A desk over a small archived day, for a real browser; what its workers would do is done here, step by step."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from archive.archives import Archive, wait_until
from argon2 import PasswordHasher
from moto.s3.models import s3_backends
from s3proxy.running import S3Proxy
from sqlalchemy import text

from embedded.isolation import AWS_ENVIRONMENT
from embedded.ports import free_port
from embedded.simulator import running_simulator
from strongroom.actor import Actor
from strongroom.evidence.keys import new_key_file
from strongroom.house import House
from strongroom.ledger.users import add_local_user
from strongroom.legal.preparing import prepare
from strongroom.pipeline.indexing import index_all_due
from strongroom.pipeline.restore import follow_restore
from strongroom.pipeline.seal import seal
from web.app import create_app

A_DAY = date(2026, 3, 10)
ODDITIES = (
    "screen_recording",
    "unicode_names",
    "multi_day_email",
    "path_named_attachment",
    "unknown_media_type",
    "no_purpose",
)
"""What is awkward about some of the day's conversations (simulator/awkwardness.py)."""
ADMIN = Actor("admin", "a test")
PASSWORD = "correct horse battery staple"
PEOPLE = {
    "anne": ("analyst",),
    "lena": ("analyst",),
    "paul": ("approver",),
    "rita": ("records-manager",),
    "robert": ("records-manager",),
    "oscar": ("operator",),
    "audrey": ("auditor",),
    "nobody": (),
}
"""Who can sign in, and as what."""


@dataclass(frozen=True)
class Stage:
    """The day, archived and sealed, and the addresses of the desks over it."""

    archive: Archive
    oddities: dict[str, list[str]]
    url: str
    four_eyes_url: str

    @cached_property
    def house(self) -> House:
        """The house of this process."""
        return self.archive.house

    def conversation(self, media: str, *, skip: int = 0) -> UUID:
        """One that has one stored recording, of this medium: audio, chat, email, message; `skip` for another."""
        found: UUID = self.rows(
            "SELECT conversation_id FROM recordings GROUP BY conversation_id HAVING count(*) = 1"
            " AND bool_and(media = :media AND state = 'stored') ORDER BY conversation_id OFFSET :skip LIMIT 1",
            media=media,
            skip=skip,
        )[0][0]
        return found

    def odd(self, name: str) -> UUID:
        """The conversation that is awkward in this way."""
        return UUID(self.oddities[name][0])

    def customer(self, conversation_id: UUID) -> str:
        """The customer's number in it."""
        (row,) = self.rows("SELECT addresses[1] FROM search_records WHERE conversation_id = :id", id=conversation_id)
        return str(row[0])

    def file(self, request_id: UUID, content_type: str) -> Any:
        """The first file of a request whose content type begins so."""
        return self.rows(
            "SELECT * FROM request_files WHERE request_id = :id AND content_type LIKE :type || '%' ORDER BY file_id",
            id=request_id,
            type=content_type,
        )[0]

    def file_of(self, conversation_id: UUID, content_type: str, part: str) -> Any:
        """The first object of a conversation of this type whose part begins so."""
        return self.rows(
            "SELECT * FROM objects WHERE conversation_id = :id AND content_type LIKE :type || '%'"
            " AND part LIKE :part || '%' ORDER BY part",
            id=conversation_id,
            type=content_type,
            part=part,
        )[0]

    def body(self, stored: Any) -> bytes:
        """An object's bytes."""
        return b"".join(self.house.store.read(stored.key, stored.version_id))

    def acts(self, conversation_id: UUID) -> list[str]:
        """What was done to it, in order."""
        return [
            row[0]
            for row in self.rows(
                "SELECT act FROM custody_events WHERE conversation_id = :id ORDER BY position", id=conversation_id
            )
        ]

    @contextmanager
    def tampered(self, key: str) -> Iterator[None]:
        """Other bytes for the version that stands, underneath the API of a moto in this process."""
        backend = next(iter(s3_backends[account]["aws"] for account in s3_backends))
        standing = backend.buckets[self.archive.bucket].keys[key]
        before = standing.value
        standing.value = before[:-1] + bytes([before[-1] ^ 1])
        try:
            yield
        finally:
            standing.value = before

    def follow_until(self, request_id: UUID, state: str) -> None:
        """What the restore worker does, until the request is in this state."""

        def is_so() -> bool:
            for (restore_id,) in self.rows("SELECT restore_id FROM restores WHERE state = 'open'"):
                self.due("restores")
                follow_restore(self.house, restore_id)
            self.due("requests")
            prepare(self.house, request_id)
            return self.rows("SELECT state FROM requests WHERE request_id = :id", id=request_id)[0][0] == state

        wait_until(is_so, f"the request {state}", every_s=0.3)

    def due(self, table: str) -> None:
        """Let everything of a table be due now."""
        with self.archive.engine.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET due_at = now() WHERE due_at IS NOT NULL"))

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the ledger answers."""
        return self.archive.rows(statement, **values)


@contextmanager
def running_stage(
    folder: Path,
    database_url: str,
    redis_url: str,
    s3_endpoint: str,
    proxy: S3Proxy,
    *,
    bucket: str,
    conversations: int = 14,
) -> Iterator[Stage]:
    """Archive a day, seal it, start two desks over it: one as usual, one with four eyes."""
    key_file = folder / "log.pem"
    new_key_file(key_file, "example.com/desk")
    with running_simulator(
        folder / "simulator.log", conversations=conversations, day=A_DAY, seed=7, clients=2,
        rate_limit_per_min=0, late_s=1, transcode_s=0, audio_bytes=160_000, awkward_only=",".join(ODDITIES),
    ) as genesys:  # fmt: skip
        port, four_eyes_port = free_port(), free_port()
        environment = {
            "STRONGROOM_DATABASE_URL": database_url,
            "STRONGROOM_REDIS_URL": redis_url,
            "STRONGROOM_BUCKET": bucket,
            "STRONGROOM_S3_ENDPOINT_URL": proxy.url,
            "STRONGROOM_GENESYS_API_URL": genesys.url,
            "STRONGROOM_GENESYS_LOGIN_URL": genesys.url,
            "STRONGROOM_GENESYS_CLIENTS": genesys.genesys_clients,
            "STRONGROOM_START_DAY": A_DAY.isoformat(),
            "STRONGROOM_CATCH_UP_DAYS": "0",
            "STRONGROOM_SPOOL_DIR": str(folder / "spool"),
            "STRONGROOM_REQUESTS_PER_MINUTE": "1000000",
            "STRONGROOM_QUIET_S": "0",
            "STRONGROOM_RETRY_INTERVAL_S": "1",
            "STRONGROOM_RETRY_DEADLINE_S": "4",
            "STRONGROOM_LOG_KEY_FILE": str(key_file),
            "STRONGROOM_DESK_URL": f"http://127.0.0.1:{port}",
            **AWS_ENVIRONMENT,
        }
        archive = Archive(environment, A_DAY, genesys, proxy, s3_endpoint, environment["STRONGROOM_BUCKET"], folder)
        archive.prepare()
        archive.archive_here()
        oddities = genesys.awkward(A_DAY)
    seal(archive.house)
    index_all_due(archive.house)
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for name, roles in PEOPLE.items():
        add_local_user(archive.engine, name, hashed, roles, None, ADMIN)
    add_local_user(archive.engine, "diana", hashed, ("analyst",), ["another-division"], ADMIN)
    four_eyes = {"STRONGROOM_FOUR_EYES": "true", "STRONGROOM_DESK_URL": f"http://127.0.0.1:{four_eyes_port}"}
    with (
        running_desk(archive.open_house("desk"), port),
        running_desk(archive.open_house("four-eyes", **four_eyes), four_eyes_port),
    ):
        yield Stage(archive, oddities, environment["STRONGROOM_DESK_URL"], four_eyes["STRONGROOM_DESK_URL"])
    archive.engine.dispose()
    archive.house.engine.dispose()


@contextmanager
def running_desk(house: House, port: int) -> Iterator[None]:
    """The desk on a port of 127.0.0.1, in a thread of this process."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(house, None), host="127.0.0.1", port=port, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the desk did not start"
        time.sleep(0.05)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(15)
        house.engine.dispose()
