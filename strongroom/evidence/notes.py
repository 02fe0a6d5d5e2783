"""Signed notes (c2sp.org/signed-note) with Ed25519: a text, a blank line, and a line for each signature.

A verifier key is written as `name+key id+base64(0x01 || public key)`, the form golang.org/x/mod/sumdb/note and the
clients of transparency logs take.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from strongroom.evidence.errors import ProofRefused

MAX_NOTE_BYTES = 1_000_000
"""As golang.org/x/mod/sumdb/note limits it; the specification asks for a limit that lets 16 signatures pass."""

_ED25519 = b"\x01"
_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_SIGNATURE_START = "\u2014 "


@dataclass(frozen=True)
class VerifierKey:
    """An Ed25519 public key (32 bytes, RFC 8032) and the name it signs under. `str` gives the verifier key's text."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Raises ProofRefused for a name that a note can't carry, or a key of another length."""
        if not _is_name(self.name):
            raise ProofRefused(
                "not the name of a key", where="a verifier key", expected="a name without space and +", found="another"
            )
        if len(self.public_key) != _KEY_BYTES:
            raise ProofRefused(
                "not an Ed25519 public key",
                where=f"verifier key {self.name}",
                expected=f"{_KEY_BYTES} bytes",
                found=f"{len(self.public_key)} bytes",
            )

    @property
    def key_id(self) -> str:
        """The key id in eight hexadecimal digits (signed-note, "Ed25519 signatures")."""
        sequence = self.name.encode() + b"\n" + _ED25519 + self.public_key
        return hashlib.sha256(sequence).digest()[:_KEY_ID_BYTES].hex()

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id}+{encode_base64(_ED25519 + self.public_key)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature over these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer(Protocol):
    """What signs: a key in a file, or one that never leaves a service."""

    @property
    def verifier_key(self) -> VerifierKey:
        """What its signatures are verified with."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes, RFC 8032) over these bytes."""
        ...


@dataclass(frozen=True)
class Note:
    """A note's text, and the known keys that signed it: at least one. Signatures of unknown keys are passed over."""

    text: str
    signed_by: tuple[VerifierKey, ...]


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a verifier key as it is printed. Raises ProofRefused when it is not one, or its key id is another's."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    blob = decode_base64(encoded, "a verifier key")
    if blob[:1] == _ED25519:
        key = VerifierKey(name, blob[1:])
        if str(key) == text:
            return key
    raise ProofRefused(
        "not a verifier key",
        where="a verifier key",
        expected="name+key id+base64 of an Ed25519 key, the id being that key's",
        found=repr(text[:200]),
    )


def sign_note(text: str, signers: Sequence[Signer]) -> bytes:
    """The note with a signature of each signer; `text` ends in a newline.

    Raises ProofRefused for a text that a note can't carry, and when a signature does not verify: what is locked can't
    be taken back. Raises what the signers raise.
    """
    _require_text(text)
    message = text.encode()
    lines = []
    for signer in signers:
        key, signature = signer.verifier_key, signer.sign(message)
        if not key.verifies(message, signature):
            raise _wrong_signature(key)
        lines.append(f"{_SIGNATURE_START}{key.name} {encode_base64(bytes.fromhex(key.key_id) + signature)}\n")
    return (text + "\n" + "".join(lines)).encode()


def open_note(note: bytes, verifiers: Sequence[VerifierKey]) -> Note:
    """Verify a note and give its text.

    Raises ProofRefused when it is malformed, when a known key's signature is wrong, and when no known key signed it.
    """
    text, signatures = _split(note)
    known = {(key.name, key.key_id): key for key in verifiers}
    signed_by: dict[VerifierKey, None] = {}
    for name, blob in signatures:
        key = known.get((name, blob[:_KEY_ID_BYTES].hex()))
        if key is None:
            continue
        if not key.verifies(text.encode(), blob[_KEY_ID_BYTES:]):
            raise _wrong_signature(key)
        signed_by[key] = None
    if not signed_by:
        raise ProofRefused(
            "no known key signed the note",
            where="a signed note",
            expected=f"a signature by one of {', '.join(str(key) for key in verifiers) or 'no key at all'}",
            found=", ".join(f"{name}+{blob[:_KEY_ID_BYTES].hex()}" for name, blob in signatures),
        )
    return Note(text, tuple(signed_by))


def encode_base64(content: bytes) -> str:
    """Standard base64 (RFC 4648 section 4)."""
    return base64.b64encode(content).decode("ascii")


def decode_base64(text: str, where: str) -> bytes:
    """The bytes behind standard base64 in its one canonical spelling; at least one. Raises ProofRefused."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        content = b""
    # bits behind the last byte would make two spellings of one signature
    if not content or encode_base64(content) != text:
        raise ProofRefused("not base64", where=where, expected="standard base64 in its canonical form", found="another")
    return content


def _split(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note) > MAX_NOTE_BYTES:
        raise _malformed(f"at most {MAX_NOTE_BYTES} bytes", f"{len(note)} bytes")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise _malformed("UTF-8", f"something else at byte {error.start}") from None
    text, blank, lines = whole.rpartition("\n\n")
    text += "\n"
    if not blank or not lines.endswith("\n"):
        raise _malformed("a text, a blank line, and signature lines that end in newlines", "another form")
    _require_text(text)
    return text, [_signature(line) for line in lines[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_SIGNATURE_START).partition(" ")
    if not line.startswith(_SIGNATURE_START) or not space or not _is_name(name):
        raise _malformed("an em dash, a name and a signature on each line after the blank one", "another line")
    blob = decode_base64(encoded, "a signed note")
    if len(blob) <= _KEY_ID_BYTES:
        raise _malformed("a key id and a signature", f"{len(blob)} bytes")
    return name, blob


def _is_name(text: str) -> bool:
    return bool(text) and not any(one.isspace() or one < " " or one == "+" for one in text)


def _require_text(text: str) -> None:
    if not text.endswith("\n") or any(one < " " and one != "\n" for one in text):
        raise _malformed("a text that ends in a newline and has no other control character", "another text")


def _malformed(expected: str, found: str) -> ProofRefused:
    return ProofRefused("not a signed note", where="a signed note", expected=expected, found=found)


def _wrong_signature(key: VerifierKey) -> ProofRefused:
    return ProofRefused(
        "a signature is wrong",
        where="a signed note",
        expected=f"a signature of this text by {key}",
        found="another signature under that key's name and id",
    )
