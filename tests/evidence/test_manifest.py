"""The manifest keeps to its schema, tells what is true, and can be written for any record."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from strongroom.canonical import canonical_json, sha256_hex
from strongroom.evidence.manifest import (
    Manifest,
    ManifestObject,
    ManifestRecording,
    Predecessor,
    first_day_without_lock,
)
from strongroom.times import parse_instant, start_of

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

# archiving-guide.txt, section 2
GUIDES_FIELDS = [
    "conversationId",
    "archiveDate",
    "capturedAt",
    "endedAt",
    "durationMs",
    "participants",
    "queueIds",
    "mediaTypes",
    "retentionClass",
    "retentionYears",
    "scheduledDeletionDate",
    "genesysCloudRegion",
]

START = datetime(2025, 5, 14, 23, 58, 59, 1_000, tzinfo=UTC)
END = datetime(2025, 5, 15, 0, 10, 0, 999_000, tzinfo=UTC)
RETAIN_UNTIL = datetime(2032, 5, 15, 0, 10, 0, 999_000, tzinfo=UTC)
QUEUE, OTHER_QUEUE = "f3c1f2a4-0000-4000-8000-000000000001", "0b1f2a4c-0000-4000-8000-000000000002"

RECORD: dict[str, Any] = {
    "conversationId": "8d0c2c9e-6f0a-4a0e-9f5e-3f6f7a1b2c3d",
    "participants": [
        {
            "participantId": "p1",
            "purpose": "customer",
            "sessions": [{"mediaType": "voice", "segments": [{"segmentType": "ivr"}, {"queueId": QUEUE}]}],
        },
        {
            "participantId": "p2",
            "purpose": "agent",
            "userId": "u1",
            "participantName": "Ånn",
            "sessions": [
                {"mediaType": "voice", "queueId": "not here", "segments": [{"queueId": QUEUE}]},
                {"mediaType": "email", "segments": [{"queueId": OTHER_QUEUE}]},
            ],
        },
    ],
}

RECORDING_OBJECT = ManifestObject(
    key="archive/2025-05-15/8d0c2c9e-6f0a-4a0e-9f5e-3f6f7a1b2c3d/recordings/r1.wav",
    version_id="v1",
    size_bytes=3,
    sha256="a" * 64,
    content_type="audio/wav",
    lock_mode="COMPLIANCE",
    retain_until=RETAIN_UNTIL,
    recording_id="r1",
    part="recordings/r1/1",
    file_name=None,
)
CONVERSATION_OBJECT = replace(
    RECORDING_OBJECT,
    key="archive/2025-05-15/8d0c2c9e-6f0a-4a0e-9f5e-3f6f7a1b2c3d/conversation.json",
    recording_id=None,
    part="conversation",
)

MANIFEST = Manifest(
    conversation_id=UUID("8d0c2c9e-6f0a-4a0e-9f5e-3f6f7a1b2c3d"),
    revision=1,
    predecessor=None,
    day=date(2025, 5, 15),
    conversation_start=START,
    conversation_end=END,
    record=RECORD,
    names={
        "organisation": {"id": "o1", "name": "Example", "domain": "example"},
        "queues": {QUEUE: "Advice", OTHER_QUEUE: None},
        "wrapUpCodes": {},
        "divisions": {},
        "users": {"u1": "Ånn Example"},
    },
    region="mypurecloud.ie",
    retention_class="financial-advice-voice",
    basis="FINRA Rule 4511(b)",
    retained_years=7,
    lock_mode="COMPLIANCE",
    retain_until=RETAIN_UNTIL,
    policy_version="sha256:1",
    policy_document="d" * 64,
    reasons=["rule 'advice' matched: queue 'Advice'"],
    defaulted=False,
    pipeline_version="0.1.0",
    archived_at=END + timedelta(hours=1),
    trial=False,
    recordings=[
        ManifestRecording("r1", "s1", "audio", "stored", "1 object stands in the vault", (RECORDING_OBJECT.key,), ()),
        ManifestRecording("session:s2", "s2", None, "review", "given up after 4 hours", (), ()),
        ManifestRecording(
            "r2",
            "s2",
            "email",
            "review",
            "Genesys can't give its transcript",
            (),
            [{"part": "transcript", "reason": "EMAIL_TRANSCRIPT_TOO_LARGE"}],
        ),
    ],
    objects=[CONVERSATION_OBJECT, RECORDING_OBJECT],
)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_manifest_keeps_to_the_schema() -> None:
    VALIDATOR.validate(json.loads(canonical_json(MANIFEST.document())))


def test_its_first_twelve_fields_are_the_guides_and_the_schema_says_so() -> None:
    assert list(MANIFEST.document())[:12] == GUIDES_FIELDS
    described_as_guides = [
        name for name, field in SCHEMA["properties"].items() if field.get("description", "").startswith("Guide: ")
    ]
    assert described_as_guides == GUIDES_FIELDS


def test_every_field_is_described() -> None:
    def undescribed(schema: dict[str, Any], path: str) -> list[str]:
        target = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else {}
        found = [] if "description" in schema or "description" in target else [path]
        for name, field in schema.get("properties", {}).items():
            found += undescribed(field, f"{path}/{name}")
        return found + (undescribed({"description": "", **schema["items"]}, f"{path}[]") if "items" in schema else [])

    missing = undescribed(SCHEMA, "")
    assert missing == [f"/names/organisation/{name}" for name in ("id", "name", "domain")]


def _objects_of(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for each in schema for found in _objects_of(each)]
    if not isinstance(schema, dict):
        return []
    inner = [found for each in schema.values() for found in _objects_of(each)]
    return [schema, *inner] if schema.get("type") == "object" else inner


def test_the_schema_is_strict_wherever_the_fields_are_ours() -> None:
    for schema in _objects_of(SCHEMA):
        if "properties" in schema:
            assert schema["additionalProperties"] is False
            assert set(schema["required"]) == set(schema["properties"]) - {"trial", "policyDocument"}


def test_a_manifest_of_before_there_was_a_policy_document_names_none() -> None:
    document = replace(MANIFEST, policy_document=None).document()
    assert "policyDocument" not in document
    VALIDATOR.validate(json.loads(canonical_json(document)))
    assert not VALIDATOR.is_valid(json.loads(canonical_json(document | {"policyDocument": None})))


def test_only_a_trial_s_manifest_says_that_it_is_one() -> None:
    assert "trial" not in MANIFEST.document()
    document = replace(MANIFEST, trial=True).document()
    assert document.pop("trial") is True
    assert document == MANIFEST.document()
    assert not Draft202012Validator(SCHEMA).is_valid(document | {"trial": False})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("surprise",), 1),
        (("conversationId",), "8D0C2C9E"),
        (("durationMs",), -1),
        (("durationMs",), 1.5),
        (("scheduledDeletionDate",), "2032-02-30"),
        (("endedAt",), "2025-05-15T00:10:00Z"),
        (("retainUntil",), "2025-05-15T00:10:00.000+02:00"),
        (("lockMode",), "NONE"),
        (("revision",), 0),
        (("reasons",), []),
        (("queueIds",), [None]),
        (("queueIds",), [QUEUE, QUEUE]),
        (("participants", 0, "surprise"), 1),
        (("recordings", 0, "state"), "waiting"),
        (("recordings", 0, "objects"), []),
        (("objects", 0, "sha256"), "A" * 64),
        (("objects", 0, "versionId"), ""),
        (("objects", 0, "key"), "elsewhere/x"),
    ],
)
def test_what_is_wrong_is_refused_by_the_schema(path: tuple[Any, ...], value: object) -> None:
    document = json.loads(canonical_json(MANIFEST.document()))
    target = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize("name", sorted(MANIFEST.document().keys() - {"policyDocument"}))
def test_nothing_may_be_left_out(name: str) -> None:
    document = json.loads(canonical_json(MANIFEST.document()))
    del document[name]
    assert not VALIDATOR.is_valid(document)


def test_what_it_tells() -> None:
    document = MANIFEST.document()
    assert (document["capturedAt"], document["endedAt"]) == ("2025-05-14T23:58:59.001Z", "2025-05-15T00:10:00.999Z")
    assert document["archiveDate"] == "2025-05-15"
    assert document["durationMs"] == 661_998
    assert document["queueIds"] == [OTHER_QUEUE, QUEUE]
    assert document["mediaTypes"] == ["email", "voice"]
    assert document["genesysCloudRegion"] == "mypurecloud.ie"
    assert document["scheduledDeletionDate"] == "2032-05-16"
    assert document["participants"][1] == {
        "participantId": "p2",
        "purpose": "agent",
        "userId": "u1",
        "participantName": "Ånn",
        "mediaTypes": ["email", "voice"],
    }
    assert document["objects"][1]["versionId"] == "v1"
    assert document["recordings"][0]["objects"] == [RECORDING_OBJECT.key]


def test_a_revision_names_the_one_before() -> None:
    predecessor = Predecessor(1, "archive/2025-05-15/c/manifest.json", "v0", "a" * 64)
    document = replace(MANIFEST, revision=2, predecessor=predecessor).document()
    assert document["revision"] == 2
    assert document["predecessor"] == {
        "revision": 1,
        "key": "archive/2025-05-15/c/manifest.json",
        "versionId": "v0",
        "sha256": "a" * 64,
    }
    VALIDATOR.validate(document)


milliseconds = st.integers(0, 10**13)


@given(start_ms=milliseconds, duration_ms=st.integers(0, 10**11))
def test_the_duration_is_that_between_the_times_told(start_ms: int, duration_ms: int) -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=start_ms)
    end = start + timedelta(milliseconds=duration_ms)
    document = replace(MANIFEST, conversation_start=start, conversation_end=end).document()
    assert document["durationMs"] == duration_ms
    told = parse_instant(document["endedAt"]) - parse_instant(document["capturedAt"])
    assert told == timedelta(milliseconds=duration_ms)


@pytest.mark.parametrize(
    ("retain_until", "day"),
    [
        ("2032-05-15T00:00:00.000Z", "2032-05-15"),
        ("2032-05-15T00:00:00.001Z", "2032-05-16"),
        ("2032-05-15T23:59:59.999Z", "2032-05-16"),
        ("2032-05-15T01:00:00.000+02:00", "2032-05-15"),
        ("2031-12-31T12:00:00.000Z", "2032-01-01"),
        ("2032-02-28T12:00:00.000Z", "2032-02-29"),
    ],
)
def test_the_first_day_without_lock(retain_until: str, day: str) -> None:
    assert first_day_without_lock(parse_instant(retain_until)).isoformat() == day


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime.max - timedelta(days=1)))  # noqa: DTZ901
def test_the_deletion_date_is_never_a_day_too_early_nor_too_late(retain_until: datetime) -> None:
    first = start_of(first_day_without_lock(retain_until))
    assert timedelta(0) <= first - retain_until < timedelta(days=1)


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=10,
    # as JSON from outside is read: two surrogates side by side are one character then
).map(lambda document: json.loads(json.dumps(document)))


def _either(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value as it should be, or any other."""
    return strategy | ANY_JSON


def _record(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={name: _either(value) for name, value in members.items()})


SEGMENTS = _record(queueId=ANY_TEXT)
SESSIONS = _record(mediaType=ANY_TEXT, segments=st.lists(_either(SEGMENTS), max_size=3))
PARTICIPANTS = _record(
    participantId=ANY_TEXT,
    purpose=ANY_TEXT,
    userId=ANY_TEXT,
    participantName=ANY_TEXT,
    sessions=st.lists(_either(SESSIONS), max_size=3),
)


@given(record=_record(participants=st.lists(_either(PARTICIPANTS), max_size=3)))
def test_any_record_has_a_manifest_that_keeps_to_the_schema(record: dict[str, Any]) -> None:
    manifest = json.loads(canonical_json(replace(MANIFEST, record=record).document()))
    VALIDATOR.validate(manifest)


@given(document=ANY_JSON)
def test_canonical_json_comes_back_as_it_was(document: object) -> None:
    assert json.loads(canonical_json(document)) == document


@given(document=st.dictionaries(ANY_TEXT, ANY_JSON), random=st.randoms())
def test_one_document_is_one_byte_sequence(document: dict[str, Any], random: Any) -> None:
    keys = list(document)
    random.shuffle(keys)
    assert canonical_json({key: document[key] for key in keys}) == canonical_json(document)


@pytest.mark.parametrize(
    ("document", "encoded"),
    [
        ({"b": 1, "a": ["é", None, True]}, '{"a":["é",null,true],"b":1}'.encode()),
        ({"a": "\x00\u2028"}, '{"a":"\\u0000\u2028"}'.encode()),
        # one lone surrogate, and all that is not ASCII is escaped
        ({"a": "\ud800é"}, b'{"a":"\\ud800\\u00e9"}'),
    ],
)
def test_canonical_json_as_it_is(document: object, encoded: bytes) -> None:
    assert canonical_json(document) == encoded


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_cannot_hold_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([number])


def test_sha256_of_nothing() -> None:
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
