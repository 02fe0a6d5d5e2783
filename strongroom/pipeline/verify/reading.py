"""Where what is found is gathered, and how evidence is read: each object held against the ledger's hash of it."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock, RLock
from uuid import UUID

from strongroom.canonical import sha256_hex
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import MISSING, WRONG, VerifyFinding
from strongroom.evidence.tiles import Tile
from strongroom.house import House
from strongroom.ledger.evidence_objects import find_evidence
from strongroom.vault.errors import NotStored
from strongroom.vault.evidence_keys import tile_key
from strongroom.vault.evidence_listing import listed_below
from strongroom.vault.store import Store

_KEPT_READINGS = 256


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

    The ledger says which version to read, never what its bytes are.
    """

    house: House
    findings: Findings
    _kept: OrderedDict[str, Reading] = field(default_factory=OrderedDict)
    # keys that stand nowhere: asked for once
    _gone: set[str] = field(default_factory=set)
    _lock: RLock = field(default_factory=RLock)

    def read(self, key: str) -> Reading | None:
        """What stands at a key, None when nothing does. Raises the vault's and the ledger's errors."""
        with self._lock:
            return self._read_once(key)

    def _read_once(self, key: str) -> Reading | None:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key in self._gone:
            return None
        reading = self._read(key)
        if reading is None:
            self._gone.add(key)
            return None
        self._kept[key] = reading
        if len(self._kept) > _KEPT_READINGS:
            self._kept.popitem(last=False)
        return reading

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

    def _read(self, key: str) -> Reading | None:
        store = self.house.store
        row = find_evidence(self.house.engine, key)
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
