"""Changing a sealed vault underneath its API, and its ledger past its triggers; each change can be taken back."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from archives import Archive
from moto.s3.models import s3_backends
from sqlalchemy import text

from strongroom.canonical import canonical_json
from strongroom.evidence.checkpoints import Checkpoint, parse_checkpoint, sign_checkpoint
from strongroom.evidence.keys import FileSigner, file_signer
from strongroom.evidence.notes import Signer, open_note
from strongroom.ledger.engine import Engine

_TABLES = (
    "checkpoints",
    "conversations",
    "custody_days",
    "custody_events",
    "evidence_objects",
    "intents",
    "log_entries",
    "objects",
    "recordings",
    "sealed_days",
)


@dataclass(frozen=True)
class Planted:
    """A change. `names` is what findings must name each of; `conversation`: it is one conversation's alone.

    `alone`: no finding names anything else.
    """

    names: tuple[str, ...]
    conversation: str | None = None
    alone: bool = True


class Storage:
    """The bytes of one bucket of a moto that runs in this process."""

    def __init__(self, bucket: str) -> None:
        self._keys = next(iter(s3_backends[account]["aws"] for account in s3_backends)).buckets[bucket].keys

    def __iter__(self) -> Iterator[str]:
        """Every key."""
        return iter(sorted(self._keys))

    def body(self, key: str) -> bytes:
        """What stands at a key."""
        body: bytes = self._keys[key].value
        return body

    def version(self, key: str) -> str:
        """The version that stands."""
        return str(self._keys[key].version_id)

    @contextmanager
    def changed(self, key: str, body: bytes, *, metadata: bool = False) -> Iterator[None]:
        """Other bytes for the same version, and with `metadata` their hash in it as well."""
        standing = self._keys[key]
        before, said = standing.value, standing.metadata.get("x-amz-meta-sha256-hash")
        standing.value = body
        if metadata:
            self._say(standing, hashlib.sha256(body).hexdigest())
        try:
            yield
        finally:
            standing.value = before
            self._say(standing, said)

    @contextmanager
    def said(self, key: str, sha256: str) -> Iterator[None]:
        """Another hash in an object's metadata."""
        standing = self._keys[key]
        before = standing.metadata.get("x-amz-meta-sha256-hash")
        self._say(standing, sha256)
        try:
            yield
        finally:
            self._say(standing, before)

    @contextmanager
    def without(self, keys: Sequence[str]) -> Iterator[None]:
        """The keys gone, with all their versions."""
        before = {key: dict.__getitem__(self._keys, key) for key in keys}
        for key in keys:
            dict.pop(self._keys, key)  # moto's own would throw the bytes away
        try:
            yield
        finally:
            for key, versions in before.items():
                dict.__setitem__(self._keys, key, versions)

    def forget(self, key: str, version: str | None) -> None:
        """Take one version out, or a delete marker."""
        left = [one for one in self._keys.getlist(key) if one.version_id != version]
        self._keys.setlist(key, left) if left else self._keys.pop(key)

    def _say(self, standing: Any, sha256: str | None) -> None:
        standing._metadata["x-amz-meta-sha256-hash"] = sha256


class Forger:
    """Somebody who can write to the storage and to PostgreSQL as their administrators can."""

    def __init__(self, archive: Archive, chance: Random) -> None:
        self.archive, self.chance = archive, chance
        self.storage = Storage(archive.bucket)
        with archive.engine.begin() as connection:
            for table in _TABLES:
                connection.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))

    @property
    def engine(self) -> Engine:
        """The ledger."""
        return self.archive.engine

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the ledger answers."""
        return self.archive.rows(statement, **values)

    @contextmanager
    def ledger(self, *statements: str, **values: Any) -> Iterator[None]:
        """The ledger changed with its triggers off, and as it was afterwards."""
        touched = [table for table in _TABLES if any(f" {table} " in f"{one} " for one in statements)]
        try:
            self.execute(*statements, **values)
            yield
        finally:
            restored = [f"DELETE FROM {table}" for table in touched]
            restored += [f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}" for table in touched]
            self.execute(*restored)

    def execute(self, *statements: str, **values: Any) -> None:
        """Run statements with all triggers off."""
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement), values)

    def byte_changed(self, body: bytes) -> bytes:
        """One bit of one byte changed, or a byte more, where there is none or by chance."""
        if not body or self.chance.random() < 0.1:
            return body + b"\0"
        at = self.chance.randrange(len(body))
        return body[:at] + bytes([body[at] ^ (1 << self.chance.randrange(8))]) + body[at + 1 :]

    def signer(self) -> FileSigner:
        """The log's own key, as somebody who got hold of it has it."""
        settings = self.archive.house.settings
        assert settings.log_key_file is not None and settings.log_origin is not None
        return file_signer(settings.log_key_file, settings.log_origin)

    def resigned(self, note: bytes, signer: Signer, root: bytes | None = None) -> bytes:
        """A checkpoint's note signed anew, of another root where one is given."""
        was = parse_checkpoint(open_note(note, [self.signer().verifier_key]).text)
        return sign_checkpoint(Checkpoint(was.origin, was.size, root or was.root), [signer])


def backdate_custody(engine: Engine, days: int) -> None:
    """Make the custody events after the last closed day those of so many days ago, hashed and linked anew."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        closed = connection.execute(text("SELECT coalesce(max(last_position), 0) FROM custody_days")).scalar_one()
        previous = connection.execute(
            text("SELECT coalesce(max(hash), repeat('0', 64)) FROM custody_events WHERE position = :at"), {"at": closed}
        ).scalar_one()
        rows = connection.execute(
            text("SELECT position, document FROM custody_events WHERE position > :at ORDER BY position"), {"at": closed}
        ).all()
        for position, document in rows:
            line = json.loads(document)
            at = datetime.fromisoformat(line["at"]) - timedelta(days=days)
            line |= {"at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "previous": previous}
            changed = canonical_json(line)
            previous = hashlib.sha256(changed).hexdigest()
            connection.execute(
                text("UPDATE custody_events SET document = :line, hash = :hash, at = :at WHERE position = :position"),
                {"line": changed.decode(), "hash": previous, "at": line["at"], "position": position},
            )
