"""Every kind of change that is planted: how it is made, and what must be named."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from planting import Forger, Planted

from strongroom.evidence.keys import FileSigner
from strongroom.evidence.notes import VerifierKey

Plant = Callable[[Forger], AbstractContextManager[Planted]]

KINDS: dict[str, Plant] = {}

_UNSEALED = "SELECT key FROM objects WHERE part = 'manifest' AND leaf_index IS NULL"


def kind(plant: Callable[[Forger], Iterator[Planted]]) -> Callable[[Forger], Iterator[Planted]]:
    """Take a kind of change down under its name."""
    KINDS[plant.__name__] = contextmanager(plant)
    return plant


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _conversation_of(key: str) -> str | None:
    return key.split("/")[2] if key.startswith("archive/") else None


def _any(forger: Forger, prefix: str, without: str = "\0") -> str:
    """Some key, of evidence or of a day that is sealed: before that, the ledger has nobody to contradict it."""
    unsealed = tuple(row[0].rpartition("/")[0] for row in forger.rows(_UNSEALED))
    keys = [key for key in forger.storage if key.startswith(prefix) and without not in key]
    return forger.chance.choice([key for key in keys if not (unsealed and key.startswith(unsealed))])


def _manifests(forger: Forger, count: int) -> list[str]:
    sealed = forger.rows("SELECT key FROM objects WHERE leaf_index IS NOT NULL ORDER BY key")
    return forger.chance.sample([row[0] for row in sealed], count)


def _exactly(forger: Forger, key: str) -> str:
    return f"/{key} version {forger.storage.version(key)}"


def _newest(forger: Forger) -> int:
    return int(forger.rows("SELECT max(size) FROM checkpoints")[0][0])


@kind
def byte_of_a_record(forger: Forger) -> Iterator[Planted]:
    """A byte of a file of a record."""
    key = _any(forger, "archive/", "manifest.json")
    with forger.storage.changed(key, forger.byte_changed(forger.storage.body(key))):
        yield Planted((_exactly(forger, key),), _conversation_of(key))


@kind
def byte_of_a_manifest(forger: Forger) -> Iterator[Planted]:
    """A byte of a manifest."""
    key = _manifests(forger, 1)[0]
    with forger.storage.changed(key, forger.byte_changed(forger.storage.body(key))):
        yield Planted((_exactly(forger, key),), _conversation_of(key))


def _byte_below(prefix: str, name: str) -> None:
    def plant(forger: Forger) -> Iterator[Planted]:
        key = _any(forger, prefix)
        with forger.storage.changed(key, forger.byte_changed(forger.storage.body(key))):
            yield Planted((_exactly(forger, key),))

    plant.__name__ = f"byte_of_{name}"
    kind(plant)


for _prefix, _name in (
    ("evidence/log/tile/0/", "a_hash_tile"),
    ("evidence/log/tile/entries/", "an_entry_bundle"),
    ("evidence/log/checkpoints/", "a_checkpoint"),
    ("evidence/log/timestamps/", "a_timestamp_or_its_chain"),
    ("evidence/log/keys/", "a_key"),
    ("evidence/custody/", "a_custody_day"),
    ("evidence/policies/", "a_policy"),
):
    _byte_below(_prefix, _name)


@kind
def byte_of_evidence_with_the_ledgers_hash(forger: Forger) -> Iterator[Planted]:
    """A byte of a tile, bundle or custody day, with the ledger's hash and the metadata to match."""
    key = _any(forger, forger.chance.choice(["evidence/log/tile/", "evidence/custody/", "evidence/log/timestamps/"]))
    body = forger.byte_changed(forger.storage.body(key))
    statement = "UPDATE evidence_objects SET sha256 = :sha256, size_bytes = :size WHERE key = :key"
    with (
        forger.storage.changed(key, body, metadata=True),
        forger.ledger(statement, sha256=_sha256(body), size=len(body), key=key),
    ):
        yield Planted((_exactly(forger, key),))


@kind
def record_with_the_ledgers_hash_and_metadata(forger: Forger) -> Iterator[Planted]:
    """A ledger hash changed together with the object's metadata, and its bytes, or not."""
    key = _any(forger, "archive/")
    body = forger.storage.body(key)
    changed = forger.byte_changed(body)
    statement = "UPDATE objects SET sha256 = :sha256, size_bytes = :size WHERE key = :key"
    with ExitStack() as changes:
        if forger.chance.random() < 0.5:
            changes.enter_context(forger.storage.changed(key, changed, metadata=True))
        else:
            changes.enter_context(forger.storage.said(key, _sha256(changed)))
        changes.enter_context(forger.ledger(statement, sha256=_sha256(changed), size=len(changed), key=key))
        yield Planted((_exactly(forger, key),), _conversation_of(key))


@kind
def swapped_manifests(forger: Forger) -> Iterator[Planted]:
    """Two conversations' manifests swapped, in the ledger too or not."""
    one, other = _manifests(forger, 2)
    bodies = {one: forger.storage.body(other), other: forger.storage.body(one)}
    with ExitStack() as changes:
        for key, body in bodies.items():
            changes.enter_context(forger.storage.changed(key, body, metadata=True))
        if forger.chance.random() < 0.5:
            hashes = {key: (_sha256(body), len(body)) for key, body in bodies.items()}
            changes.enter_context(
                forger.ledger(
                    "UPDATE objects SET sha256 = CASE key WHEN :one THEN :hash_one ELSE :hash_other END,"
                    " size_bytes = CASE key WHEN :one THEN :size_one ELSE :size_other END WHERE key IN (:one, :other)",
                    one=one,
                    other=other,
                    hash_one=hashes[one][0],
                    hash_other=hashes[other][0],
                    size_one=hashes[one][1],
                    size_other=hashes[other][1],
                )
            )
        yield Planted((_exactly(forger, one), _exactly(forger, other)))


@kind
def removed_object(forger: Forger) -> Iterator[Planted]:
    """An object gone from the vault, and from the ledger too or not."""
    key = _any(forger, forger.chance.choice(["archive/", "evidence/"]))
    statements = [f"DELETE FROM {table} WHERE key = :key" for table in ("objects", "intents", "evidence_objects")]
    with ExitStack() as changes:
        version = _exactly(forger, key)
        changes.enter_context(forger.storage.without([key]))
        if in_ledger := forger.chance.random() < 0.5:
            changes.enter_context(forger.ledger(*statements, key=key))
        named = f"/{key}" if in_ledger else version
        # without its tile or checkpoint the rest of the log can't be shown either
        yield Planted((named,), _conversation_of(key), alone=False)


@kind
def removed_conversation(forger: Forger) -> Iterator[Planted]:
    """A conversation gone from vault and ledger, and from the ledger's copy of the log or not."""
    manifest = _manifests(forger, 1)[0]
    conversation = manifest.split("/")[2]
    version = _exactly(forger, manifest)
    keys = [key for key in forger.storage if f"/{conversation}/" in key]
    tables = ["objects", "intents", "recordings", "conversations"]
    statements = [f"DELETE FROM {table} WHERE conversation_id = CAST(:one AS uuid)" for table in tables]
    if copy := forger.chance.random() < 0.5:
        statements.append("DELETE FROM log_entries WHERE ref LIKE 'manifest/' || :one || '/%'")
    with forger.storage.without(keys), forger.ledger(*statements, one=conversation):
        yield Planted((version,), None if copy else conversation, alone=not copy)


@kind
def truncated_log(forger: Forger) -> Iterator[Planted]:
    """The newest checkpoint gone with its tiles, from the ledger too or not: a witness has it."""
    newest = _newest(forger)
    ends = (f"{newest:020}", f"{newest:020}.tsr", f"{newest:020}.pem", f".p/{newest}")
    keys = [key for key in forger.storage if key.startswith("evidence/log/") and key.endswith(ends)]
    assert len(keys) == 5, keys
    statements = [
        "DELETE FROM checkpoints WHERE size = :newest",
        "DELETE FROM evidence_objects WHERE key LIKE '%' || CAST(:newest AS text) OR key LIKE '%' || :newest || '.___'",
        "DELETE FROM log_entries WHERE leaf_index >= (SELECT max(size) FROM checkpoints)",
    ]
    with ExitStack() as changes:
        changes.enter_context(forger.storage.without(keys))
        if forger.chance.random() < 0.5:
            changes.enter_context(forger.ledger(*statements, newest=str(newest)))
        yield Planted((f"/evidence/log/checkpoints/{newest:020}",), alone=False)


def _checkpoint_replaced(forger: Forger, size: int, note: bytes, root: bytes | None) -> ExitStack:
    key = f"evidence/log/checkpoints/{size:020}"
    changes = ExitStack()
    changes.enter_context(forger.storage.changed(key, note, metadata=True))
    statements = [
        "UPDATE checkpoints SET note = :note, root = coalesce(:root, root) WHERE size = :size",
        "UPDATE evidence_objects SET sha256 = :sha256, size_bytes = :length WHERE key = :key",
    ]
    if forger.chance.random() < 0.5:
        changes.enter_context(
            forger.ledger(
                *statements,
                note=note.decode(),
                root=None if root is None else root.hex(),
                size=size,
                sha256=_sha256(note),
                length=len(note),
                key=key,
            )
        )
    return changes


@kind
def forked_checkpoint(forger: Forger) -> Iterator[Planted]:
    """A checkpoint of another log of the same size, signed with the log's own key."""
    size = forger.chance.choice([int(row[0]) for row in forger.rows("SELECT size FROM checkpoints")])
    key, root = f"evidence/log/checkpoints/{size:020}", forger.chance.randbytes(32)
    note = forger.resigned(forger.storage.body(key), forger.signer(), root)
    with _checkpoint_replaced(forger, size, note, root):
        # its timestamp is over the other one
        yield Planted((_exactly(forger, key),), alone=False)


@kind
def checkpoint_signed_with_another_key(forger: Forger) -> Iterator[Planted]:
    """The same checkpoint, signed with a stranger's key of the same name."""
    size = forger.chance.choice([int(row[0]) for row in forger.rows("SELECT size FROM checkpoints")])
    key, private = f"evidence/log/checkpoints/{size:020}", Ed25519PrivateKey.generate()
    stranger = FileSigner(
        VerifierKey(forger.signer().verifier_key.name, private.public_key().public_bytes_raw()), private
    )
    note = forger.resigned(forger.storage.body(key), stranger)
    with _checkpoint_replaced(forger, size, note, None):
        yield Planted((_exactly(forger, key),))


@kind
def edited_custody_row(forger: Forger) -> Iterator[Planted]:
    """Another actor in a custody event, its hash made anew or not."""
    rows = forger.rows(
        "SELECT position, document FROM custody_events WHERE position <= (SELECT max(last_position) FROM custody_days)"
    )
    position, document = forger.chance.choice(rows)
    edited = document.replace('"actor":"', '"actor":"nobody-')
    assert edited != document
    statement = "UPDATE custody_events SET document = :edited, hash = coalesce(:hash, hash) WHERE position = :position"
    hashed = _sha256(edited.encode()) if forger.chance.random() < 0.5 else None
    with forger.ledger(statement, edited=edited, hash=hashed, position=position):
        # the line after it names the hash that it had
        yield Planted((f"custody event {position}:",), alone=False)


@kind
def removed_custody_row(forger: Forger) -> Iterator[Planted]:
    """A custody event gone from the ledger."""
    last = forger.rows("SELECT max(last_position) FROM custody_days")[0][0]
    position = forger.chance.randint(1, last)
    with forger.ledger("DELETE FROM custody_events WHERE position = :position", position=position):
        yield Planted((f"custody event {position}:",), alone=False)


@kind
def shifted_timestamp(forger: Forger) -> Iterator[Planted]:
    """Another time in a token, the ledger's hash and time to match."""
    key = forger.chance.choice([one for one in forger.storage if one.endswith(".tsr")])
    body = forger.storage.body(key)
    # the only GeneralizedTime of a token is genTime (RFC 3161 section 2.4.2); certificates have UTCTime (RFC 5280)
    at = body.index(b"\x18\x0f20") + 2
    digit = at + forger.chance.choice([3, 7, 9, 11, 13])
    changed = body[:digit] + bytes([48 + (body[digit] - 48 + 1) % 10]) + body[digit + 1 :]
    statement = "UPDATE evidence_objects SET sha256 = :sha256 WHERE key = :key"
    with (
        forger.storage.changed(key, changed, metadata=True),
        forger.ledger(statement, sha256=_sha256(changed), key=key),
    ):
        yield Planted((_exactly(forger, key),))


@kind
def shifted_time_in_the_ledger(forger: Forger) -> Iterator[Planted]:
    """Another time of a timestamp in the ledger alone."""
    size = forger.chance.choice([int(row[0]) for row in forger.rows("SELECT size FROM checkpoints")])
    statement = "UPDATE checkpoints SET timestamp_at = timestamp_at - interval '1 second' WHERE size = :size"
    with forger.ledger(statement, size=size):
        yield Planted((_exactly(forger, f"evidence/log/timestamps/{size:020}.tsr"),))


@kind
def exchanged_timestamps(forger: Forger) -> Iterator[Planted]:
    """The token of one checkpoint beside another."""
    one, other = forger.chance.sample([key for key in forger.storage if key.endswith(".tsr")], 2)
    body = forger.storage.body(other)
    statement = "UPDATE evidence_objects SET sha256 = :sha256, size_bytes = :size WHERE key = :key"
    with (
        forger.storage.changed(one, body, metadata=True),
        forger.ledger(statement, sha256=_sha256(body), size=len(body), key=one),
    ):
        yield Planted((_exactly(forger, one),))


@kind
def edited_log_entry(forger: Forger) -> Iterator[Planted]:
    """An entry of the ledger's copy of the log."""
    leaf, document = forger.chance.choice(forger.rows("SELECT leaf_index, document FROM log_entries"))
    with forger.ledger(
        "UPDATE log_entries SET document = :document WHERE leaf_index = :leaf", document=f"{document} ", leaf=leaf
    ):
        yield Planted((f"log_entries {leaf};",))


@kind
def something_more(forger: Forger) -> Iterator[Planted]:
    """An object that nobody knows, a second version, or a delete marker."""
    client, bucket = forger.archive.house.store.once, forger.archive.bucket
    key = _any(forger, "archive/")
    which = forger.chance.choice(["extra", "version", "marker"])
    if which == "extra":
        key = key.rpartition("/")[0] + "/recordings/nobody-knows.wav"
    version = None
    policy = client.get_bucket_policy(Bucket=bucket)["Policy"]
    client.delete_bucket_policy(Bucket=bucket)  # which denies deletes
    try:
        if which == "marker":
            version = client.delete_object(Bucket=bucket, Key=key)["VersionId"]
        else:
            version = client.put_object(Bucket=bucket, Key=key, Body=b"?", ChecksumAlgorithm="SHA256")["VersionId"]
        yield Planted((f"/{key} ",), _conversation_of(key))
    finally:
        forger.storage.forget(key, version)
        client.put_bucket_policy(Bucket=bucket, Policy=policy)
