"""The key pair of golang.org/x/mod/sumdb/note's own tests, and others for tests."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from strongroom.evidence.keys import FileSigner
from strongroom.evidence.notes import VerifierKey

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETERS_SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# base64(0x01 || seed), the last part of the signing key that those tests print
_PETERS_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


def signer(name: str, seed: bytes) -> FileSigner:
    """The signer whose Ed25519 seed this is (32 bytes)."""
    private_key = Ed25519PrivateKey.from_private_bytes(seed)
    return FileSigner(VerifierKey(name, private_key.public_key().public_bytes_raw()), private_key)


def peter() -> FileSigner:
    """The signer of those tests."""
    return signer("PeterNeumann", base64.b64decode(_PETERS_SEED)[1:])


def some_signer(number: int, name: str = "log.example/one") -> FileSigner:
    """One of any number of signers."""
    return signer(name, bytes([number]) * 32)
