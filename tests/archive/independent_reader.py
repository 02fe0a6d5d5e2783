"""A stranger's reader of the bucket, written from docs/format.md alone: nothing of Strongroom is imported.

Python's standard library, an S3 client that it is given, and `cryptography` for Ed25519.
"""

import base64
import hashlib
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MANIFEST = re.compile(r"archive/([0-9-]{10})/([0-9a-f-]{36})(?:/r([0-9]+))?/manifest\.json")


def sha(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def canonical(document: Any) -> bytes:
    """Canonical JSON."""
    options: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "allow_nan": False}
    try:
        return json.dumps(document, ensure_ascii=False, **options).encode()
    except UnicodeEncodeError:
        return json.dumps(document, **options).encode()


def root_of(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written there."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(hashes[:split]) + root_of(hashes[split:])).digest()


class Bucket:
    """The bucket, by the oldest version of each key."""

    def __init__(self, client: Any, name: str) -> None:
        self.client, self.name = client, name
        self.versions: dict[str, str] = {}
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
            for one in page.get("Versions", []):
                self.versions[one["Key"]] = one["VersionId"]

    def read(self, key: str, version: str | None = None) -> bytes:
        """The bytes at a key."""
        answer = self.client.get_object(Bucket=self.name, Key=key, VersionId=version or self.versions[key])
        content: bytes = answer["Body"].read()
        assert answer["Metadata"]["sha256-hash"] == sha(content), key
        return content

    def below(self, prefix: str) -> list[str]:
        """The keys below a prefix, in order."""
        return sorted(key for key in self.versions if key.startswith(prefix))


def read_everything(client: Any, name: str, verifier_key: str) -> dict[str, int]:
    """Derive all of it again; how many of each there are. Raises AssertionError, InvalidSignature."""
    bucket = Bucket(client, name)
    entries = read_log(bucket, verifier_key)
    named = read_records(bucket, entries)
    lines = read_custody(bucket, entries)
    for key in bucket.below("evidence/policies/"):
        suffix = key.rpartition(".")[2]
        assert suffix in {"yaml", "md"}
        assert key == f"evidence/policies/{sha(bucket.read(key))}.{suffix}"
    assert set(bucket.below("archive/")) == named
    return {"entries": len(entries), "objects": len(named), "lines": lines}


def read_log(bucket: Bucket, verifier_key: str) -> list[dict[str, Any]]:
    """Every entry of the log, its checkpoints' roots, signatures and tiles checked."""
    entries: list[bytes] = []
    newest = int(bucket.below("evidence/log/checkpoints/")[-1][-20:])
    for first in range(0, newest, 256):
        content = bucket.read(tile("entries", first // 256, min(256, newest - first)))
        while content:
            length = int.from_bytes(content[:2], "big")
            entries.append(content[2 : 2 + length])
            content = content[2 + length :]
    assert len(entries) == newest
    leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
    for key in bucket.below("evidence/log/checkpoints/"):
        origin, size, root = opened(bucket.read(key), verifier_key)
        assert key[-20:] == f"{size:020}"
        assert root == root_of(leaves[:size]), origin
        level, row = 0, leaves[:size]
        while row:
            for first in range(0, len(row), 256):
                here = row[first : first + 256]
                assert bucket.read(tile(str(level), first // 256, len(here))) == b"".join(here)
            row = [root_of(row[at : at + 256]) for at in range(0, len(row) - len(row) % 256, 256)]
            level += 1
    parsed = [json.loads(entry) for entry in entries]
    assert [canonical(one) for one in parsed] == entries
    for one in parsed:
        if one["kind"] != "day":
            content = bucket.read(one["key"], one["versionId"])
            assert (len(content), sha(content)) == (one["sizeBytes"], one["sha256"]), one
        if one["kind"] == "key":
            assert bucket.read(one["key"]).decode() == one["verifierKey"] + "\n"
    return parsed


def tile(level: str, index: int, width: int) -> str:
    """The key of a tile."""
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"evidence/log/tile/{level}/{path}" + ("" if width == 256 else f".p/{width}")


def opened(note: bytes, verifier_key: str) -> tuple[str, int, bytes]:
    """A checkpoint whose signature by this key holds."""
    name, key_id, encoded = verifier_key.split("+", 2)
    blob = base64.b64decode(encoded)
    assert hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4].hex() == key_id
    text, _, signatures = note.decode().rpartition("\n\n")
    for line in signatures.splitlines():
        _, signer, signature = line.split(" ")
        raw = base64.b64decode(signature)
        if (signer, raw[:4].hex()) == (name, key_id):
            Ed25519PublicKey.from_public_bytes(blob[1:]).verify(raw[4:], text.encode() + b"\n")
            origin, size, root = text.split("\n")
            return origin, int(size), base64.b64decode(root)
    raise AssertionError("the key did not sign it")


def read_records(bucket: Bucket, entries: list[dict[str, Any]]) -> set[str]:
    """The keys of every object that a manifest names, and of the manifests; each read and hashed."""
    sealed = {one["key"]: one for one in entries if one["kind"] == "manifest"}
    named: set[str] = set()
    for key in bucket.below("archive/"):
        if (found := MANIFEST.fullmatch(key)) is None:
            continue
        content = bucket.read(key)
        manifest = json.loads(content)
        assert canonical(manifest) == content
        told = (manifest["archiveDate"], manifest["conversationId"], manifest["revision"])
        assert told == (found[1], found[2], int(found[3] or 1))
        if key in sealed:
            one = sealed.pop(key)
            assert (one["day"], one["conversationId"], one["revision"]) == told
        for each in manifest["objects"]:
            body = bucket.read(each["key"], each["versionId"])
            assert (len(body), sha(body)) == (each["sizeBytes"], each["sha256"]), each["key"]
            named.add(each["key"])
        named.add(key)
    assert not sealed, "the log has manifests that are not there"
    return named


def read_custody(bucket: Bucket, entries: list[dict[str, Any]]) -> int:
    """How many lines the custody chain has."""
    heads = {one["key"]: one for one in entries if one["kind"] == "custody"}
    position, previous, at = 0, "0" * 64, ""
    for key in bucket.below("evidence/custody/"):
        first = position + 1
        *lines, rest = bucket.read(key).split(b"\n")
        assert rest == b""
        for line in lines:
            event = json.loads(line)
            position += 1
            assert canonical(event) == line
            assert (event["position"], event["previous"]) == (position, previous)
            assert event["at"] >= at
            previous, at = sha(line), event["at"]
        if key in heads:
            one = heads[key]
            assert (one["first"], one["last"], one["head"], one["events"]) == (first, position, previous, len(lines))
    return position
