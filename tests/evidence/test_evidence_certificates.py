"""A certificate is read back as it was written, and nothing else is taken for one."""

import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import canonical_json
from strongroom.evidence.certificates import (
    Certificate,
    EndedObject,
    EndedRecord,
    EndedRevision,
    ended_words,
    read_certificate,
)
from strongroom.evidence.errors import ProofRefused

AT = datetime(2033, 4, 1, 9, 30, tzinfo=UTC)
OBJECT = EndedObject("archive/2026-03-10/x/manifest.json", "v1", 100, "a" * 64, "manifest")
REVISION = EndedRevision(
    1, date(2026, 3, 10), AT, AT, "email", "FINRA Rule 4511(b)", "COMPLIANCE", AT, "b" * 64, 7, (OBJECT,)
)
RECORD = EndedRecord(UUID(int=1), (REVISION,))
CERTIFICATE = Certificate(7, "erasure", 3, "DSR-2026-17", False, "rita", AT, "eve", AT, "ron", AT, (RECORD,))

texts = st.text(min_size=1, max_size=20)
numbers = st.integers(1, 10**9)
instants = st.integers(0, 10**12).map(lambda ms: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
objects = st.builds(
    EndedObject, texts, texts, st.integers(0, 10**12), st.binary(min_size=32, max_size=32).map(bytes.hex), texts
)
revisions = st.builds(
    EndedRevision,
    numbers,
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    instants,
    instants,
    texts,
    texts,
    texts,
    instants,
    texts,
    st.none() | st.integers(0, 10**9),
    st.lists(objects, max_size=3).map(tuple),
)
records = st.builds(EndedRecord, st.uuids(), st.lists(revisions, max_size=3).map(tuple))
certificates = st.builds(
    Certificate,
    numbers,
    st.sampled_from(("disposition", "erasure")),
    numbers,
    st.none() | texts,
    st.booleans(),
    texts,
    instants,
    texts,
    instants,
    texts,
    instants,
    st.lists(records, max_size=3).map(tuple),
)


@given(certificates)
def test_it_is_read_back_as_it_was_written(certificate: Certificate) -> None:
    assert read_certificate(certificate.bytes()) == certificate


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "accident"},
        {"certificate": 0},
        {"certificate": "7"},
        {"records": {}},
        {"madeAt": "2033-04-01T09:30:00"},
        {"more": 1},
    ],
    ids=str,
)
def test_what_is_no_certificate_is_refused(change: dict[str, object]) -> None:
    document = json.loads(CERTIFICATE.bytes())
    with pytest.raises(ProofRefused):
        read_certificate(canonical_json(document | change))


def test_another_spelling_is_refused_and_so_is_what_is_no_json() -> None:
    document = json.loads(CERTIFICATE.bytes())
    for content in (json.dumps(document).encode(), b"", b"[]", CERTIFICATE.bytes() + b"\n"):
        with pytest.raises(ProofRefused):
            read_certificate(content)


def test_what_is_said_of_a_record() -> None:
    assert ended_words("erasure", 7) == "erased under certificate 7"
    assert ended_words("disposition", 7) == "disposed of under certificate 7"
    manifest = REVISION.manifest()
    assert manifest == OBJECT
