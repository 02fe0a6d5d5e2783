"""Checkpoints (c2sp.org/tlog-checkpoint): the size and root of a log, as the text of a signed note."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.merkle import HASH_BYTES
from strongroom.evidence.notes import Signer, VerifierKey, decode_base64, encode_base64, open_note, sign_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The tree head of a log: `origin` names the log, `size` counts its leaves, `root` is their hash (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text of its note: origin, size and root, a line each."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint's note. Raises ProofRefused when it is not exactly one.

    Extension lines, which the specification discourages, are refused: no checkpoint of ours has any.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise _refused("origin, size and root, a line each", f"{len(lines) - 1} lines")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise _refused("a size in decimal digits without leading zeroes", repr(size[:40]))
    checkpoint = Checkpoint(origin, int(size), decode_base64(root, "a checkpoint"))
    if len(checkpoint.root) != HASH_BYTES:
        raise _refused(f"a root of {HASH_BYTES} bytes", f"{len(checkpoint.root)} bytes")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> bytes:
    """The checkpoint as a signed note.

    Raises ProofRefused for what `parse_checkpoint` would refuse, and as `sign_note` does.
    """
    text = checkpoint.text()
    parse_checkpoint(text)
    return sign_note(text, signers)


def open_checkpoint(note: bytes, verifiers: Sequence[VerifierKey], origin: str) -> Checkpoint:
    """Verify a checkpoint's signatures, form and origin. Raises ProofRefused."""
    checkpoint = parse_checkpoint(open_note(note, verifiers).text)
    if checkpoint.origin != origin:
        raise ProofRefused(
            "the checkpoint is another log's", where="a checkpoint", expected=origin, found=checkpoint.origin
        )
    return checkpoint


def _refused(expected: str, found: str) -> ProofRefused:
    return ProofRefused("not a checkpoint", where="a checkpoint", expected=expected, found=found)
