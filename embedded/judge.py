"""The judge: what stands in the bucket against what the simulator says is true. It never asks the ledger.

Every check is one sentence of promise 1, 2 or 3 of the design, and a mismatch is that sentence with the ids.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from embedded.bucket import Standing, StandingObject

_MANIFEST = re.compile(r"archive/(?P<day>\d{4}-\d{2}-\d{2})/(?P<id>[^/]+)/(?:r(?P<revision>\d+)/)?manifest\.json")
_STATE_OF_OUTCOME = {
    "available": "stored",
    "late": "stored",
    "never": "review",
    "error": "review",
    "archived": "stored",
    "deleted": "absent",
}
_TEXT_MEDIA = frozenset({"chat", "message", "email"})
_WRITTEN = {"chat": "transcript", "message": "messagingTranscript", "email": "emailTranscript"}
# What a transcript may be stored as; its bytes are not in the truth, as they need not be the same twice.
_TRANSCRIPT_TYPES = ("application/json", "application/zip")


@dataclass
class Verdict:
    """What was found of one day. `mismatches` is empty when the bucket holds the truth, whole and once."""

    mismatches: list[str] = field(default_factory=list)
    conversations: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    recordings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By media, outcome in the truth, and state on the manifest."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By state (review, absent) and reason."""
    objects: int = 0
    bytes: int = 0
    text_exports: bool = False

    def recordings_in(self, state: str) -> int:
        """How many recordings the manifests say are in a state."""
        return sum(count for (_, _, found), count in self.recordings.items() if found == state)


@dataclass(frozen=True)
class _Manifest:
    """A manifest that stands, read."""

    object: StandingObject
    revision: int
    document: dict[str, Any]
    names: frozenset[str]


def judge(
    standing: Standing,
    day: date,
    truth: Sequence[dict[str, Any]],
    neighbours: Iterable[Any],
    *,
    text_exports: bool = False,
) -> Verdict:
    """Compare the bucket's `archive/` with what ended on `day`.

    `neighbours` are conversations of other days: they may be there (the overlap after midnight), and are then compared
    as strictly, but are not counted. `text_exports`: the archive is to hold the EML of each e-mail thread, too.
    """
    verdict = Verdict(text_exports=text_exports)
    verdict.mismatches += _kept_once(standing)
    by_key = {found.key: found for found in standing.objects}
    manifests = _manifests(standing, verdict.mismatches)
    verdict.mismatches += _nothing_unnamed(standing, manifests)
    for conversation in truth:
        _judge_conversation(conversation, manifests.pop(conversation["conversationId"], []), by_key, verdict)
    uncounted = Verdict(mismatches=verdict.mismatches, text_exports=text_exports)
    for conversation in neighbours:
        if found := manifests.pop(conversation["conversationId"], []):
            _judge_conversation(conversation, found, by_key, uncounted)
    verdict.mismatches += [f"conversation {unknown}: archived, but it did not end then" for unknown in manifests]
    of_day = [found for found in standing.objects if found.key.startswith(f"archive/{day.isoformat()}/")]
    verdict.objects = len(of_day)
    verdict.bytes = sum(found.size_bytes for found in of_day)
    return verdict


def how_each_ended(standing: Standing, awkward: Mapping[str, Sequence[str]]) -> dict[str, Counter[str]]:
    """By awkwardness, how the conversations that show it ended, as their manifests tell."""
    manifests = _manifests(standing, [])
    return {
        name: Counter(ending for each in ids for ending in _endings(manifests.get(each, [])))
        for name, ids in awkward.items()
    }


def _endings(manifests: Sequence[_Manifest]) -> list[str]:
    if not manifests:
        return ["not archived"]
    gaps = {
        f"{recording['state']}: {recording['reason']}"
        for recording in manifests[-1].document["recordings"]
        if recording["state"] != "stored"
    }
    return ["revised" if len(manifests) > 1 else "archived", *sorted(gaps)]


def _kept_once(standing: Standing) -> list[str]:
    versions = Counter(found.key for found in standing.objects)
    return [f"{key}: {count} versions" for key, count in versions.items() if count > 1] + [
        f"{key}: a delete marker" for key in standing.delete_markers
    ]


def _manifests(standing: Standing, mismatches: list[str]) -> dict[str, list[_Manifest]]:
    """The manifests of each conversation, oldest revision first."""
    manifests: dict[str, list[_Manifest]] = defaultdict(list)
    for found in standing.objects:
        place = _MANIFEST.fullmatch(found.key)
        if place is None or found.body is None:
            continue
        try:
            document = json.loads(found.body)
            named = frozenset(entry["key"] for entry in document["objects"])
        except (ValueError, KeyError, TypeError):
            mismatches.append(f"{found.key}: not a manifest")
            continue
        manifests[place["id"]].append(_Manifest(found, int(place["revision"] or 1), document, named))
    for revisions in manifests.values():
        revisions.sort(key=lambda manifest: manifest.revision)
    return manifests


def _nothing_unnamed(standing: Standing, manifests: dict[str, list[_Manifest]]) -> list[str]:
    named = {key for revisions in manifests.values() for manifest in revisions for key in manifest.names}
    return [
        f"{found.key}: no manifest names it"
        for found in standing.objects
        if found.key not in named and not _MANIFEST.fullmatch(found.key)
    ]


def _judge_conversation(
    truth: dict[str, Any], manifests: Sequence[_Manifest], by_key: dict[str, StandingObject], verdict: Verdict
) -> None:
    where = f"conversation {truth['conversationId']}"
    try:
        if manifests:
            _judge_manifests(where, truth, manifests, by_key, verdict)
        else:
            verdict.mismatches.append(f"{where}: no manifest")
    except (KeyError, TypeError, ValueError) as error:
        verdict.mismatches.append(f"{where}: its manifest can't be read: {error!r}")


def _judge_manifests(
    where: str,
    truth: dict[str, Any],
    manifests: Sequence[_Manifest],
    by_key: dict[str, StandingObject],
    verdict: Verdict,
) -> None:
    latest = manifests[-1]
    verdict.mismatches += [f"{where}: {fault}" for fault in _facts(truth, latest)]
    for manifest in manifests:
        verdict.mismatches += [f"{manifest.object.key}: {fault}" for fault in _locked(manifest)]
        for entry in manifest.document["objects"]:
            faults = _object(entry, by_key.get(entry["key"]), manifest)
            verdict.mismatches += [f"{entry['key']}: {fault}" for fault in faults]
    transcripts = {key: found.transcript for key, found in by_key.items() if found.transcript is not None}
    _judge_recordings(where, truth, latest, transcripts, verdict)
    states = {recording["state"] for recording in latest.document["recordings"]}
    verdict.conversations["review" if "review" in states else "archived"] += 1
    verdict.classes[latest.document["retentionClass"]] += 1


def _facts(truth: dict[str, Any], latest: _Manifest) -> list[str]:
    """What the manifest says of the conversation itself, where it is not true."""
    start, end = _instant(truth["conversationStart"]), _instant(truth["conversationEnd"])
    expected = {
        "conversationId": truth["conversationId"],
        "archiveDate": end.date().isoformat(),
        "durationMs": (end - start) // timedelta(milliseconds=1),
        "queueIds": sorted(truth["queueIds"]),
        "mediaTypes": sorted(truth["mediaTypes"]),
    }
    document = latest.document
    found = document | {name: sorted(document[name]) for name in ("queueIds", "mediaTypes")}
    faults = [f"{name} is {found[name]!r}, not {value!r}" for name, value in expected.items() if found[name] != value]
    if _instant(document["endedAt"]) != end:
        faults.append(f"endedAt is {document['endedAt']}, not {truth['conversationEnd']}")
    if f"/{end.date().isoformat()}/" not in latest.object.key:
        faults.append(f"filed at {latest.object.key}, but it ended on {end.date()}")
    if _instant(document["retainUntil"]) < _years_after(end, document["retentionYears"]):
        faults.append(f"kept until {document['retainUntil']}, not {document['retentionYears']} years")
    if not any(entry["key"].endswith("/conversation.json") for entry in document["objects"]):
        faults.append("its record, conversation.json, is not on the manifest")
    return faults


def _locked(manifest: _Manifest) -> list[str]:
    """The manifest can't name itself: its own lock must be the one it promises for the rest."""
    found, document = manifest.object, manifest.document
    return _lock_faults(found, document["lockMode"], _instant(document["retainUntil"]))


def _object(entry: dict[str, Any], found: StandingObject | None, manifest: _Manifest) -> list[str]:
    """Whether what a manifest names stands as it says, hashed here."""
    if found is None:
        return ["on the manifest, but not in the bucket"]
    expected = {
        "versionId": found.version_id,
        "sizeBytes": found.size_bytes,
        "sha256": found.sha256,
        "contentType": found.content_type,
    }
    faults = [
        f"{name} is {value!r}, the manifest says {entry[name]!r}"
        for name, value in expected.items()
        if entry[name] != value
    ]
    if found.metadata.get("sha256-hash") != found.sha256:
        faults.append("the hash in its metadata is not that of its bytes")
    if found.metadata.get("conversation-id") != manifest.document["conversationId"]:
        faults.append("its metadata names another conversation")
    faults += _lock_faults(found, entry["lockMode"], _instant(entry["retainUntil"]))
    if _instant(entry["retainUntil"]) < _instant(manifest.document["retainUntil"]):
        faults.append("locked for less than its manifest promises")
    return faults


def _lock_faults(found: StandingObject, mode: str, until: datetime) -> list[str]:
    if found.lock_mode is None or found.retain_until is None:
        return ["not locked"]
    faults = [] if found.lock_mode == mode else [f"locked in mode {found.lock_mode}, not {mode}"]
    if found.retain_until < until:
        faults.append(f"locked until {found.retain_until.astimezone(UTC).isoformat()}, not {until.isoformat()}")
    return faults


def _judge_recordings(
    where: str, truth: dict[str, Any], latest: _Manifest, transcripts: Mapping[str, bytes], verdict: Verdict
) -> None:
    entries = {entry["recordingId"]: entry for entry in latest.document["recordings"]}
    objects = {entry["key"]: entry for entry in latest.document["objects"]}
    for recording in truth["recordings"]:
        entry = entries.pop(recording["id"], None)
        if entry is None:
            verdict.mismatches.append(f"{where}: recording {recording['id']} is not on the manifest")
            continue
        named = [objects[key] for key in entry["objects"] if key in objects]
        wanted = [file for file in recording["files"] if verdict.text_exports or file["format"] != "EML"]
        faults = _recording_faults(recording | {"files": wanted}, entry, named)
        if not faults and entry["state"] == "stored" and recording["media"] in _TEXT_MEDIA:
            texts = [transcripts[one["key"]] for one in named if one["key"] in transcripts]
            faults = _transcript_faults(truth["conversationId"], recording, texts)
        verdict.mismatches += [f"{where}: recording {recording['id']}: {fault}" for fault in faults]
        verdict.recordings[recording["media"], recording["outcome"], entry["state"]] += 1
        if entry["state"] != "stored":
            verdict.reasons[entry["state"], entry["reason"]] += 1
    for unknown, entry in entries.items():
        if unknown.startswith("session:") and entry["state"] == "review":
            # its session says that it was recorded, and nothing is behind it: a person must know
            verdict.recordings["nothing", "recorded", "review"] += 1
            verdict.reasons["review", entry["reason"]] += 1
        else:
            verdict.mismatches.append(f"{where}: recording {unknown} does not exist")


def _recording_faults(truth: dict[str, Any], entry: dict[str, Any], named: Sequence[dict[str, Any]]) -> list[str]:
    if "errorStatus" in truth:
        return _partly_faults(truth, entry)
    state = _STATE_OF_OUTCOME[truth["outcome"]]
    if entry["state"] != state:
        return [f"{truth['outcome']} in Genesys, so {state}, but it is {entry['state']} ({entry['reason']})"]
    if state != "stored":
        return [] if entry["reason"] else [f"in {state} without a reason"]
    if len(named) != len(entry["objects"]) or not named:
        return ["stored, but its objects are not on the manifest"]
    return _byte_faults(truth, named)


def _partly_faults(truth: dict[str, Any], entry: dict[str, Any]) -> list[str]:
    """What Genesys says it can't give must be on the manifest in its own word, and before a person."""
    if entry["state"] != "review":
        return [f"Genesys can't give all of it, but it is {entry['state']}"]
    told = [missing["reason"] for missing in entry["unavailable"]]
    return [] if told == [truth["errorStatus"]] else [f"unavailable is {told}, not {truth['errorStatus']}"]


def _byte_faults(truth: dict[str, Any], named: Sequence[dict[str, Any]]) -> list[str]:
    """Whether the right bytes are stored: of media a format of each part, of text every file that was sent."""
    rightful = {(file["size"], file["sha256"]): file["name"] for file in truth["files"]}
    stored = {(entry["sizeBytes"], entry["sha256"]): entry for entry in named}
    if truth["media"] not in _TEXT_MEDIA:
        wrong = [entry["key"] for content, entry in stored.items() if content not in rightful]
        parts = {(file["size"], file["sha256"]): file.get("part", 1) for file in truth["files"]}
        missing_parts = set(parts.values()) - {parts.get(content) for content in stored}
        return [f"{key} holds other bytes than were recorded" for key in wrong if rightful] + [
            f"part {part} is not stored" for part in sorted(missing_parts)
        ]
    missing = [f"{name} is not stored" for content, name in rightful.items() if content not in stored]
    strange = [
        f"{entry['key']} is neither a transcript nor anything that was sent"
        for content, entry in stored.items()
        if rightful and content not in rightful and not entry["contentType"].startswith(_TRANSCRIPT_TYPES)
    ]
    return missing + strange


def _transcript_faults(conversation_id: str, truth: dict[str, Any], texts: Sequence[bytes]) -> list[str]:
    """A transcript's bytes need not be the same twice: it must be this recording's, and nothing written be missing."""
    found = []
    for text in texts:
        document = json.loads(text)
        written = document.get(_WRITTEN[truth["media"]])
        if (document["id"], document["conversationId"]) == (truth["id"], conversation_id) and isinstance(written, list):
            found.append(len(written))
    if truth["messages"] in found:
        return []
    return [f"no transcript of it with {truth['messages']} messages stands, only of {found}"]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _years_after(instant: datetime, years: int) -> datetime:
    """The same moment so many calendar years later; from 29 February, 1 March where there is none."""
    try:
        return instant.replace(year=instant.year + years)
    except ValueError:
        return instant.replace(year=instant.year + years, month=3, day=1)
