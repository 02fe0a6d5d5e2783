"""The judge finds every planted lie in a small bucket, and none in an honest one."""

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.bucket import connect, read_all
from embedded.judge import Verdict, _years_after, judge

DAY = date(2025, 5, 14)
UNTIL = datetime(2032, 6, 1, tzinfo=UTC)
VOICE, EMAIL, NEIGHBOUR = "11111111-aaaa", "22222222-bbbb", "33333333-cccc"
_bucket_numbers = itertools.count(1)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def file(name: str, body: bytes) -> dict[str, Any]:
    return {"name": name, "format": None, "contentType": "x/x", "size": len(body), "sha256": sha256(body)}


def conversation(identity: str, end: str, *recordings: dict[str, Any], media: str) -> dict[str, Any]:
    return {
        "conversationId": identity,
        "conversationStart": "2025-05-14T10:00:00.000Z",
        "conversationEnd": end,
        "mediaTypes": [media],
        "queueIds": ["queue-b", "queue-a"],
        "recordings": list(recordings),
    }


def transcript(*, recording: str = "b1", conversation: str = EMAIL, messages: int = 2) -> bytes:
    document = {"id": recording, "conversationId": conversation, "emailTranscript": [{}] * messages}
    return json.dumps(document).encode()


TRUTH = [
    conversation(
        VOICE,
        "2025-05-14T10:05:00.500Z",
        {"id": "a1", "media": "audio", "outcome": "available", "files": [file("WAV", b"wav"), file("OGG", b"ogg")]},
        {"id": "a2", "media": "audio", "outcome": "never", "files": []},
        {"id": "a3", "media": "audio", "outcome": "deleted", "files": []},
        media="voice",
    ),
    conversation(
        EMAIL,
        "2025-05-14T23:59:59.999Z",
        {
            "id": "b1",
            "media": "email",
            "outcome": "late",
            "messages": 2,
            "files": [file("EML", b"eml") | {"format": "EML"}, file("1.pdf", b"pdf")],
        },
        media="email",
    ),
]
NEIGHBOURS = [
    conversation(NEIGHBOUR, "2025-05-15T00:10:00.000Z", media="voice"),
    conversation("44444444-dddd", "2025-05-15T09:00:00.000Z", media="voice"),
]


@dataclass
class Planted:
    """An object as it is put; each field may be made a lie before."""

    key: str
    body: bytes
    content_type: str = "application/json"
    locked: bool = True
    mode: str = "COMPLIANCE"
    until: datetime = UNTIL
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class Bucket:
    """A bucket in the making: what is put, and what the manifests say of it."""

    endpoint_url: str
    name: str
    objects: dict[str, Planted]
    manifests: dict[str, dict[str, Any]]
    text_exports: bool = True

    def put(self, planted: Planted) -> str:
        lock: dict[str, Any] = {"ObjectLockMode": planted.mode, "ObjectLockRetainUntilDate": planted.until}
        answer = connect(self.endpoint_url).put_object(
            Bucket=self.name,
            Key=planted.key,
            Body=planted.body,
            ContentType=planted.content_type,
            ChecksumAlgorithm="SHA256",
            Metadata=planted.metadata,
            **(lock if planted.locked else {}),
        )
        return answer["VersionId"]

    def verdict(self) -> Verdict:
        """Put everything, the manifests last, and judge."""
        versions = {key: self.put(planted) for key, planted in self.objects.items()}
        for key, document in self.manifests.items():
            for entry in document["objects"]:
                entry.setdefault("versionId", versions.get(entry["key"], "none"))
            self.put(Planted(key, json.dumps(document).encode()))
        return self.judged()

    def judged(self) -> Verdict:
        standing = read_all(connect(self.endpoint_url), self.name, "archive/")
        return judge(standing, DAY, TRUTH, NEIGHBOURS, text_exports=self.text_exports)


def key_of(truth: dict[str, Any], name: str) -> str:
    return f"archive/{truth['conversationEnd'][:10]}/{truth['conversationId']}/{name}"


@pytest.fixture
def bucket(s3_endpoint: str) -> Bucket:
    """An honest bucket, not yet put."""
    name = f"judged-{next(_bucket_numbers)}"
    connect(s3_endpoint).create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    made = Bucket(s3_endpoint, name, {}, {})
    audio = [("recordings/a1.ogg", b"ogg", "audio/ogg", "a1")]
    email = [
        ("recordings/b1.eml", b"eml", "message/rfc822", "b1"),
        ("recordings/b1.2.json", transcript(), "application/json", "b1"),
        ("recordings/b1/attachments/1", b"pdf", "application/pdf", "b1"),
    ]
    states = {
        VOICE: [("a1", "stored", "stored"), ("a2", "review", "not ready after 4 h"), ("a3", "absent", "deleted")],
        EMAIL: [("b1", "stored", "stored")],
        NEIGHBOUR: [],
    }
    for truth, files in ((TRUTH[0], audio), (TRUTH[1], email), (NEIGHBOURS[0], [])):
        entries = []
        for path, body, content_type, recording in [("conversation.json", b"{}", "application/json", None), *files]:
            key = key_of(truth, path)
            metadata = {"sha256-hash": sha256(body), "conversation-id": truth["conversationId"]}
            made.objects[key] = Planted(key, body, content_type, metadata=metadata)
            entries.append(
                {
                    "key": key,
                    "sizeBytes": len(body),
                    "sha256": sha256(body),
                    "contentType": content_type,
                    "lockMode": "COMPLIANCE",
                    "retainUntil": "2032-06-01T00:00:00.000Z",
                    "recordingId": recording,
                }
            )
        start, end = (datetime.fromisoformat(truth[name]) for name in ("conversationStart", "conversationEnd"))
        made.manifests[key_of(truth, "manifest.json")] = {
            "conversationId": truth["conversationId"],
            "archiveDate": truth["conversationEnd"][:10],
            "endedAt": truth["conversationEnd"],
            "durationMs": round((end - start).total_seconds() * 1000),
            "queueIds": ["queue-a", "queue-b"],
            "mediaTypes": truth["mediaTypes"],
            "retentionClass": "calls",
            "retentionYears": 7,
            "lockMode": "COMPLIANCE",
            "retainUntil": "2032-06-01T00:00:00.000Z",
            "recordings": [
                {
                    "recordingId": identity,
                    "state": state,
                    "reason": reason,
                    "objects": [entry["key"] for entry in entries if entry["recordingId"] == identity],
                }
                for identity, state, reason in states[truth["conversationId"]]
            ],
            "objects": entries,
        }
    return made


AUDIO = key_of(TRUTH[0], "recordings/a1.ogg")
EML = key_of(TRUTH[1], "recordings/b1.eml")
TRANSCRIPT = key_of(TRUTH[1], "recordings/b1.2.json")
ATTACHMENT = key_of(TRUTH[1], "recordings/b1/attachments/1")
VOICE_MANIFEST = key_of(TRUTH[0], "manifest.json")
EMAIL_MANIFEST = key_of(TRUTH[1], "manifest.json")


def manifest_entry(bucket: Bucket, key: str) -> dict[str, Any]:
    entries = [entry for document in bucket.manifests.values() for entry in document["objects"]]
    return next(entry for entry in entries if entry["key"] == key)


def plant_bytes(bucket: Bucket, key: str, body: bytes) -> None:
    """Other bytes, about which manifest and metadata agree: only the truth can tell."""
    bucket.objects[key].body = body
    bucket.objects[key].metadata["sha256-hash"] = sha256(body)
    manifest_entry(bucket, key).update(sizeBytes=len(body), sha256=sha256(body))


def test_an_honest_bucket_is_the_truth(bucket: Bucket) -> None:
    verdict = bucket.verdict()
    assert verdict.mismatches == []
    assert verdict.conversations == {"archived": 1, "review": 1}
    assert verdict.classes == {"calls": 2}
    assert [verdict.recordings_in(state) for state in ("stored", "absent", "review")] == [2, 1, 1]
    assert verdict.reasons == {("review", "not ready after 4 h"): 1, ("absent", "deleted"): 1}
    of_day = [key for key in [*bucket.objects, *bucket.manifests] if f"/{DAY}/" in key]
    assert verdict.objects == len(of_day) == 8


def test_a_neighbour_may_be_missing(bucket: Bucket) -> None:
    for store in (bucket.objects, bucket.manifests):
        for key in [key for key in store if NEIGHBOUR in key]:
            store.pop(key)
    assert bucket.verdict().mismatches == []


Lie = Callable[[Bucket], object]
LIES: dict[str, tuple[Lie, str]] = {
    "object missing": (lambda b: b.objects.pop(AUDIO), f"{AUDIO}: on the manifest, but not in the bucket"),
    "manifest missing": (lambda b: b.manifests.pop(VOICE_MANIFEST), f"{VOICE}: no manifest"),
    "manifest unreadable": (
        lambda b: b.manifests[VOICE_MANIFEST].pop("durationMs"),
        "its manifest can't be read: KeyError('durationMs')",
    ),
    "object nobody names": (
        lambda b: b.objects.update({f"{AUDIO}.bak": Planted(f"{AUDIO}.bak", b"")}),
        f"{AUDIO}.bak: no manifest names it",
    ),
    "conversation that never was": (
        lambda b: b.manifests.update({f"archive/{DAY}/5-e/manifest.json": {"objects": []}}),
        "conversation 5-e: archived, but it did not end then",
    ),
    "bytes not those recorded": (
        lambda b: plant_bytes(b, AUDIO, b"noise"),
        f"{AUDIO} holds other bytes than were recorded",
    ),
    "bytes not those hashed": (
        lambda b: setattr(b.objects[AUDIO], "body", b"wav"),
        f"{AUDIO}: sha256 is '{sha256(b'wav')}', the manifest says '{sha256(b'ogg')}'",
    ),
    "attachment replaced": (lambda b: plant_bytes(b, ATTACHMENT, b"virus"), "recording b1: 1.pdf is not stored"),
    "attachment nobody sent": (
        lambda b: plant_bytes(b, ATTACHMENT, b"virus"),
        f"{ATTACHMENT} is neither a transcript nor anything that was sent",
    ),
    "export replaced": (lambda b: plant_bytes(b, EML, b"spam"), "recording b1: EML is not stored"),
    "a message missing": (
        lambda b: plant_bytes(b, TRANSCRIPT, transcript(messages=1)),
        "recording b1: no transcript of it with 2 messages stands, only of [1]",
    ),
    "another recording's transcript": (
        lambda b: plant_bytes(b, TRANSCRIPT, transcript(recording="b2")),
        "recording b1: no transcript of it with 2 messages stands, only of []",
    ),
    "another conversation's transcript": (
        lambda b: plant_bytes(b, TRANSCRIPT, transcript(conversation=VOICE)),
        "recording b1: no transcript of it with 2 messages stands, only of []",
    ),
    "size wrong on the manifest": (lambda b: manifest_entry(b, AUDIO).update(sizeBytes=4), f"{AUDIO}: sizeBytes is 3"),
    "type wrong on the manifest": (
        lambda b: manifest_entry(b, AUDIO).update(contentType="audio/wav"),
        f"{AUDIO}: contentType is 'audio/ogg', the manifest says 'audio/wav'",
    ),
    "version wrong on the manifest": (
        lambda b: manifest_entry(b, AUDIO).update(versionId="other"),
        f"{AUDIO}: versionId is ",
    ),
    "hash in metadata wrong": (
        lambda b: b.objects[AUDIO].metadata.update({"sha256-hash": "0"}),
        f"{AUDIO}: the hash in its metadata is not that of its bytes",
    ),
    "metadata of another conversation": (
        lambda b: b.objects[AUDIO].metadata.update({"conversation-id": EMAIL}),
        f"{AUDIO}: its metadata names another conversation",
    ),
    "no lock": (lambda b: setattr(b.objects[AUDIO], "locked", False), f"{AUDIO}: not locked"),
    "weaker lock": (
        lambda b: setattr(b.objects[AUDIO], "mode", "GOVERNANCE"),
        f"{AUDIO}: locked in mode GOVERNANCE, not COMPLIANCE",
    ),
    "shorter lock": (
        lambda b: setattr(b.objects[AUDIO], "until", datetime(2030, 1, 1, tzinfo=UTC)),
        f"{AUDIO}: locked until 2030-01-01",
    ),
    "lock shorter than promised": (
        lambda b: manifest_entry(b, AUDIO).update(retainUntil="2030-01-01T00:00:00Z"),
        f"{AUDIO}: locked for less than its manifest promises",
    ),
    "kept for fewer years": (
        lambda b: b.manifests[EMAIL_MANIFEST].update(retentionYears=8),
        f"{EMAIL}: kept until 2032-06-01T00:00:00.000Z, not 8 years",
    ),
    "manifest's own lock": (
        lambda b: b.manifests[EMAIL_MANIFEST].update(lockMode="GOVERNANCE"),
        f"{EMAIL_MANIFEST}: locked in mode COMPLIANCE, not GOVERNANCE",
    ),
    "duration": (lambda b: b.manifests[VOICE_MANIFEST].update(durationMs=1), "durationMs is 1, not 300500"),
    "queues": (lambda b: b.manifests[VOICE_MANIFEST].update(queueIds=[]), "queueIds is []"),
    "end": (
        lambda b: b.manifests[VOICE_MANIFEST].update(endedAt="2025-05-14T10:05:01.000Z"),
        "endedAt is 2025-05-14T10:05:01.000Z",
    ),
    "no record": (
        lambda b: b.manifests[VOICE_MANIFEST]["objects"].pop(0),
        "its record, conversation.json, is not on the manifest",
    ),
    "recording forgotten": (
        lambda b: b.manifests[VOICE_MANIFEST]["recordings"].pop(1),
        "recording a2 is not on the manifest",
    ),
    "recording invented": (
        lambda b: b.manifests[VOICE_MANIFEST]["recordings"].append({"recordingId": "a9", "state": "absent"}),
        "recording a9 does not exist",
    ),
    "given up without need": (
        lambda b: b.manifests[EMAIL_MANIFEST]["recordings"][0].update(state="review", reason="tired"),
        "late in Genesys, so stored, but it is review (tired)",
    ),
    "review without a reason": (
        lambda b: b.manifests[VOICE_MANIFEST]["recordings"][1].update(reason=""),
        "recording a2: in review without a reason",
    ),
    "stored as nothing": (
        lambda b: b.manifests[VOICE_MANIFEST]["recordings"][0].update(objects=[]),
        "recording a1: stored, but its objects are not on the manifest",
    ),
    "neighbour's lie": (
        lambda b: b.manifests[key_of(NEIGHBOURS[0], "manifest.json")].update(mediaTypes=["chat"]),
        f"{NEIGHBOUR}: mediaTypes is ['chat']",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found(bucket: Bucket, lie: str) -> None:
    plant, expected = LIES[lie]
    plant(bucket)
    mismatches = bucket.verdict().mismatches
    assert any(expected in mismatch for mismatch in mismatches), mismatches


def test_without_exports_the_transcript_is_the_record_and_no_eml_is_asked_for(bucket: Bucket) -> None:
    bucket.text_exports = False
    bucket.objects.pop(EML)
    manifest = bucket.manifests[EMAIL_MANIFEST]
    manifest["objects"] = [entry for entry in manifest["objects"] if entry["key"] != EML]
    manifest["recordings"][0]["objects"].remove(EML)
    assert bucket.verdict().mismatches == []


def test_a_second_version_is_found(bucket: Bucket) -> None:
    bucket.verdict()
    bucket.put(bucket.objects[AUDIO])
    assert f"{AUDIO}: 2 versions" in bucket.judged().mismatches


def test_a_delete_marker_is_found(bucket: Bucket) -> None:
    bucket.verdict()
    connect(bucket.endpoint_url).delete_object(Bucket=bucket.name, Key=AUDIO)
    assert f"{AUDIO}: a delete marker" in bucket.judged().mismatches


def test_what_is_not_a_manifest_is_named(bucket: Bucket) -> None:
    bucket.manifests.pop(VOICE_MANIFEST)
    bucket.objects[VOICE_MANIFEST] = Planted(VOICE_MANIFEST, b"not json")
    assert f"{VOICE_MANIFEST}: not a manifest" in bucket.verdict().mismatches


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.times(), st.integers(0, 15))
def test_years_are_never_less_than_asked(day: date, at: time, years: int) -> None:
    instant = datetime.combine(day, at, UTC)
    later = _years_after(instant, years)
    assert later.year == instant.year + years
    assert (later.month, later.day) in ((instant.month, instant.day), (3, 1))
    assert later.time() == instant.time()
