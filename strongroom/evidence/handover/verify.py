"""Checks this bundle with Python's standard library and openssl alone, offline. Read VERIFY.md beside it.

python3 verify.py [--key KEY]       KEY: the log's public key as you know it from elsewhere (name+id+base64)
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).resolve().parent
BAG = DATA.parent
failures = 0


def check(holds: bool, what: str) -> None:
    """Say how one check ended, and count the failures."""
    global failures
    failures += not holds
    print("ok    " if holds else "FAILED", what)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def openssl(*arguments: object) -> bool:
    """Run openssl; whether it says yes."""
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True).returncode == 0


def root_of(leaf: bytes, index: int, size: int, path: "list[str]") -> "bytes | None":
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2)."""
    fn, sn, r = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for p in map(bytes.fromhex, path):
        if sn == 0:
            return None
        if fn % 2 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while fn % 2 == 0 and fn:
                fn, sn = fn // 2, sn // 2
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn // 2, sn // 2
    return r if sn == 0 and index < size else None


# 1. The bag is whole: every file is listed with its hash, and no other file is here (RFC 8493).
listed = {}
for line in (BAG / "manifest-sha256.txt").read_text().splitlines():
    digest, name = line.split(maxsplit=1)
    listed[name.replace("%25", "%")] = digest
present = {path.relative_to(BAG).as_posix() for path in DATA.rglob("*") if path.is_file()}
check(present == set(listed), f"the bag holds the {len(listed)} files it lists, and no other")
check(all(sha256(BAG / name) == listed[name] for name in present & set(listed)), "each file has the hash listed")

# 2. The checkpoint is signed: origin, size and root of the log, an Ed25519 signature after a blank line (C2SP).
note = (DATA / "evidence" / "checkpoint").read_bytes()
text, _, signatures = note.decode().rpartition("\n\n")
origin, size, root, *_more = text.split("\n")
given = sys.argv[sys.argv.index("--key") + 1] if "--key" in sys.argv else None
keys = [given] if given else (DATA / "evidence" / "keys").read_text().split()
signed_by = None
for key in keys:
    name, _, rest = key.partition("+")
    key_id, _, encoded = rest.partition("+")
    public = base64.b64decode(encoded)[1:]  # after 0x01, which says Ed25519
    for line in signatures.splitlines():
        _, signer, blob = line.split(" ")
        made = base64.b64decode(blob)
        if signer != name or made[:4].hex() != key_id:
            continue
        with tempfile.TemporaryDirectory() as folder:
            files = {part: Path(folder) / part for part in ("key.der", "text", "signature")}
            files["key.der"].write_bytes(bytes.fromhex("302a300506032b6570032100") + public)  # RFC 8410
            files["text"].write_bytes((text + "\n").encode())
            files["signature"].write_bytes(made[4:])
            if openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", files["key.der"], "-rawin",
                       "-in", files["text"], "-sigfile", files["signature"]):  # fmt: skip
                signed_by = key
check(signed_by is not None, f"the checkpoint of {size} entries of {origin} is signed by {signed_by}")

# 3. The timestamp: an authority that is not the archive says that the checkpoint existed at that time (RFC 3161).
answer, chain = DATA / "evidence" / "checkpoint.tsr", DATA / "evidence" / "checkpoint.pem"
if answer.exists():
    said = subprocess.run(["openssl", "ts", "-reply", "-in", answer, "-text"], capture_output=True, text=True).stdout
    at = next((line.partition(":")[2].strip() for line in said.splitlines() if line.startswith("Time stamp:")), "?")
    good = openssl("ts", "-verify", "-data", DATA / "evidence" / "checkpoint", "-in", answer,
                   "-CAfile", chain, "-untrusted", chain)  # fmt: skip
    check(good, f"the checkpoint existed at {at}, says the timestamp authority")
else:
    print("none  ", "this checkpoint has no timestamp: when it was made is only the archive's word")

# 4. Each manifest is in the log, and each file of the record is what its manifest names.
proofs = sorted((DATA / "evidence" / "proofs").glob("*.json"))
known = {"report.pdf", "VERIFY.md", "verify.py", *(path.relative_to(DATA).as_posix() for path in proofs)}
known |= {f"evidence/{name}" for name in ("checkpoint", "checkpoint.tsr", "checkpoint.pem", "keys")}
check(bool(proofs), f"there are proofs of {len(proofs)} manifests")
for proof in proofs:
    said = json.loads(proof.read_text())
    entry = json.loads(said["entry"])
    path, expected = DATA / entry["key"], base64.b64encode(
        root_of(said["entry"].encode(), said["leafIndex"], int(size), said["path"]) or b""
    ).decode()  # fmt: skip
    who = f"conversation {entry['conversationId']} revision {entry['revision']}"
    check(
        expected == root and said["treeSize"] == int(size),
        f"{who}: entry {said['leafIndex']} of the log, under the checkpoint's root",
    )
    check(path.is_file() and sha256(path) == entry["sha256"], f"{who}: the manifest is the one in the log")
    manifest = json.loads(path.read_text()) if path.is_file() else {"objects": []}
    check(manifest.get("conversationId") == entry["conversationId"], f"{who}: the manifest is of this conversation")
    known |= {entry["key"], f"evidence/custody/{entry['conversationId']}.jsonl"}
    for stored in manifest["objects"]:
        known.add(stored["key"])
        file = DATA / stored["key"]
        good = file.is_file() and file.stat().st_size == stored["sizeBytes"] and sha256(file) == stored["sha256"]
        check(good, f"{who}: {stored['key']}")

# 5. Nothing else is handed over as the record: a file that no proof leads to may be anything.
beyond = sorted({name.partition("/")[2] for name in present} - known)
check(not beyond, ", ".join(["a proof leads to every file of the record", *(f"but not to {name}" for name in beyond)]))

print("\nNot all of it holds." if failures else "\nAll of it holds.")
if not given:
    print("The key was taken from the bundle itself. Compare it with the one the archive's owner has published:")
    print(" ", signed_by)
sys.exit(1 if failures else 0)
