"""Entries of the log have one spelling each, and nothing that isn't one is taken for one."""

import json
import string
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing_keys import PETER
from tile_trees import flipped

from strongroom.canonical import canonical_json
from strongroom.evidence.entries import (
    CustodyEntry,
    DayEntry,
    Entry,
    KeyEntry,
    ManifestEntry,
    PolicyEntry,
    parse_entry,
)
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.tiles import MAX_ENTRY_BYTES

HASH = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
CONVERSATION = UUID("7f3a1c9e-0b1d-4c55-9a3e-2f6d8b0e4a11")
DAY = date(2026, 3, 10)
STORED: dict[str, Any] = {"key": "a/b", "version_id": "v1", "size_bytes": 7, "sha256": HASH}
STORED_JSON = {"key": "a/b", "versionId": "v1", "sizeBytes": 7, "sha256": HASH}

EXAMPLES: list[tuple[Entry, dict[str, Any], str]] = [
    (
        ManifestEntry(conversation_id=CONVERSATION, revision=2, day=DAY, **STORED),
        {"kind": "manifest", "conversationId": str(CONVERSATION), "revision": 2, "day": "2026-03-10"} | STORED_JSON,
        f"manifest/{CONVERSATION}/2",
    ),
    (
        CustodyEntry(day=DAY, events=3, first=8, last=10, head=HASH, **STORED),
        {"kind": "custody", "day": "2026-03-10", "events": 3, "first": 8, "last": 10, "head": HASH} | STORED_JSON,
        "custody/2026-03-10",
    ),
    (
        PolicyEntry(policy_version=HASH, **STORED),
        {"kind": "policy", "policyVersion": HASH} | STORED_JSON,
        f"policy/{HASH}",
    ),
    (KeyEntry(verifier_key=PETER, **STORED), {"kind": "key", "verifierKey": PETER} | STORED_JSON, f"key/{PETER}"),
    (
        DayEntry(day=DAY, late=False, manifests=0),
        {"kind": "day", "day": "2026-03-10", "late": False, "manifests": 0},
        "day/2026-03-10/0",
    ),
]
DOCUMENTS = [document for _, document, _ in EXAMPLES]


@pytest.mark.parametrize(("entry", "document", "ref"), EXAMPLES, ids=lambda value: getattr(value, "kind", None))
def test_an_entry_is_its_document_in_canonical_json(entry: Entry, document: dict[str, Any], ref: str) -> None:
    assert entry.bytes() == canonical_json(document)
    assert parse_entry(entry.bytes()) == entry
    assert (entry.kind, entry.ref) == (document["kind"], ref)
    assert str(entry.day or "") == document.get("day", "")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_trial_is_said_when_it_is_one_and_only_then(document: dict[str, Any]) -> None:
    entry = parse_entry(canonical_json(document | {"trial": True}))
    assert entry.trial
    assert json.loads(entry.bytes()) == document | {"trial": True}
    with pytest.raises(ProofRefused):
        parse_entry(canonical_json(document | {"trial": False}))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_each_field_must_be_there_and_no_other(document: dict[str, Any]) -> None:
    for name in document:
        with pytest.raises(ProofRefused):
            parse_entry(canonical_json({key: value for key, value in document.items() if key != name}))
    with pytest.raises(ProofRefused, match="fields"):
        parse_entry(canonical_json(document | {"callerName": "x"}))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
@pytest.mark.parametrize("wrong", [None, "", " ", -1, 1.5, True, [], {}, "2026-3-1", "x\n", "\ud800", "x" * 1_025])
def test_each_field_must_be_what_it_is(document: dict[str, Any], wrong: object) -> None:
    for name, value in document.items():
        if isinstance(value, bool) and isinstance(wrong, bool):
            continue
        if name in {"key", "versionId"} and wrong in (" ", "2026-3-1"):
            continue
        with pytest.raises(ProofRefused):
            parse_entry(canonical_json(document | {name: wrong}))


@pytest.mark.parametrize(
    "change",
    [
        {"conversationId": str(CONVERSATION).upper()},
        {"conversationId": CONVERSATION.hex},
        {"day": "20260310"},
        {"day": "2026-W11-2"},
        {"day": "2026-02-30"},
        {"revision": 0},
        {"revision": "2"},
        {"sha256": HASH.upper()},
        {"sha256": HASH[:-1]},
        {"kind": "Manifest"},
        {"kind": ["manifest"]},
    ],
    ids=str,
)
def test_another_spelling_of_a_value_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ProofRefused):
        parse_entry(canonical_json(DOCUMENTS[0] | change))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b'{"kind":"day","day":"2026-03-10","late":false,"manifests":' + b"9" * 10_000 + b"}",
        json.dumps(DOCUMENTS[4]).encode(),
        json.dumps(DOCUMENTS[4], separators=(",", ":")).encode(),
        b'{"day":"2026-03-10","day":"2026-03-10","kind":"day","late":false,"manifests":0}',
        canonical_json(DOCUMENTS[4]) + b"\n",
        canonical_json(DOCUMENTS[4]).decode().encode("utf-16"),
        b"\xef\xbb\xbf" + canonical_json(DOCUMENTS[4]),
    ],
    ids=range(14),
)
def test_what_is_no_entry_is_refused(content: bytes) -> None:
    with pytest.raises(ProofRefused, match="not an entry of the log"):
        parse_entry(content)


@settings(deadline=None)
@given(st.binary(max_size=100) | st.recursive(st.none() | st.text(), st.lists, max_leaves=5).map(canonical_json))
def test_whatever_comes_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(ProofRefused):
        parse_entry(content)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_what_a_changed_bit_leaves_is_no_entry_or_another(document: dict[str, Any]) -> None:
    content = canonical_json(document)
    for bit in range(len(content) * 8):
        changed = flipped(content, bit)
        try:
            assert parse_entry(changed).bytes() == changed
        except ProofRefused:
            continue


PRINTABLE = st.text(st.sampled_from(string.ascii_letters + 'é漢\U0001f600"\\/'), min_size=1, max_size=1_024)


@settings(deadline=None)
@given(key=PRINTABLE, version_id=PRINTABLE, number=st.integers(1, 2**62), trial=st.booleans())
def test_any_entry_is_read_back(key: str, version_id: str, number: int, trial: bool) -> None:
    entry = CustodyEntry(
        key=key,
        version_id=version_id,
        size_bytes=number,
        sha256=HASH,
        day=DAY,
        events=number,
        first=number,
        last=number,
        head=HASH,
        trial=trial,
    )
    assert parse_entry(entry.bytes()) == entry


def test_the_longest_entry_fits_a_bundle() -> None:
    longest = "\U0001f600" * 1_024
    entry = ManifestEntry(
        conversation_id=CONVERSATION,
        revision=2**62,
        day=DAY,
        key=longest,
        version_id=longest,
        size_bytes=2**62,
        sha256=HASH,
        trial=True,
    )
    assert len(entry.bytes()) < MAX_ENTRY_BYTES


@pytest.mark.parametrize("change", [{"sha256": "x"}, {"size_bytes": -1}, {"key": ""}, {"verifier_key": PETER[:-1]}])
def test_an_entry_of_impossible_values_is_never_made(change: dict[str, Any]) -> None:
    with pytest.raises(ProofRefused):
        KeyEntry(**({"verifier_key": PETER} | STORED | change))


def test_late_entries_of_a_day_have_refs_of_their_own() -> None:
    days = [DayEntry(day=DAY, late=late, manifests=count) for late, count in ((False, 5), (True, 6), (True, 8))]
    assert len({entry.ref for entry in days}) == 3
