"""Where what is found is gathered, and how evidence is read: each object held against the ledger's hash of it."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from threading import Lock
from uuid import UUID

from strongroom.canonical import sha256_hex
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import MISSING, WRONG, VerifyFinding
from strongroom.evidence.tiles import Tile
from strongroom.house import House
from strongroom.ledger.evidence_objects import EvidenceObject, find_all_evidence, find_evidence
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import tile_key
from strongroom.vault.listing import listed_below
from strongroom.vault.store import Store

AT_ONCE = 8
"""Requests under way; S3 answers each in some ten milliseconds."""
_AHEAD = 2 * AT_ONCE
_ROWS = 100
# what is kept in memory: a tile has 8 KiB at most and a bundle some 100, but a day's custody can be many megabytes
_KEPT_READINGS = 256
_KEPT_BYTES = 64 * 1024 * 1024


class Findings:
    """What was found so far, each thing once, and which keys it was about. Several threads may tell."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], VerifyFinding] = {}
        self._keys: set[str] = set()
        self._lock = Lock()

    def tell(
        self,
        promise: int,
        what: str,
        where: str,
        *,
        expected: object,
        found: object,
        key: str | None = None,
        conversation_id: UUID | None = None,
    ) -> None:
        """Say what does not hold. `key` is the object it is about, so that what follows from it is not told as well."""
        finding = VerifyFinding(promise, what, where, str(expected), str(found), conversation_id)
        with self._lock:
            self._told.setdefault((what, where), finding)
            if key is not None:
                self._keys.add(key)

    def tell_refused(self, refused: ProofRefused, where: str, *, key: str | None = None, promise: int = WRONG) -> None:
        """Say what a proof found."""
        what = refused.what.partition(": expected ")[0]
        self.tell(promise, what, where, expected=refused.expected, found=refused.found, key=key)

    def is_about(self, key: str) -> bool:
        """Whether something has been found about this object."""
        return key in self._keys

    def all(self) -> tuple[VerifyFinding, ...]:
        """Everything, in the order it was found."""
        return tuple(self._told.values())


def where_is(store: Store, key: str, version_id: str) -> str:
    """An object as a finding names it."""
    return f"{store.where(key)} version {version_id}"


@dataclass(frozen=True)
class Reading:
    """The bytes of a version that stands."""

    key: str
    version_id: str
    body: bytes


@dataclass
class EvidenceReader:
    """Reads the vault's evidence; what does not stand, or has other bytes than the ledger knows of, is told.

    The ledger says which version to read, never what its bytes are. Several threads may read.
    """

    house: House
    findings: Findings
    _kept: OrderedDict[str, Reading] = field(default_factory=OrderedDict)
    # keys that stand nowhere: asked for once
    _gone: set[str] = field(default_factory=set)
    _kept_bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def read(self, key: str) -> Reading | None:
        """What stands at a key, None when nothing does. Raises the vault's and the ledger's errors."""
        return self._kept_or_read(key, lambda: find_evidence(self.house.engine, key))

    def read_named(self, key: str, sha256: str) -> None:
        """Hold what stands at a key against the hash that something in the log names it by. Raises as `read` does."""
        reading = self.read(key)
        if reading is None or self.findings.is_about(key):
            return
        if (found := sha256_hex(reading.body)) != sha256:
            self.findings.tell(
                WRONG,
                "the bytes are not those that manifests name",
                self.where(key),
                expected=sha256,
                found=found,
                key=key,
            )

    def _kept_or_read(self, key: str, find_row: Callable[[], EvidenceObject | None]) -> Reading | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            if key in self._gone:
                return None
        # nobody waits for somebody else's request; two that ask for one key at once both read it, and tell it once
        reading = self._read(key, find_row())
        with self._lock:
            if reading is None:
                self._gone.add(key)
            else:
                self._keep(reading)
        return reading

    def in_order(self, keys: Iterable[str]) -> Iterator[Reading | None]:
        """What stands at these keys, in their order, read some ahead of who asks. Raises as `read` does.

        Memory is bounded: by what is read ahead, and by what is kept of it.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ahead: deque[Future[Reading | None]] = deque()
            remaining = iter(keys)
            while batch := list(islice(remaining, _ROWS)):
                rows = find_all_evidence(self.house.engine, batch)
                for key in batch:
                    ahead.append(pool.submit(self._kept_or_read, key, partial(rows.get, key)))
                    if len(ahead) >= _AHEAD:
                        yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _keep(self, reading: Reading) -> None:
        if (before := self._kept.pop(reading.key, None)) is not None:
            self._kept_bytes -= len(before.body)
        self._kept[reading.key] = reading
        self._kept_bytes += len(reading.body)
        while len(self._kept) > _KEPT_READINGS or (self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1):
            self._kept_bytes -= len(self._kept.popitem(last=False)[1].body)

    def tile(self, tile: Tile) -> bytes:
        """A tile or bundle, as the proofs ask for it. Raises NotStored, which has been told."""
        reading = self.read(tile_key(tile.path))
        if reading is None:
            raise NotStored("a tile does not stand", where=tile.path, todo="see what was found before")
        return reading.body

    def where(self, key: str) -> str:
        """An object with the version that is read of it."""
        reading = None if key in self._gone else self.read(key)
        store = self.house.store
        return store.where(key) if reading is None else where_is(store, key, reading.version_id)

    def _read(self, key: str, row: EvidenceObject | None) -> Reading | None:
        store = self.house.store
        version_id = None if row is None else row.version_id
        if version_id is None:
            standing = next((one for one in listed_below(store, key) if one.key == key), None)
            if standing is None:
                self._missing(key, store.where(key))
                return None
            version_id = standing.version_id
        where = where_is(store, key, version_id)
        try:
            body = b"".join(store.read(key, version_id))
        except NotStored:
            self._missing(key, where)
            return None
        if row is not None and (found := sha256_hex(body)) != row.sha256:
            self.findings.tell(
                WRONG, "the bytes are not those the ledger knows", where, expected=row.sha256, found=found, key=key
            )
        return Reading(key, version_id, body)

    def _missing(self, key: str, where: str) -> None:
        self.findings.tell(
            MISSING, "it does not stand in the vault", where, expected="an object", found="none", key=key
        )
