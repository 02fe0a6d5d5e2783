"""The log's signing keys: one in a file, or one in AWS KMS that never leaves it. Both are Ed25519 (RFC 8032)."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
    load_pem_private_key,
)

from strongroom.errors import Misconfigured
from strongroom.evidence.notes import VerifierKey

_NEW_KEY = "make one with `strongroom log new-key FILE`"
_MAX_FILE_BYTES = 64 * 1024


class KeyUnusable(Misconfigured):
    """A signing key can't be used: not there, not private, or not an Ed25519 key."""


@dataclass(frozen=True)
class FileSigner:
    """Signs with a key that was read from a file."""

    verifier_key: VerifierKey
    private_key: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature over these bytes, 64 bytes."""
        return self.private_key.sign(message)


@dataclass(frozen=True)
class KmsSigner:
    """Signs with a key in AWS KMS. `remote_sign` gives the raw Ed25519 signature over the bytes it is given."""

    verifier_key: VerifierKey
    remote_sign: Callable[[bytes], bytes] = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature over these bytes, 64 bytes. Raises what the call to KMS raises."""
        return self.remote_sign(message)


def file_signer(path: Path, name: str) -> FileSigner:
    """The key in an unencrypted PKCS#8 PEM file, under the name it signs with.

    Raises KeyUnusable when there is no such file, when anybody but its owner may read or write it, and when what it
    holds is something else. Raises ProofRefused for a name that no key can have.
    """
    return _signer(_private_key(_read_private(path), f"{path}"), name)


def new_key_file(path: Path, name: str) -> FileSigner:
    """Make a key and write it to a new file that its owner alone may read (mode 0600), and return its signer.

    Raises KeyUnusable when the file exists, since its key is needed for as long as what it signed must be explained,
    or can't be written. Raises ProofRefused for a name that no key can have.
    """
    private_key = Ed25519PrivateKey.generate()
    signer = _signer(private_key, name)
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _unusable("the file exists and is left alone", f"{path}", "name a file that does not exist") from None
    except OSError as error:
        raise _unusable(f"the key can't be written ({error.strerror})", f"{path}", "name another folder") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink()
        raise _unusable(f"the key can't be written ({error.strerror})", f"{path}", "name another folder") from error
    return signer


def kms_signer(name: str, public_key_der: Callable[[], bytes], remote_sign: Callable[[bytes], bytes]) -> KmsSigner:
    """A key in KMS, by its two calls: `public_key_der` gives its SubjectPublicKeyInfo (RFC 5280 section 4.1) in DER.

    The public key is asked for once, here. Raises KeyUnusable when it is not an Ed25519 key, ProofRefused for a name
    that no key can have, and what the call to KMS raises.
    """
    where = f"the KMS key of {name}"
    todo = "make a KMS key of the spec ECC_NIST_EDWARDS25519 for signing, and name that one"
    try:
        public_key = load_der_public_key(public_key_der())
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable("what KMS gives is not a public key", where, todo) from None
    if not isinstance(public_key, Ed25519PublicKey):
        raise _unusable("the key is not an Ed25519 key", where, todo)
    return KmsSigner(VerifierKey(name, public_key.public_bytes_raw()), remote_sign)


def _signer(private_key: Ed25519PrivateKey, name: str) -> FileSigner:
    return FileSigner(VerifierKey(name, private_key.public_key().public_bytes_raw()), private_key)


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(_MAX_FILE_BYTES)
    except FileNotFoundError:
        raise _unusable("there is no such key file", f"{path}", f"correct the path, or {_NEW_KEY}") from None
    except OSError as error:
        raise _unusable(
            f"the key file can't be read ({error.strerror})", f"{path}", "let this process read it"
        ) from None
    if stat.S_IMODE(status.st_mode) & 0o077:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        raise _unusable(f"others than its owner may use the key file (mode {mode})", f"{path}", f"chmod 600 {path}")
    return content


def _private_key(content: bytes, where: str) -> Ed25519PrivateKey:
    try:
        private_key = load_pem_private_key(content, password=None)
    except TypeError:
        raise _unusable("the key is encrypted with a password", where, "write it without one, mode 0600") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable("the file holds no private key in PEM form", where, _NEW_KEY) from None
    if not isinstance(private_key, Ed25519PrivateKey):
        raise _unusable("the key is not an Ed25519 key", where, _NEW_KEY)
    return private_key


def _unusable(what: str, where: str, todo: str) -> KeyUnusable:
    return KeyUnusable(what, where=where, todo=todo)
