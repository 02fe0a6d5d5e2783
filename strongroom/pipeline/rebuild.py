"""`strongroom index rebuild`: the ledger made anew from what stands in the vault, and from nothing else.

What only the old ledger knew does not come back: docs/format.md, "What the vault does not hold", lists it. Nothing is
written to the vault.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog

from strongroom.canonical import sha256_hex
from strongroom.errors import StrongroomError, Unreachable
from strongroom.evidence.entries import ManifestEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.manifest_reading import ReadManifest, read_manifest
from strongroom.house import House
from strongroom.ledger.custody import NewEvent
from strongroom.ledger.rebuild import FoundObject, Rebuilding, bringing_back, rebuilding
from strongroom.pipeline.expecting import PLACEHOLDER
from strongroom.pipeline.indexing import index_all_due
from strongroom.pipeline.rebuild_ended import rebuild_ended
from strongroom.pipeline.rebuild_log import Note, batches, rebuild_log
from strongroom.vault.evidence_keys import CUSTODY_PREFIX
from strongroom.vault.findings import Finding
from strongroom.vault.keys import conversation_key, manifest_key
from strongroom.vault.listing import KeyVersions, list_keys

_log = structlog.get_logger()

THREADS = 8
"""Requests at once: boto3 keeps ten connections."""
_FOLDERS = 200
"""Conversations read before they are written: what is held in memory at once, besides the list of the evidence."""
_FOLDER = re.compile(r"archive/(\d{4}-\d\d-\d\d)/([0-9a-f-]{36})/(?:r([1-9]\d*)/)?(.+)")


@dataclass(frozen=True)
class Rebuilt:
    """What was rebuilt. `objects` counts those of the archive and of the evidence that have a row now."""

    conversations: int
    revisions: int
    objects: int
    days: int
    seconds: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Read:
    """A revision as it stands: its manifest, the conversation's record, the rows of its objects, and whether the store
    holds the manifest, which is told last.
    """

    manifest: ReadManifest
    record: dict[str, Any]
    listed: dict[str, Any]
    objects: tuple[FoundObject, ...]
    held: bool


def rebuild(house: House, progress: Callable[[int], None]) -> Rebuilt:
    """Fill an empty, migrated ledger from the bucket: all in one transaction, so what is cut off is simply repeated.

    Then the search is filled from it; where that is cut off, the sweep goes on with it.

    `progress` is told how many revisions there are by now. What can't be read is a finding, and the rest goes on.
    Raises Misconfigured when the ledger is not empty, VaultUnreachable, LedgerUnreachable.
    """
    began = time.monotonic()
    findings: list[Finding] = []
    conversations = 0
    revisions = objects = 0
    unnamed: list[KeyVersions] = []
    held: set[UUID] = set()
    with ThreadPoolExecutor(THREADS) as pool, rebuilding(house.engine) as ledger:
        objects += rebuild_log(house, ledger, pool, findings.append)
        for batch in batches(_folders(house, findings.append), _FOLDERS):
            read = _read_all(house, ledger, pool, batch, findings.append)
            new = _write(ledger, read)
            known = ledger.known_keys([one.key for folder in batch for one in folder])
            objects += len(known)
            unnamed += [one for folder in batch for one in folder if one.key not in known]
            conversations += new
            revisions += len(read)
            held.update(one.manifest.conversation_id for one in read if one.held)
            progress(revisions)
        named_later = ledger.known_keys([one.key for one in unnamed])
        objects += len(named_later)
        said = {finding.where for finding in findings}
        findings += [
            _unnamed(house, one.key)
            for one in unnamed
            if one.key not in named_later and house.store.where(one.key) not in said
        ]
        rebuild_ended(house, ledger, findings.append)
        findings += [_missing(house, ref, leaf) for ref, leaf in ledger.entries_without_manifest()]
        findings += [_forgotten(house, *matter) for matter in ledger.holds(held, house.actor).items()]
        ledger.replace_placeholders(PLACEHOLDER)
        ledger.settle_later()
        findings += [_unreadable_change(position) for position in ledger.retention_changes()]
        days = ledger.settled_runs()
    # after the commit: what is cut off here is found due by the sweep
    index_all_due(house)
    return Rebuilt(conversations, revisions, objects, len(days), time.monotonic() - began, tuple(findings))


def bring_back(house: House, folder: list[KeyVersions], about_to: Callable[[], None]) -> int:
    """Write what stands of one conversation on one day into a ledger that has lost it; how many revisions.

    `about_to` is called before the first is written, and not where there is none: a revision that the ledger has stays
    as it is, and what has no manifest can't be brought back. What can't be read is logged, and stays unknown. Raises
    VaultUnreachable and LedgerUnreachable.
    """

    def note(finding: Finding) -> None:
        _log.error("it can't be brought back", what=finding.what, where=finding.where)

    with ThreadPoolExecutor(1) as pool, bringing_back(house.engine) as ledger:
        read = _read_all(house, ledger, pool, [folder], note)
        known = ledger.revisions({one.manifest.conversation_id for one in read})
        lost = [one for one in read if (one.manifest.conversation_id, one.manifest.revision) not in known]
        if lost:
            about_to()
        _write(ledger, lost)
        ledger.happened([_adopted(house, one) for one in lost])
    return len(lost)


def _adopted(house: House, one: _Read) -> NewEvent:
    itself = one.objects[-1]
    details = {"key": itself.key, "versionId": itself.version_id, "sha256": itself.sha256, "objects": len(one.objects)}
    return NewEvent(
        "adopted",
        house.actor,
        one.manifest.conversation_id,
        one.manifest.revision,
        reason="the ledger had lost it; brought back from its manifest",
        details=details,
    )


def _folders(house: House, note: Note) -> Iterator[list[KeyVersions]]:
    """The keys of one conversation on one day after another's: they are listed side by side."""
    for folder, keys in groupby(list_keys(house.store, "archive/"), key=lambda one: _folder_of(one.key)):
        if folder is None:
            for one in keys:
                note(_unnamed(house, one.key))
        else:
            yield [one for one in keys if one.versions]


def _folder_of(key: str) -> tuple[str, str] | None:
    found = _FOLDER.fullmatch(key)
    return None if found is None else (found[1], found[2])


def _revision_of(key: str) -> int:
    """The revision in whose folder a key is; 1 for a key of no folder."""
    found = _FOLDER.fullmatch(key)
    return int(found[3] or 1) if found else 1


def _read_all(
    house: House, ledger: Rebuilding, pool: Executor, folders: Sequence[list[KeyVersions]], note: Note
) -> list[_Read]:
    """Every revision of these conversations that can be read; earlier ones first."""
    manifests = sorted(
        (one for folder in folders for one in folder if _is_manifest(one.key)), key=lambda one: _revision_of(one.key)
    )
    refs = {one.key: f"manifest/{(_folder_of(one.key) or ('', ''))[1]}/{_revision_of(one.key)}" for one in manifests}
    logged = ledger.logged_documents(list(refs.values()))
    marked = {one.key for folder in folders for one in folder if one.markers}

    def read(one: KeyVersions) -> _Read | Finding:
        try:
            return _read(house, one, logged.get(refs[one.key]), marked)
        except Unreachable:
            raise
        except StrongroomError as error:
            return Finding(
                "manifest", str(error), house.store.where(one.key), "compare it with the log; it is not rebuilt"
            )

    found: list[_Read] = []
    for outcome in pool.map(read, manifests):
        if isinstance(outcome, Finding):
            note(outcome)
        else:
            found.append(outcome)
    return found


def _is_manifest(key: str) -> bool:
    found = _FOLDER.fullmatch(key)
    return found is not None and found[4] == "manifest.json"


def _read(house: House, standing: KeyVersions, logged: tuple[int, bytes] | None, marked: set[str]) -> _Read:
    """One revision: the version that the log vouches for, or where it is not sealed the oldest."""
    entry = None if logged is None else parse_entry(logged[1])
    sealed = entry if isinstance(entry, ManifestEntry) else None
    version_id = standing.versions[-1] if sealed is None else sealed.version_id
    content = b"".join(house.store.read(standing.key, version_id))
    _require("its bytes", sha256_hex(content) if sealed is None else sealed.sha256, sha256_hex(content))
    manifest = read_manifest(content)
    identity = (manifest.day, str(manifest.conversation_id), manifest.revision)
    _require("its place", manifest_key(*identity), standing.key)
    own = house.store.describe(standing.key, version_id)
    told = manifest.part("conversation")
    _require("the record's place", conversation_key(*identity), told.key)
    record = b"".join(house.store.read(told.key, told.version_id))
    _require("the record's bytes", told.sha256, sha256_hex(record))
    document = json.loads(record)
    if own.lock is None:
        raise ProofRefused("the manifest is not locked", where=standing.key, expected="a lock", found="none")
    itself = FoundObject(
        conversation_id=manifest.conversation_id,
        revision=manifest.revision,
        recording_id=None,
        part="manifest",
        key=standing.key,
        version_id=version_id,
        size_bytes=len(content),
        sha256=sha256_hex(content),
        content_type=own.content_type,
        file_name=None,
        lock_mode=own.lock.mode.value,
        retain_until=own.lock.retain_until,
        stored_at=manifest.archived_at,
        under_delete_marker=standing.key in marked,
        leaf_index=None if sealed is None or logged is None else logged[0],
    )
    return _Read(
        manifest,
        document["conversation"],
        {one["id"] if "id" in one else one["recordingId"]: one for one in document["recordings"]},
        (*_objects(manifest, marked), itself),
        own.held,
    )


def _objects(manifest: ReadManifest, marked: set[str]) -> Iterator[FoundObject]:
    """What the manifest names; its locks are those it tells, `strongroom verify` asks the store for today's."""
    for one in manifest.objects:
        yield FoundObject(
            conversation_id=manifest.conversation_id,
            revision=_revision_of(one.key),
            stored_at=manifest.archived_at,
            under_delete_marker=one.key in marked,
            **{name: value for name, value in vars(one).items() if name in FoundObject.__dataclass_fields__},
        )


def _write(ledger: Rebuilding, read: Sequence[_Read]) -> int:
    """Write these revisions; how many are a conversation's first here."""
    ids = {one.manifest.conversation_id for one in read}
    before = {conversation_id for conversation_id, _ in ledger.revisions(ids)}
    ledger.conversations([_conversation_row(one) for one in read])
    revisions = ledger.revisions(ids)
    rows: dict[str, FoundObject] = {}
    for one in read:
        for told in one.objects:
            # a revision that never got past review has no manifest: what it put belongs to the one that names it
            is_there = (told.conversation_id, told.revision) in revisions
            row = told if is_there else replace(told, revision=one.manifest.revision)
            rows[row.key] = _longer(rows.get(row.key), row)
    ledger.recordings([row for one in read for row in _recording_rows(one, rows)])
    ledger.objects(list(rows.values()))
    return len(ids - before)


def _longer(known: FoundObject | None, told: FoundObject) -> FoundObject:
    """The object as the first manifest tells it, with the longer and stricter lock of both."""
    if known is None:
        return told
    return replace(
        known,
        lock_mode=min(known.lock_mode, told.lock_mode),
        retain_until=max(known.retain_until, told.retain_until),
    )


def _conversation_row(one: _Read) -> dict[str, Any]:
    manifest = one.manifest
    columns = (
        "conversation_id", "revision", "day", "conversation_start", "conversation_end", "names", "decision",
        "retention_class", "lock_mode", "retain_until", "policy_version",
    )  # fmt: skip
    return {name: getattr(manifest, name) for name in columns} | {
        "record": one.record,
        "state": "archived",
        "state_at": manifest.archived_at,
        "cause": "the manifest stands in the vault",
        "first_seen_at": manifest.archived_at,
        "due_at": manifest.archived_at,
        "deadline_at": manifest.archived_at,
    }


def _recording_rows(one: _Read, objects: dict[str, FoundObject]) -> Iterator[dict[str, Any]]:
    manifest = one.manifest
    for recording in manifest.recordings:
        yield {
            "conversation_id": manifest.conversation_id,
            "revision": manifest.revision,
            "recording_id": recording.recording_id,
            "session_id": recording.session_id,
            "media": recording.media,
            "listed": one.listed.get(recording.recording_id),
            "state": recording.state,
            "state_at": manifest.archived_at,
            "cause": recording.reason,
            "objects_revision": max(
                (objects[key].revision for key in recording.object_keys), default=manifest.revision
            ),
            "unavailable": list(recording.unavailable),
            "manifest_state": recording.state,
            "first_seen_at": manifest.archived_at,
            "due_at": manifest.archived_at,
            "deadline_at": manifest.archived_at,
        }


def _require(what: str, expected: str, found: str) -> None:
    if found != expected:
        raise ProofRefused(f"{what} is another", where="a manifest", expected=expected, found=found)


def _unnamed(house: House, key: str) -> Finding:
    return Finding(
        "unnamed",
        "no manifest names it: an archiving that did not end, or nothing of ours",
        house.store.where(key),
        "archive its day again; what Strongroom did not put, find out who did",
    )


def _forgotten(house: House, name: str, searches: int) -> Finding:
    return Finding(
        "hold-search",
        f"{searches} of the searches of matter {name} named a customer, of whom the vault does not tell: what they had "
        "found is held, what comes later is not",
        house.store.where(CUSTODY_PREFIX),
        "place them again for the matter: strongroom hold place",
    )


def _missing(house: House, ref: str, leaf: int) -> Finding:
    return Finding(
        "missing",
        f"the log has {ref} at leaf {leaf}, and no such manifest could be read",
        house.store.where("archive/"),
        "restore it from a copy of the bucket",
    )


def _unreadable_change(position: int) -> Finding:
    return Finding(
        "custody",
        "a change of retention can't be read: the record is told as its manifest tells it",
        f"custody event {position}",
        "apply the policy again: strongroom policy apply",
    )
