"""The checkpoints that somebody else keeps, held against the vault's."""

from pathlib import Path

from strongroom.canonical import sha256_hex
from strongroom.evidence.checkpoints import parse_checkpoint
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.findings import MISSING, WRONG
from strongroom.ledger.checkpoints import find_checkpoint
from strongroom.pipeline.verify.checkpoints import SealedLog
from strongroom.pipeline.verify.reading import EvidenceReader
from strongroom.pipeline.witness import WitnessBucket, WitnessFileUnusable, witness_of
from strongroom.vault.evidence_keys import checkpoint_key
from strongroom.vault.listing import listed_below, read_whole


def compare_with_witness(reader: EvidenceReader, log: SealedLog) -> None:
    """Tell where the witness has another checkpoint, one that the vault lacks, or lost one that it had.

    Nothing without a witness. Raises WitnessFileUnusable, and the vault's and the ledger's errors.
    """
    witness = witness_of(reader.house)
    if witness is None:
        return
    address = str(reader.house.settings.witness)
    notes = _in_file(reader, witness) if isinstance(witness, Path) else _in_bucket(witness)
    for size in sorted({*notes, *log.sizes}):
        key = checkpoint_key(size)
        if size not in log.sizes:
            reader.findings.tell(
                MISSING,
                "the witness has a checkpoint that the vault does not have",
                reader.house.store.where(key),
                expected=sha256_hex(notes[size]),
                found="none",
                key=key,
            )
            continue
        reading = reader.read(key)
        if reading is None or reader.findings.is_about(key):
            continue
        if size not in notes:
            row = find_checkpoint(reader.house.engine, size)
            if row is not None and (row.witnessed_at is not None or row.witness_error is not None):
                reader.findings.tell(
                    MISSING,
                    "the witness does not have this checkpoint",
                    f"{reader.where(key)}; {address}",
                    expected=sha256_hex(reading.body),
                    found=row.witness_error or "none",
                )
        elif notes[size] != reading.body:
            reader.findings.tell(
                WRONG,
                "the witness has another checkpoint of this size",
                f"{reader.where(key)}; {address}",
                expected=sha256_hex(notes[size]),
                found=sha256_hex(reading.body),
            )


def _in_file(reader: EvidenceReader, path: Path) -> dict[int, bytes]:
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise WitnessFileUnusable(
            f"the witness's file can't be read: {error.strerror}", where=str(path), todo="let this user read it"
        ) from error
    parts = content.split(b"\n\n")
    notes: dict[int, bytes] = {}
    # each note is a text, an empty line and its signatures, and an empty line follows it
    for text, signatures in zip(parts[::2], parts[1::2], strict=False):
        try:
            size = parse_checkpoint(f"{text.decode()}\n").size
        except (ProofRefused, UnicodeDecodeError):
            reader.findings.tell(
                WRONG,
                "the witness's file holds something that is no checkpoint",
                str(path),
                expected="checkpoints, each followed by an empty line",
                found=sha256_hex(text),
            )
            continue
        notes[size] = text + b"\n\n" + signatures + b"\n"
    return notes


def _in_bucket(witness: WitnessBucket) -> dict[int, bytes]:
    notes = {}
    for listed in listed_below(witness.store, witness.prefix):
        name = listed.key.removeprefix(witness.prefix)
        if len(name) == 20 and name.isdecimal():
            notes[int(name)] = read_whole(witness.store, listed)
    return notes
