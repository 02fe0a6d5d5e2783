"""Notes, verifier keys and checkpoints are those of C2SP, and nothing changed passes."""

import base64
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc6962_vectors import ROOTS
from signing_keys import PETER, PETERS_SIGNATURE, PETERS_TEXT, peter, some_signer
from tile_trees import flipped
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from strongroom.evidence.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.notes import MAX_NOTE_BYTES, VerifierKey, open_note, parse_verifier_key, sign_note

PETERS_NOTE = f"{PETERS_TEXT}\n{PETERS_SIGNATURE}".encode()
ORIGIN = "log.example/one"


@dataclass(frozen=True)
class Careless:
    """A signer whose signatures are somebody else's."""

    verifier_key: VerifierKey

    def sign(self, message: bytes) -> bytes:
        """Sign with another key."""
        return some_signer(99).sign(message)


def test_gos_example_is_signed_and_opened_byte_for_byte() -> None:
    assert str(peter().verifier_key) == PETER
    assert sign_note(PETERS_TEXT, [peter()]) == PETERS_NOTE
    note = open_note(PETERS_NOTE, [parse_verifier_key(PETER)])
    assert note.text == PETERS_TEXT
    assert [str(key) for key in note.signed_by] == [PETER]


def test_a_note_whose_text_has_blank_lines() -> None:
    """The text ends at the last blank line (signed-note, "Format")."""
    text = "one\n\n\ntwo\n\n"
    assert open_note(sign_note(text, [peter()]), [peter().verifier_key]).text == text


def test_no_changed_bit_of_a_note_passes() -> None:
    verifiers = [peter().verifier_key]
    for bit in range(len(PETERS_NOTE) * 8):
        with pytest.raises(ProofRefused):
            open_note(flipped(PETERS_NOTE, bit), verifiers)


def test_no_part_of_a_verifier_key_is_one() -> None:
    for start in range(len(PETER)):
        for end in range(start + 1, len(PETER) + 1):
            if (start, end) != (0, len(PETER)):
                with pytest.raises(ProofRefused):
                    parse_verifier_key(PETER[start:end])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER + "\n",
        PETER.replace("Peter", "Paul"),
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, the id fits
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another algorithm, the id fits
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        parse_verifier_key(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "no\u00a0break", "line\nbreak", "nul\0"])
def test_names_that_a_note_cannot_carry(name: str) -> None:
    with pytest.raises(ProofRefused, match="not the name of a key"):
        VerifierKey(name, bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_public_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ProofRefused, match="not an Ed25519 public key"):
        VerifierKey("log.example", bytes(length))


@settings(deadline=None)
@given(name=st.from_regex(r"[a-zé][a-z0-9./é-]{0,30}", fullmatch=True), seed=st.binary(min_size=32, max_size=32))
def test_a_verifier_key_is_read_back_and_is_another_clients(name: str, seed: bytes) -> None:
    key = VerifierKey(name, seed)
    assert parse_verifier_key(str(key)) == key
    theirs = Vkey.from_string(str(key))
    assert (theirs.name, f"{theirs.key_id:08x}", theirs.pubkey) == (name, key.key_id, seed)
    assert Vkey(name, None, 1, seed).serialize() == str(key)


def test_rotation_two_keys_sign_and_each_alone_opens() -> None:
    old, new = some_signer(1), some_signer(2)
    note = sign_note("x\n", [old, new])
    for known in ([old], [new], [old, new], [new, some_signer(3)]):
        keys = [one.verifier_key for one in known]
        assert set(open_note(note, keys).signed_by) == set(keys) - {some_signer(3).verifier_key}


def test_a_note_of_unknown_keys_alone_is_refused_and_says_whose_it_is() -> None:
    note = sign_note("x\n", [some_signer(1)])
    with pytest.raises(ProofRefused, match="no known key signed") as refused:
        open_note(note, [some_signer(2).verifier_key])
    assert str(some_signer(2).verifier_key) in refused.value.expected
    assert refused.value.found == f"{ORIGIN}+{some_signer(1).verifier_key.key_id}"
    with pytest.raises(ProofRefused, match="no known key signed"):
        open_note(note, [])


def test_a_known_keys_wrong_signature_is_refused_though_another_is_right() -> None:
    """signed-note, "Signatures": the whole note is rejected."""
    right, wrong = some_signer(1), some_signer(2)
    signed_otherwise = sign_note("y\n", [wrong]).decode().splitlines()[-1]
    note = sign_note("x\n", [right]) + f"{signed_otherwise}\n".encode()
    assert open_note(note, [right.verifier_key]).text == "x\n"
    with pytest.raises(ProofRefused, match="a signature is wrong"):
        open_note(note, [right.verifier_key, wrong.verifier_key])


def test_a_key_under_another_name_is_unknown() -> None:
    renamed = some_signer(1, "log.example/other")
    with pytest.raises(ProofRefused, match="no known key"):
        open_note(sign_note("x\n", [renamed]), [some_signer(1).verifier_key])


def test_sixteen_signatures_pass() -> None:
    """signed-note, "Format": at least 16 must be accepted."""
    signers = [some_signer(number) for number in range(16)]
    note = sign_note("x\n", signers)
    assert len(open_note(note, [signer.verifier_key for signer in signers]).signed_by) == 16


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n",
        b"\n\n",
        PETERS_TEXT.encode(),
        f"{PETERS_TEXT}\n".encode(),
        PETERS_NOTE.rstrip(b"\n"),
        PETERS_NOTE + b"\n",
        PETERS_NOTE.replace(b"\n\n", b"\n"),
        PETERS_NOTE.replace("—".encode(), b"-"),
        PETERS_NOTE.replace(b" x08", b"  x08"),
        PETERS_NOTE.replace(b"x08", b" x08"),
        PETERS_NOTE.replace(b"AM=", b"AM"),
        PETERS_NOTE.replace(b"AM=", b"AN="),  # the same bytes, spelled otherwise
        PETERS_NOTE.replace(b"If", b"I\tf"),
        PETERS_NOTE.replace(b"\n", b"\r\n"),
        PETERS_NOTE + "— other AAAAAA==\n".encode(),  # a key id without a signature
        PETERS_NOTE + b"more\n",
        b"\xff" + PETERS_NOTE,
        PETERS_NOTE + PETERS_SIGNATURE.encode() * (MAX_NOTE_BYTES // len(PETERS_SIGNATURE)),
    ],
    ids=range(19),
)
def test_what_is_no_note_is_refused(note: bytes) -> None:
    with pytest.raises(ProofRefused):
        open_note(note, [parse_verifier_key(PETER)])


@pytest.mark.parametrize("name", ["", "a+b", "na\tme", "no\u00a0break", "nul\0"])
def test_an_unknown_key_must_have_a_name_too(name: str) -> None:
    with pytest.raises(ProofRefused, match="not a signed note"):
        open_note(PETERS_NOTE + f"— {name} AAAAAAA=\n".encode(), [parse_verifier_key(PETER)])


def test_a_right_signature_does_not_make_a_text_that_no_note_can_carry_one() -> None:
    text = "tab\t\n"
    blob = base64.b64encode(bytes.fromhex(peter().verifier_key.key_id) + peter().sign(text.encode())).decode()
    with pytest.raises(ProofRefused, match="no other control character"):
        open_note(f"{text}\n— PeterNeumann {blob}\n".encode(), [parse_verifier_key(PETER)])


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_comes_is_refused_in_words(note: bytes) -> None:
    with pytest.raises(ProofRefused):
        open_note(note, [parse_verifier_key(PETER)])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n"])
def test_a_text_that_no_note_can_carry_is_not_signed(text: str) -> None:
    with pytest.raises(ProofRefused, match="not a signed note"):
        sign_note(text, [peter()])


def test_a_signature_that_does_not_verify_is_never_given_out() -> None:
    with pytest.raises(ProofRefused, match="a signature is wrong"):
        sign_note("x\n", [Careless(some_signer(1).verifier_key)])


def test_a_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint("example.com/behind-the-sofa", 20_852_163, ROOTS[3])
    root = base64.b64encode(ROOTS[3]).decode()
    assert checkpoint.text() == f"example.com/behind-the-sofa\n20852163\n{root}\n"
    assert parse_checkpoint(checkpoint.text()) == checkpoint


def test_a_checkpoint_of_the_empty_tree() -> None:
    assert parse_checkpoint(Checkpoint("log.example", 0, ROOTS[0]).text()).size == 0


@settings(deadline=None)
@given(size=st.integers(0, 2**63 - 1), root=st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_opens_here_and_with_another_client(size: int, root: bytes) -> None:
    signer, checkpoint = some_signer(1), Checkpoint(ORIGIN, size, root)
    note = sign_checkpoint(checkpoint, [signer])
    assert open_checkpoint(note, [signer.verifier_key], ORIGIN) == checkpoint
    theirs = TheirCheckpoint.from_text(note.decode())
    theirs.verify(Vkey.from_string(str(signer.verifier_key)))
    assert (theirs.origin, theirs.size, theirs.root_hash) == (ORIGIN, size, root)


def test_no_changed_bit_of_a_checkpoint_passes() -> None:
    """Origin, size and root are all under the signature, whichever of them a proof alone would not notice."""
    signer = some_signer(1)
    note = sign_checkpoint(Checkpoint(ORIGIN, 5, ROOTS[5]), [signer])
    for bit in range(len(note) * 8):
        with pytest.raises(ProofRefused):
            open_checkpoint(flipped(note, bit), [signer.verifier_key], ORIGIN)


def test_another_logs_checkpoint_is_refused_though_the_key_is_ours() -> None:
    signer = some_signer(1)
    note = sign_checkpoint(Checkpoint("log.example/two", 5, ROOTS[5]), [signer])
    with pytest.raises(ProofRefused, match="another log's") as refused:
        open_checkpoint(note, [signer.verifier_key], ORIGIN)
    assert (refused.value.expected, refused.value.found) == (ORIGIN, "log.example/two")


ROOT = base64.b64encode(ROOTS[5]).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n05\n{ROOT}\n",
        f"{ORIGIN}\n-5\n{ROOT}\n",
        f"{ORIGIN}\n+5\n{ROOT}\n",
        f"{ORIGIN}\n5 \n{ROOT}\n",
        f"{ORIGIN}\n\u0665\n{ROOT}\n",
        f"{ORIGIN}\n\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 20}\n{ROOT}\n",
        f"\n5\n{ROOT}\n",
        f"{ORIGIN}\n5\n{ROOT}",
        f"{ORIGIN}\n5\n{ROOT}\nextension\n",
        f"{ORIGIN}\n5\n{ROOT}\n\n",
        f"{ORIGIN}\n5\n\n",
        f"{ORIGIN}\n5\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n5\n{base64.b64encode(ROOTS[5][:31]).decode()}\n",
        f"{ORIGIN}\n5\n",
        "",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "checkpoint", [Checkpoint("", 5, ROOTS[5]), Checkpoint("two\nlines", 5, ROOTS[5]), Checkpoint(ORIGIN, -1, ROOTS[5])]
)
def test_what_is_no_checkpoint_is_not_signed(checkpoint: Checkpoint) -> None:
    with pytest.raises(ProofRefused):
        sign_checkpoint(checkpoint, [some_signer(1)])
