"""A ledger with settled days whose manifests only it knows, for sealing them in a real vault; and what is wrong after.

What is sealed is what the ledger says of a manifest: its key, version, size and hash. The object itself is not read.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from config.environment import load_settings
from embedded.isolation import AWS_ENVIRONMENT
from embedded.postgres import Postgres
from strongroom.evidence.checkpoints import Checkpoint, open_checkpoint
from strongroom.evidence.entries import DayEntry, Entry, ManifestEntry, parse_entry
from strongroom.evidence.keys import new_key_file
from strongroom.evidence.merkle import EMPTY_ROOT, Frontier, leaf_hash
from strongroom.evidence.notes import VerifierKey
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import ENTRIES, FULL_WIDTH, Tile, split_entries, tile_at, tiles_between
from strongroom.house import House, open_house
from strongroom.ledger.engine import Engine
from strongroom.ledger.schema import conversations, objects, runs
from strongroom.pipeline.log_keys import logged_keys, origin_of
from strongroom.times import start_of

A_DAY = date(2026, 3, 10)
ORIGIN = "example.com/strongroom"


@dataclass(frozen=True)
class Sealing:
    """A house whose ledger and vault are its own. `house` is this process's, `another` is as another process's."""

    environment: dict[str, str]

    @cached_property
    def house(self) -> House:
        """This process's house."""
        return self.another()

    @property
    def engine(self) -> Engine:
        """The ledger."""
        return self.house.engine

    def another(self, **settings: str) -> House:
        """Another process's house on the same ledger and vault, with changed settings."""
        return open_house(load_settings(self.environment | settings), f"test-{uuid4().hex[:6]}")

    @property
    def database(self) -> str:
        """The name of the ledger's database."""
        return str(self.engine.url.database)

    def make_bucket(self) -> None:
        """Make the bucket."""
        self.house.store.once.create_bucket(Bucket=self.house.store.bucket, ObjectLockEnabledForBucket=True)

    def backup(self, postgres: Postgres) -> "Sealing":
        """The same vault with the ledger as it is now, as if restored from a backup later."""
        self.engine.dispose()
        name = f"{self.database}_backup"
        postgres.drop_database(name)
        return replace(
            self,
            environment=self.environment | {"STRONGROOM_DATABASE_URL": postgres.create_database(name, self.database)},
        )

    def settled(self, day: date, manifests: int, years: int = 7) -> list[UUID]:
        """A day whose run has settled, with so many manifests."""
        with self.engine.begin() as connection:
            connection.execute(insert(runs).values(day=day, state="settled", cause="a test"))
        return self.archived(day, manifests, years)

    def archived(self, day: date, manifests: int, years: int = 7) -> list[UUID]:
        """So many more manifests of a day."""
        ids = [uuid4() for _ in range(manifests)]
        end = start_of(day) + timedelta(hours=9)
        if not ids:
            return ids
        with self.engine.begin() as connection:
            connection.execute(
                insert(conversations),
                [
                    {
                        "conversation_id": one,
                        "revision": 1,
                        "day": day,
                        "conversation_start": end,
                        "conversation_end": end,
                        "record": {},
                        "state": "archived",
                        "cause": "a test",
                        "deadline_at": end,
                    }
                    for one in ids
                ],
            )
            connection.execute(
                insert(objects),
                [
                    {
                        "conversation_id": one,
                        "revision": 1,
                        "part": "manifest",
                        "key": f"archive/{day}/{one}/manifest.json",
                        "size_bytes": 100,
                        "sha256": hashlib.sha256(one.bytes).hexdigest(),
                        "content_type": "application/json",
                        "lock_mode": "COMPLIANCE",
                        "retain_until": end.replace(year=end.year + years),
                        "version_id": f"version-of-{one}",
                        "adopted": False,
                        "under_delete_marker": False,
                    }
                    for one in ids
                ],
            )
        return ids

    def execute(self, statement: str, **values: object) -> None:
        """Change the ledger as no function of it does."""
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def versions(self, prefix: str = "evidence/") -> dict[str, list[str]]:
        """Every key below a prefix with the ids of its versions, asked for without the archive's code."""
        client, found = self.house.store.patient, dict[str, list[str]]()
        for page in client.get_paginator("list_object_versions").paginate(
            Bucket=self.house.store.bucket, Prefix=prefix
        ):
            for version in page.get("Versions", []):
                found.setdefault(version["Key"], []).append(version["VersionId"])
        return found

    def body(self, key: str) -> bytes:
        """What stands at a key."""
        answer = self.house.store.patient.get_object(Bucket=self.house.store.bucket, Key=key)
        return answer["Body"].read()

    def lock(self, key: str) -> tuple[str, datetime]:
        """The mode and end of a key's lock, as the store says them."""
        head = self.house.store.patient.head_object(Bucket=self.house.store.bucket, Key=key)
        return head["ObjectLockMode"], head["ObjectLockRetainUntilDate"].astimezone(UTC)


@dataclass(frozen=True)
class Log:
    """The log as it stands in a vault, every proof of it checked."""

    checkpoints: tuple[Checkpoint, ...]
    entries: tuple[Entry, ...]

    def manifests(self) -> list[UUID]:
        """The conversations whose manifest is in the log, in its order."""
        return [entry.conversation_id for entry in self.entries if isinstance(entry, ManifestEntry)]

    def days(self) -> list[tuple[date, bool, int]]:
        """What the log says of days, in its order."""
        return [(one.day, one.late, one.manifests) for one in self.entries if isinstance(one, DayEntry)]


def log_in(sealing: Sealing, keys: Sequence[VerifierKey] = ()) -> Log:
    """Read the log out of the vault's objects alone, and check that it is one log, whole and once."""
    versions = sealing.versions()
    assert all(len(ids) == 1 for ids in versions.values()), versions
    known = list(keys) or logged_keys(sealing.house)
    names = sorted(key for key in versions if key.startswith("evidence/log/checkpoints/"))
    checkpoints = [open_checkpoint(sealing.body(name), known, origin_of(sealing.house.settings)) for name in names]
    assert [int(name[-20:]) for name in names] == [one.size for one in checkpoints]
    entries: list[bytes] = []
    if checkpoints:
        size = checkpoints[-1].size
        for first in range(0, size, FULL_WIDTH):
            bundle = tile_at(size, ENTRIES, first)
            entries += split_entries(bundle, sealing.body(f"evidence/log/{bundle.path}"))
    _require_one_log(sealing, checkpoints, entries)
    sizes = [0, *(one.size for one in checkpoints)]
    tiles = {tile.path for before, size in pairwise(sizes) for tile in tiles_between(before, size)}
    standing = {key.removeprefix("evidence/log/") for key in versions if key.startswith("evidence/log/tile/")}
    assert standing == tiles, "a tile is missing, or is of a size that no checkpoint has"
    assert len(set(entries)) == len(entries), "something is in the log twice"
    return Log(tuple(checkpoints), tuple(parse_entry(entry) for entry in entries))


def _require_one_log(sealing: Sealing, checkpoints: Sequence[Checkpoint], entries: Sequence[bytes]) -> None:
    def read(tile: Tile) -> bytes:
        return sealing.body(f"evidence/log/{tile.path}")

    frontier, at = Frontier(), 0
    assert frontier.root() == EMPTY_ROOT
    for checkpoint in checkpoints:
        frontier.extend(leaf_hash(entry) for entry in entries[at : checkpoint.size])
        at = checkpoint.size
        assert frontier.root() == checkpoint.root == TileTree(checkpoint.size, read).root()


def sealing_environment(folder: Path, bucket: str, s3_endpoint: str) -> dict[str, str]:
    """The settings of a process that seals, but for its database; its signing key is made in the folder."""
    key = folder / "log.pem"
    if not key.exists():
        new_key_file(key, ORIGIN)
    nowhere = "http://127.0.0.1:9"
    return {
        "STRONGROOM_REDIS_URL": "redis://127.0.0.1:9/0",
        "STRONGROOM_BUCKET": bucket,
        "STRONGROOM_S3_ENDPOINT_URL": s3_endpoint,
        "STRONGROOM_GENESYS_API_URL": nowhere,
        "STRONGROOM_GENESYS_LOGIN_URL": nowhere,
        "STRONGROOM_GENESYS_CLIENTS": "client-1:secret-1",
        "STRONGROOM_SPOOL_DIR": str(folder / "spool"),
        "STRONGROOM_LOG_ORIGIN": ORIGIN,
        "STRONGROOM_LOG_KEY_FILE": str(key),
        **AWS_ENVIRONMENT,
    }


StartSealing = Callable[..., Sealing]
"""What the fixture `start_sealing` is."""
