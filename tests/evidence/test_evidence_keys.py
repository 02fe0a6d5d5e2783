"""A signing key is used only when it is private and of the right kind; else a person reads what to do."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from strongroom.errors import Misconfigured, Unreachable
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.keys import KeyUnusable, file_signer, kms_signer, new_key_file
from strongroom.evidence.notes import Signer, open_note, sign_note

NAME = "log.example/one"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PKCS8 = (Encoding.PEM, PrivateFormat.PKCS8)
PEM = KEY.private_bytes(*PKCS8, NoEncryption())
SPKI = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    """A file with that content and mode."""
    path = folder / "log.key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def opens(signer: Signer) -> bool:
    """Whether what it signs opens with its verifier key."""
    return open_note(sign_note("x\n", [signer]), [signer.verifier_key]).signed_by == (signer.verifier_key,)


def test_a_new_key_is_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    made = new_key_file(path, NAME)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    read = file_signer(path, NAME)
    assert read.verifier_key == made.verifier_key
    assert opens(made)
    assert opens(read)
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")  # PKCS#8, as openssl reads it


def test_two_new_keys_are_two(tmp_path: Path) -> None:
    assert new_key_file(tmp_path / "1", NAME).verifier_key != new_key_file(tmp_path / "2", NAME).verifier_key


def test_a_key_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    path = key_file(tmp_path, PEM)
    with pytest.raises(KeyUnusable, match="left alone"):
        new_key_file(path, NAME)
    assert path.read_bytes() == PEM


def test_a_link_is_not_followed_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyUnusable, match="left alone"):
        new_key_file(tmp_path / "link", NAME)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="can't be written"):
        new_key_file(tmp_path / "no" / "log.key", NAME)


def test_a_write_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyUnusable, match="No space left"):
        new_key_file(tmp_path / "log.key", NAME)
    assert not (tmp_path / "log.key").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610, 0o601, 0o777])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyUnusable, match=rf"mode {mode:04o}.*chmod 600"):
        file_signer(key_file(tmp_path, PEM, mode), NAME)


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_key_that_its_owner_alone_may_read_is_used(tmp_path: Path, mode: int) -> None:
    assert opens(file_signer(key_file(tmp_path, PEM, mode), NAME))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no private key in PEM form"),
        (b"secret nonsense", "no private key in PEM form"),
        (PEM[:-40], "no private key in PEM form"),
        (KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "no private key in PEM form"),
        (KEY.private_bytes(*PKCS8, BestAvailableEncryption(b"secret")), "encrypted with a password"),
        (rsa.generate_private_key(65537, 2048).private_bytes(*PKCS8, NoEncryption()), "not an Ed25519 key"),
        (ec.generate_private_key(ec.SECP256R1()).private_bytes(*PKCS8, NoEncryption()), "not an Ed25519 key"),
        (ed448.Ed448PrivateKey.generate().private_bytes(*PKCS8, NoEncryption()), "not an Ed25519 key"),
    ],
    ids=range(8),
)
def test_a_file_with_something_else_is_refused_in_words(tmp_path: Path, content: bytes, told: str) -> None:
    path = key_file(tmp_path, content)
    with pytest.raises(KeyUnusable, match=told) as refused:
        file_signer(path, NAME)
    assert str(path) in str(refused.value)
    assert "secret" not in str(refused.value)
    assert isinstance(refused.value, Misconfigured)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match=r"no such key file.*new-key"):
        file_signer(tmp_path / "log.key", NAME)
    with pytest.raises(KeyUnusable, match="can't be read"):
        file_signer(tmp_path, NAME)


def test_a_name_that_no_note_can_carry(tmp_path: Path) -> None:
    with pytest.raises(ProofRefused, match="not the name of a key"):
        file_signer(key_file(tmp_path, PEM), "two words")
    with pytest.raises(ProofRefused, match="not the name of a key"):
        new_key_file(tmp_path / "new.key", "two words")
    assert not (tmp_path / "new.key").exists()


def test_a_signer_does_not_print_its_key(tmp_path: Path) -> None:
    assert "Ed25519PrivateKey" not in repr(file_signer(key_file(tmp_path, PEM), NAME))


def test_a_key_in_kms_signs_through_its_two_calls(tmp_path: Path) -> None:
    signer = kms_signer(NAME, lambda: KEY.public_key().public_bytes(*SPKI), KEY.sign)
    assert signer.verifier_key == file_signer(key_file(tmp_path, PEM), NAME).verifier_key
    assert opens(signer)


def test_a_kms_key_that_signs_with_another_key_gives_no_note() -> None:
    signer = kms_signer(NAME, lambda: KEY.public_key().public_bytes(*SPKI), Ed25519PrivateKey.generate().sign)
    with pytest.raises(ProofRefused, match="a signature is wrong"):
        sign_note("x\n", [signer])


@pytest.mark.parametrize(
    ("public_key_der", "told"),
    [
        (lambda: b"", "not a public key"),
        (lambda: b"\x30\x00", "not a public key"),
        (lambda: ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*SPKI), "not an Ed25519 key"),
    ],
    ids=range(3),
)
def test_a_kms_key_of_another_kind_is_refused(public_key_der: Callable[[], bytes], told: str) -> None:
    with pytest.raises(KeyUnusable, match=rf"{told}.*ECC_NIST_EDWARDS25519"):
        kms_signer(NAME, public_key_der, KEY.sign)


def test_what_the_calls_raise_goes_through() -> None:
    def unreachable(*_: object) -> bytes:
        raise Unreachable("KMS does not answer", where="KMS", todo="wait")

    with pytest.raises(Unreachable):
        kms_signer(NAME, unreachable, KEY.sign)
    signer = kms_signer(NAME, lambda: KEY.public_key().public_bytes(*SPKI), unreachable)
    with pytest.raises(Unreachable):
        sign_note("x\n", [signer])
