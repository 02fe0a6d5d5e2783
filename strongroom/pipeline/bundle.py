"""The evidence bundle: records and their proofs in a BagIt bag (RFC 8493), for someone who won't run our software."""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import bagit

from strongroom.actor import Actor
from strongroom.canonical import canonical_json
from strongroom.errors import Misconfigured, StrongroomError
from strongroom.evidence.checkpoints import open_checkpoint
from strongroom.evidence.facts import TRIAL_NOTE
from strongroom.evidence.handover.cover import Cover, CoveredFile, CoveredRecord, cover_pdf
from strongroom.evidence.merkle import leaf_hash, verify_inclusion
from strongroom.evidence.tile_proofs import TileTree
from strongroom.house import House
from strongroom.ledger.checkpoints import CheckpointRow, checkpoint_sizes, find_checkpoint
from strongroom.ledger.custody import NewEvent, events_of, record_events
from strongroom.ledger.log import entries_between
from strongroom.ledger.lookup import latest_revision
from strongroom.ledger.sealed_manifests import SealedManifest, manifests_of
from strongroom.pipeline.custody_report import custody_report
from strongroom.pipeline.log_keys import open_signers, origin_of, verifiers
from strongroom.pipeline.log_tiles import vault_reader
from strongroom.times import utc_now
from strongroom.vault.errors import VaultRefused
from strongroom.vault.hashing import hash_version

_NOT_RESTORED = "InvalidObjectState"
_EVIDENCE = PurePosixPath("evidence")


class NotSealed(StrongroomError):
    """The log does not vouch for the record yet."""


class BundleRefused(StrongroomError):
    """What would be handed over is not what was archived. Nothing is handed over."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that was made. `timestamped`: an authority has said when its checkpoint existed."""

    path: Path
    sha256: str
    conversations: int
    files: int
    size_bytes: int
    checkpoint_size: int
    timestamped: bool


def make_bundle(house: House, conversation_ids: Sequence[UUID], path: Path, actor: Actor, reason: str) -> Bundle:
    """Write the bundle of these conversations, all their archived revisions, to a new ZIP file.

    Every file is hashed while it is copied. Each conversation gets a custody event "downloaded" before the file has
    its name. Raises UnknownConversation; NotSealed; BundleRefused for bytes that are not those archived, objects that
    must be restored first and a file that exists already; ProofRefused; and the vault's and the ledger's errors.
    """
    _require_new(path)
    manifests = {one: _manifests(house, one) for one in dict.fromkeys(conversation_ids)}
    checkpoint = _checkpoint(house, [manifest for several in manifests.values() for manifest in several])
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".bundle-") as folder:
        bag = Path(folder) / path.stem
        bag.mkdir()
        records = [_record(house, one, several, bag) for one, several in manifests.items()]
        _proofs(house, checkpoint, manifests, bag)
        _write(bag, "report.pdf", cover_pdf(_cover(house, checkpoint, records, actor, reason)))
        for name in ("VERIFY.md", "verify.py"):
            _write(bag, name, files("strongroom.evidence.handover").joinpath(name).read_bytes())
        bagit.make_bag(str(bag), _bag_info(house), checksums=["sha256"])
        packed = Path(folder) / path.name
        _pack(bag, packed)
        digest = _sha256(packed)
        details = {"bundle": digest, "checkpointSize": checkpoint.size}
        record_events(
            house.engine,
            [NewEvent("downloaded", actor, one, None, reason, details) for one in manifests],
        )
        size_bytes = packed.stat().st_size
        # where the file has come into being meanwhile, it is somebody else's
        _require_new(path)
        packed.rename(path)
    return Bundle(
        path=path,
        sha256=digest,
        conversations=len(manifests),
        files=sum(len(record.files) for record in records),
        size_bytes=size_bytes,
        checkpoint_size=checkpoint.size,
        timestamped=checkpoint.timestamp_token is not None,
    )


def _manifests(house: House, conversation_id: UUID) -> list[SealedManifest]:
    latest = latest_revision(house.engine, conversation_id)
    found = manifests_of(house.engine, conversation_id)
    if latest.state in {"ending", "ended"}:
        raise BundleRefused(
            f"it was {latest.cause}" if latest.state == "ended" else f"it is being deleted, {latest.cause}",
            where=f"conversation {conversation_id}",
            todo="hand over the certificate: it stands in the vault and in the log",
        )
    unsealed = [manifest.revision for manifest in found if manifest.leaf_index is None]
    if not found or unsealed:
        what = f"revision {unsealed[0]} is not sealed yet" if unsealed else "it is not archived yet"
        raise NotSealed(
            what,
            where=f"conversation {conversation_id}",
            todo="see `strongroom status` for its day; `strongroom seal DAY` seals what has settled",
        )
    return found


def _checkpoint(house: House, manifests: Sequence[SealedManifest]) -> CheckpointRow:
    """The newest checkpoint that has a timestamp and holds them all; where none has, the newest."""
    needed = max(manifest.leaf_index or 0 for manifest in manifests)
    rows = [find_checkpoint(house.engine, size) for size in reversed(checkpoint_sizes(house.engine)) if size > needed]
    found = [row for row in rows if row is not None]
    if not found:
        raise NotSealed(
            "no checkpoint holds it yet", where=f"entry {needed} of the log", todo="run: strongroom seal yesterday"
        )
    row = next((row for row in found if row.timestamp_token is not None), found[0])
    keys = verifiers(house, open_signers(house.settings))
    open_checkpoint(row.note.encode(), keys, origin_of(house.settings))
    return row


def _record(house: House, conversation_id: UUID, manifests: Sequence[SealedManifest], bag: Path) -> CoveredRecord:
    covered: dict[str, CoveredFile] = {}
    document: dict[str, Any] = {}
    for manifest in manifests:
        own = CoveredFile(manifest.key, manifest.version_id, manifest.size_bytes, manifest.sha256)
        _copy(house, own, bag, conversation_id)
        covered[own.key] = own
        document = json.loads((bag / own.key).read_bytes())
        for entry in document["objects"]:
            # a later revision refers to what an earlier one stored
            if entry["key"] not in covered:
                named = CoveredFile(entry["key"], entry["versionId"], entry["sizeBytes"], entry["sha256"])
                _copy(house, named, bag, conversation_id)
                covered[named.key] = named
    report = custody_report(house.engine, house.store, conversation_id, trial=house.settings.trial)
    lines = b"".join(row.line + b"\n" for row in events_of(house.engine, conversation_id))
    _write(bag, str(_EVIDENCE / "custody" / f"{conversation_id}.jsonl"), lines)
    return CoveredRecord(
        conversation_id=conversation_id,
        revisions=len(manifests),
        retention_class=document["retentionClass"],
        ended_at=document["endedAt"],
        files=list(covered.values()),
        events=report.events,
        findings=report.all_findings,
    )


def _copy(house: House, file: CoveredFile, bag: Path, conversation_id: UUID) -> None:
    target = _inside(bag, file.key)
    try:
        with target.open("xb") as copy:
            copied = hash_version(house.store, file.key, file.version_id, copy.write)
    except VaultRefused as refusal:
        if refusal.code != _NOT_RESTORED:
            raise
        raise BundleRefused(
            "it is in a cold tier and can't be read at once",
            where=house.store.where(file.key),
            todo=f"bring it back first: strongroom restore {conversation_id} --due-in 4h --wait",
        ) from refusal
    if (copied.sha256, copied.size_bytes) != (file.sha256, file.size_bytes):
        raise BundleRefused(
            f"what stands is not what was archived: expected SHA-256 {file.sha256}, found {copied.sha256}",
            where=f"{house.store.where(file.key)} version {file.version_id}",
            todo=f"raise the alarm, and run: strongroom verify {conversation_id}",
        )


def _proofs(house: House, checkpoint: CheckpointRow, manifests: dict[UUID, list[SealedManifest]], bag: Path) -> None:
    tree, root = TileTree(checkpoint.size, vault_reader(house)), bytes.fromhex(checkpoint.root)
    for manifest in (one for several in manifests.values() for one in several):
        leaf_index = manifest.leaf_index
        if leaf_index is None:
            raise AssertionError(f"{manifest.key} was found sealed")
        (entry,) = entries_between(house.engine, leaf_index, leaf_index + 1)
        path = tree.inclusion_proof(leaf_index)
        verify_inclusion(leaf_hash(entry), leaf_index, checkpoint.size, path, root)
        proof = {
            "entry": entry.decode(),
            "leafIndex": leaf_index,
            "treeSize": checkpoint.size,
            "path": [one.hex() for one in path],
        }
        name = f"{manifest.conversation_id}-r{manifest.revision}.json"
        _write(bag, str(_EVIDENCE / "proofs" / name), canonical_json(proof))
    _write(bag, str(_EVIDENCE / "checkpoint"), checkpoint.note.encode())
    _write(bag, str(_EVIDENCE / "keys"), "".join(f"{key}\n" for key in _keys(house)).encode())
    if checkpoint.timestamp_token is not None:
        _write(bag, str(_EVIDENCE / "checkpoint.tsr"), checkpoint.timestamp_token)
        _write(bag, str(_EVIDENCE / "checkpoint.pem"), (checkpoint.timestamp_chain or "").encode())


def _cover(
    house: House, checkpoint: CheckpointRow, records: Sequence[CoveredRecord], actor: Actor, reason: str
) -> Cover:
    return Cover(
        made_at=utc_now(),
        made_by=f"{actor.name}, from {actor.origin}",
        reason=reason,
        origin=origin_of(house.settings),
        checkpoint_size=checkpoint.size,
        checkpoint_root=checkpoint.root,
        timestamp_at=checkpoint.timestamp_at,
        keys=_keys(house),
        records=records,
        trial=house.settings.trial,
    )


def _keys(house: House) -> list[str]:
    return [str(key) for key in verifiers(house, open_signers(house.settings))]


def _bag_info(house: House) -> dict[str, str]:
    info = {
        "Source-Organization": origin_of(house.settings),
        "External-Description": "Archived interactions and proofs",
    }
    return info | ({"Internal-Sender-Description": TRIAL_NOTE} if house.settings.trial else {})


def _inside(bag: Path, name: str) -> Path:
    """Where a file goes in the bag. A name out of a manifest is a key of ours, and never a way out of the bag."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise BundleRefused(
            "a manifest names a key that is none of ours", where="the bundle", todo="run `strongroom verify` on it"
        )
    target = bag.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _write(bag: Path, name: str, content: bytes) -> None:
    _inside(bag, name).write_bytes(content)


def _pack(bag: Path, packed: Path) -> None:
    """Not compressed: media are already, and anyone can look into it."""
    # a file readable to its owner alone: it holds what was said
    descriptor = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in bag.rglob("*") if path.is_file()):
            name = zipfile.ZipInfo(f"{bag.name}/{file.relative_to(bag).as_posix()}", utc_now().timetuple()[:6])
            with file.open("rb") as source, archive.open(name, "w", force_zip64=True) as entry:
                shutil.copyfileobj(source, entry, 1024 * 1024)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_new(path: Path) -> None:
    if path.exists():
        raise BundleRefused("this file exists already", where=str(path), todo="name another file with -o")
    if not path.parent.is_dir():
        raise Misconfigured("there is no such folder", where=str(path.parent), todo="name a file in a folder with -o")
