"""An evidence bundle, checked as a sceptic would: by its own script, bagit and openssl, offline, without Strongroom."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import bagit
import pytest
from archives import Archive

from embedded.timestamp_authority import running_timestamp_authority
from strongroom.actor import Actor
from strongroom.evidence.keys import new_key_file
from strongroom.ledger.custody import events_of
from strongroom.ledger.lookup import UnknownConversation
from strongroom.pipeline.bundle import BundleRefused, NotSealed, make_bundle
from strongroom.pipeline.seal import seal

StartArchive = Callable[..., Archive]
ANNE = Actor("anne", "legal-1")
REASON = "Subpoena 17"


@pytest.fixture
def archive(start_archive: StartArchive, tmp_path: Path) -> Iterator[Archive]:
    """A settled day with what is needed to seal it."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/bundles")
    with ExitStack() as running:
        authority = running.enter_context(running_timestamp_authority(tmp_path / "authority"))
        archive = start_archive(
            conversations=6,
            settings={
                "STRONGROOM_LOG_KEY_FILE": str(key),
                "STRONGROOM_LOG_ORIGIN": "example.com/bundles",
                "STRONGROOM_TIMESTAMP_URL": authority.url,
                "STRONGROOM_TIMESTAMP_ROOTS_FILE": str(authority.roots_file),
            },
        )
        archive.archive_here()
        yield archive


def _conversations(archive: Archive) -> list[UUID]:
    statement = "SELECT conversation_id FROM conversations WHERE state = 'archived' AND day = :day ORDER BY 1"
    rows = archive.rows(statement, day=archive.day)
    return [row.conversation_id for row in rows]


def _unpacked(packed: Path, folder: Path) -> Path:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    return folder / packed.stem


def _verified(bag: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bundle's script: without our packages (-I), and with the network off where that is permitted."""
    permitted = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0
    offline = ["unshare", "-n"] if permitted else []
    command = [*offline, sys.executable, "-I", "-S", str(bag / "data" / "verify.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, check=False)


def _forge(bag: Path, name: str, content: bytes) -> None:
    """Change a file as a forger would, who makes the bag's own lists anew."""
    (bag / name).write_bytes(content)
    forged = bagit.Bag(str(bag))
    forged.save(manifests=True)


def test_a_bundle_proves_itself_and_no_forgery_passes(archive: Archive, tmp_path: Path) -> None:
    several = _conversations(archive)[:3]
    # what ended on the next day, within the overlap, waits for that day's seal
    elsewhere = archive.rows("SELECT conversation_id FROM conversations WHERE day > :day", day=archive.day)
    with pytest.raises(NotSealed):
        make_bundle(archive.house, [elsewhere[0].conversation_id], tmp_path / "early.zip", ANNE, REASON)
    seal(archive.house)

    packed = tmp_path / "subpoena-17.zip"
    made = make_bundle(archive.house, several, packed, ANNE, REASON)
    assert (made.conversations, made.timestamped) == (3, True)
    assert made.sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()
    assert packed.stat().st_mode & 0o777 == 0o600
    events = [event for event in events_of(archive.engine, several[0]) if b'"downloaded"' in event.line]
    assert [json.loads(event.line)["reason"] for event in events] == [REASON]

    bag = _unpacked(packed, tmp_path / "sceptic")
    said = _verified(bag)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "FAILED" not in said.stdout
    assert "All of it holds" in said.stdout
    assert bagit.Bag(str(bag)).is_valid()
    assert (bag / "data" / "report.pdf").read_bytes().startswith(b"%PDF")
    ours = (bag / "data" / "evidence" / "keys").read_text().split()[0]
    assert _verified(bag, "--key", ours).returncode == 0

    names = sorted(path.relative_to(bag).as_posix() for path in (bag / "data").rglob("*") if path.is_file())
    # whom one trusts (keys, certificates) comes from elsewhere, and the custody chain is proven by its days' objects
    ends = (".pdf", ".md", ".py", ".pem", "/keys", ".jsonl")
    proven = [name for name in names if not name.endswith(ends)]
    for number, name in enumerate(proven):
        forged = tmp_path / f"forged-{number}"
        shutil.copytree(bag, forged)
        content = bytearray((bag / name).read_bytes())
        # half of a timestamp's answer are certificates, which openssl also has from elsewhere: its imprint is changed
        imprint = hashlib.sha256((bag / "data/evidence/checkpoint").read_bytes()).digest()
        at = content.find(imprint) if name.endswith(".tsr") else len(content) // 2
        content[at] ^= 1
        _forge(forged, name, bytes(content))
        said = _verified(forged)
        assert said.returncode != 0, f"{name} was changed, and nothing said so: {said.stdout}"
        shutil.rmtree(forged)


def test_a_file_that_no_proof_leads_to_is_found(archive: Archive, tmp_path: Path) -> None:
    seal(archive.house)
    one, other = _conversations(archive)[:2]
    make_bundle(archive.house, [one, other], tmp_path / "b.zip", ANNE, REASON)
    bag = _unpacked(tmp_path / "b.zip", tmp_path / "sceptic")
    manifest = next((bag / "data" / "archive").glob(f"*/{other}/manifest.json"))
    added = f"data/archive/{archive.day}/{one}/recordings/x.wav"
    for number, name in enumerate((added, "data/archive2/x.wav", "data/x.wav", "data/evidence/x.wav")):
        forged = tmp_path / f"added-{number}"
        shutil.copytree(bag, forged)
        (forged / name).parent.mkdir(parents=True, exist_ok=True)
        _forge(forged, name, b"what was never said")
        _require_unproven(forged, name)
    # what is left of a conversation without its proof may be anything
    for proof in (bag / "data" / "evidence" / "proofs").glob(f"{other}-*"):
        proof.unlink()
    _forge(bag, manifest.relative_to(bag).as_posix(), b"{}")
    _require_unproven(bag, manifest.relative_to(bag).as_posix())


def _require_unproven(bag: Path, name: str) -> None:
    said = _verified(bag)
    assert said.returncode == 1, said.stdout
    [failed] = [line for line in said.stdout.splitlines() if line.startswith("FAILED")]
    assert name.removeprefix("data/") in failed


@pytest.mark.long
def test_another_key_does_not_vouch_for_it(archive: Archive, tmp_path: Path) -> None:
    seal(archive.house)
    make_bundle(archive.house, _conversations(archive)[:1], tmp_path / "b.zip", ANNE, REASON)
    bag = _unpacked(tmp_path / "b.zip", tmp_path / "sceptic")
    other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    said = _verified(bag, "--key", other)
    assert said.returncode == 1
    assert "FAILED the checkpoint" in said.stdout


def test_what_can_not_be_handed_over_is_refused_and_leaves_nothing(archive: Archive, tmp_path: Path) -> None:
    seal(archive.house)
    known = _conversations(archive)[0]
    target = tmp_path / "out" / "b.zip"
    target.parent.mkdir()
    with pytest.raises(UnknownConversation):
        make_bundle(archive.house, [uuid4()], target, ANNE, REASON)
    whole = archive.rows("SELECT object_id, sha256 FROM objects WHERE part = 'manifest' AND leaf_index IS NOT NULL")
    with archive.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE objects SET sha256 = repeat('0', 64) WHERE part = 'manifest'")
    with pytest.raises(BundleRefused, match="not what was archived"):
        make_bundle(archive.house, [known], target, ANNE, REASON)
    with archive.engine.begin() as connection:
        for row in whole:
            connection.exec_driver_sql(f"UPDATE objects SET sha256 = '{row.sha256}' WHERE object_id = {row.object_id}")
    assert list(target.parent.iterdir()) == []
    assert not [event for event in events_of(archive.engine, known) if b'"downloaded"' in event.line]
    make_bundle(archive.house, [known], target, ANNE, REASON)
    with pytest.raises(BundleRefused, match="exists already"):
        make_bundle(archive.house, [known], target, ANNE, REASON)
