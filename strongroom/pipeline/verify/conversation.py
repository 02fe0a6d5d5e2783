"""One conversation: its manifests are those in the log and name exactly its objects, and each object is what it was."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from strongroom.evidence.entries import ManifestEntry
from strongroom.evidence.findings import MISSING, WRONG
from strongroom.house import House
from strongroom.ledger.verification import HeldObject, HeldRevision, Holding
from strongroom.pipeline.verify.entries import CheckEnded
from strongroom.pipeline.verify.reading import Findings, where_is
from strongroom.pipeline.verify.scope import Depth
from strongroom.vault.errors import NotStored, VaultRefused
from strongroom.vault.hashing import Hashed, hash_version
from strongroom.vault.keys import manifest_key

_MANIFEST = "manifest"
# what ends was archived before
_ARCHIVED = frozenset({"archived", "ending"})
# S3 User Guide, "Retrieving an archived object": what is in a cold tier can't be read before it is restored
_COLD = "InvalidObjectState"

FindEntry = Callable[[Holding, HeldObject], ManifestEntry | None]
"""The log's entry of a manifest, out of the vault; None where the log has none yet."""


@dataclass(frozen=True)
class Examined:
    """What was looked at: `bytes_hashed` of objects that were read whole, and `cold` objects that could not be.

    `policy_documents` are the hashes of the policies' documents that manifests in the log name.
    """

    objects: int = 0
    bytes_hashed: int = 0
    cold: int = 0
    policy_documents: frozenset[str] = frozenset()

    def __add__(self, other: "Examined") -> "Examined":
        return Examined(
            self.objects + other.objects,
            self.bytes_hashed + other.bytes_hashed,
            self.cold + other.cold,
            self.policy_documents | other.policy_documents,
        )


@dataclass(frozen=True)
class _Named:
    """An object as a manifest names it."""

    key: str
    version_id: str
    size_bytes: int
    sha256: str


def check_conversation(
    house: House, findings: Findings, holding: Holding, find_entry: FindEntry, check_ended: CheckEnded, depth: Depth
) -> Examined:
    """Hold a conversation's manifests against the log and its objects, and at *hashed* read every byte of them.

    What has ended is held against its certificate, and what is ending just now, on a list that was approved, is passed
    over. What is only called so is told, and looked at like the rest.

    Raises the vault's and the ledger's errors.
    """
    check = _Check(house, findings, _standing(holding), depth)
    for revision in holding.revisions:
        if revision.state == "ended":
            check_ended(holding.conversation_id, revision.revision, revision.certificate, None)
        if _is_gone(revision):
            continue
        if revision.state == "ending":
            findings.tell(
                WRONG,
                "it is called ending, and no approved list has it",
                f"ledger, conversations {holding.conversation_id} revision {revision.revision}",
                expected="a record of an approved list that is being deleted",
                found="none",
                conversation_id=holding.conversation_id,
            )
        manifest = next(
            (one for one in holding.objects if (one.revision, one.part) == (revision.revision, _MANIFEST)), None
        )
        if manifest is not None:
            check.manifest(manifest, find_entry(holding, manifest))
        elif revision.state in _ARCHIVED:
            findings.tell(
                MISSING,
                f"revision {revision.revision} is archived, and the ledger names no manifest",
                house.store.where(manifest_key(revision.day, str(holding.conversation_id), revision.revision)),
                expected="a manifest",
                found="none",
                conversation_id=holding.conversation_id,
            )
    return check.objects()


def _is_gone(revision: HeldRevision) -> bool:
    return revision.state == "ended" or revision.on_list


def _standing(holding: Holding) -> Holding:
    """What the ledger says stands, without what is ending or has ended."""
    gone = {one.revision for one in holding.revisions if _is_gone(one)}
    return Holding(
        holding.conversation_id,
        tuple(one for one in holding.revisions if one.revision not in gone),
        tuple(one for one in holding.objects if one.revision not in gone),
    )


class _Check:
    def __init__(self, house: House, findings: Findings, holding: Holding, depth: Depth) -> None:
        self._house, self._findings, self._holding, self._depth = house, findings, holding, depth
        self._conversation_id: UUID = holding.conversation_id
        self._named: dict[str, _Named] = {}
        self._examined = Examined()
        # whether every manifest could be believed: only then what none names is too much
        self._believed = all(revision.state in _ARCHIVED for revision in holding.revisions)

    def manifest(self, row: HeldObject, entry: ManifestEntry | None) -> None:
        """Read a manifest and hold it against ledger, log and what it is about; then take down what it names."""
        self._examined += Examined(objects=1)
        where = where_is(self._house.store, row.key, row.version_id)
        try:
            hashed = hash_version(self._house.store, row.key, row.version_id, (body := bytearray()).extend)
        except NotStored:
            self._tell(MISSING, "it does not stand in the vault", where, "an object", "none", key=row.key)
            self._believed = False
            return
        found = hashed.sha256
        if self._depth >= Depth.HASHED:
            self._examined += Examined(bytes_hashed=hashed.size_bytes)
            self._check_metadata(hashed, row.key, where)
        if entry is not None and found != entry.sha256:
            self._tell(WRONG, "the manifest is not the one in the log", where, entry.sha256, found, key=row.key)
        if found != row.sha256:
            self._tell(WRONG, "the bytes are not those the ledger knows", where, row.sha256, found, key=row.key)
        if found != (row.sha256 if entry is None else entry.sha256):
            self._believed = False
            return
        try:
            named = self._read(row, body, where, in_log=entry is not None)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._tell(WRONG, "it is not a manifest", where, "a manifest of this revision", found, key=row.key)
            self._believed = False
            return
        for one in named:
            self._name(one, where)

    def _read(self, row: HeldObject, body: bytearray, where: str, *, in_log: bool) -> list[_Named]:
        document = json.loads(body)
        # before its first sealing a policy's document is not in the vault yet
        if in_log and "policyDocument" in document:
            self._examined += Examined(policy_documents=frozenset({str(document["policyDocument"])}))
        expected = (str(self._conversation_id), row.revision)
        told = (document["conversationId"], document["revision"])
        if told != expected:
            self._believed = False
            self._tell(
                WRONG,
                "the manifest is another's",
                where,
                "{} revision {}".format(*expected),
                "{} revision {}".format(*told),
                key=row.key,
            )
            return []
        return [
            _Named(str(one["key"]), str(one["versionId"]), int(one["sizeBytes"]), str(one["sha256"]))
            for one in document["objects"]
        ]

    def _name(self, named: _Named, manifest_where: str) -> None:
        earlier = self._named.setdefault(named.key, named)
        if earlier != named:
            where = where_is(self._house.store, named.key, named.version_id)
            self._tell(WRONG, "two manifests name it differently", where, str(earlier), manifest_where)

    def objects(self) -> Examined:
        """Hold what the manifests name against what the ledger has, and read it where that is asked."""
        rows = {row.key: row for row in self._holding.objects if row.part != _MANIFEST}
        for key in sorted({*rows, *self._named}):
            self._object(rows.get(key), self._named.get(key))
        return self._examined

    def _object(self, row: HeldObject | None, named: _Named | None) -> None:
        one = named or row
        if one is None:
            return
        where = where_is(self._house.store, one.key, one.version_id)
        if row is None:
            self._tell(MISSING, "a manifest names it, and the ledger does not", where, "an object", "none", key=one.key)
        elif named is None:
            if self._believed:
                self._tell(WRONG, "the ledger has it, and no manifest names it", where, "nothing", row.key, key=one.key)
        else:
            for name, expected, found in (
                ("version", named.version_id, row.version_id),
                ("size", named.size_bytes, row.size_bytes),
                ("SHA-256", named.sha256, row.sha256),
            ):
                if expected != found:
                    self._tell(
                        WRONG, f"the ledger has another {name} of it than the manifest", where, expected, found,
                        key=one.key,
                    )  # fmt: skip
        self._examined += Examined(objects=1)
        if self._depth >= Depth.HASHED:
            self._hash(row, named)

    def _hash(self, row: HeldObject | None, named: _Named | None) -> None:
        one = named or row
        if one is None:
            return
        where = where_is(self._house.store, one.key, one.version_id)
        try:
            hashed = hash_version(self._house.store, one.key, one.version_id)
        except NotStored:
            self._tell(MISSING, "it does not stand in the vault", where, "an object", "none", key=one.key)
            return
        except VaultRefused as refused:
            if refused.code != _COLD:
                raise
            self._examined += Examined(cold=1)
            return
        self._examined += Examined(bytes_hashed=hashed.size_bytes)
        if named is not None and hashed.sha256 != named.sha256:
            self._tell(
                WRONG, "the bytes are not those the manifest names", where, named.sha256, hashed.sha256, key=one.key
            )
        if row is not None and hashed.sha256 != row.sha256:
            self._tell(WRONG, "the bytes are not those the ledger knows", where, row.sha256, hashed.sha256, key=one.key)
        self._check_metadata(hashed, one.key, where)

    def _check_metadata(self, hashed: Hashed, key: str, where: str) -> None:
        if hashed.said_sha256 != hashed.sha256:
            self._tell(WRONG, "its metadata says another SHA-256", where, hashed.sha256, hashed.said_sha256, key=key)

    def _tell(
        self, promise: int, what: str, where: str, expected: object, found: object, *, key: str | None = None
    ) -> None:
        self._findings.tell(
            promise, what, where, expected=expected, found=found, key=key, conversation_id=self._conversation_id
        )
