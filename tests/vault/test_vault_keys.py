"""Keys: as the design says, and no name from outside becomes a path."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.vault.keys import KeyRefused, attachment_key, conversation_key, manifest_key, recording_key

DAY = date(2026, 2, 28)
ID = "7f9b1c2e-0000-4000-8000-1234567890ab"
PLAIN = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)


def test_keys_are_the_designs() -> None:
    assert manifest_key(DAY, ID, 1) == f"archive/2026-02-28/{ID}/manifest.json"
    assert manifest_key(DAY, ID, 2) == f"archive/2026-02-28/{ID}/r2/manifest.json"
    assert conversation_key(DAY, ID, 1) == f"archive/2026-02-28/{ID}/conversation.json"
    assert recording_key(DAY, ID, 1, "rec", 1, "wav") == f"archive/2026-02-28/{ID}/recordings/rec.wav"
    assert recording_key(DAY, ID, 3, "rec", 2, "ogg") == f"archive/2026-02-28/{ID}/r3/recordings/rec.2.ogg"
    assert attachment_key(DAY, ID, 1, "rec", "att-1") == f"archive/2026-02-28/{ID}/recordings/rec/attachments/att-1"


@pytest.mark.parametrize("bad", ["", "../x", "a/b", "a.b", "a b", "-a", "ä", "a\n", "a\x00", "x" * 65, "\u0661"])
def test_what_is_no_plain_id_is_refused_and_not_repeated(bad: str) -> None:
    for make in (
        lambda: manifest_key(DAY, bad, 1),
        lambda: conversation_key(DAY, bad, 1),
        lambda: recording_key(DAY, ID, 1, bad, 1, "wav"),
        lambda: attachment_key(DAY, ID, 1, bad, "att"),
    ):
        with pytest.raises(KeyRefused) as caught:
            make()
        assert len(bad) < 2 or bad not in str(caught.value)


@pytest.mark.parametrize("extension", ["", ".wav", "tar.gz", "WAV", "x" * 9, "a/b"])
def test_an_odd_extension_is_refused(extension: str) -> None:
    with pytest.raises(KeyRefused):
        recording_key(DAY, ID, 1, "rec", 1, extension)


@pytest.mark.parametrize("number", [0, -1])
def test_parts_and_revisions_count_from_one(number: int) -> None:
    with pytest.raises(KeyRefused):
        recording_key(DAY, ID, 1, "rec", number, "wav")
    with pytest.raises(KeyRefused):
        manifest_key(DAY, ID, number)


@given(st.text())
def test_an_attachment_id_is_never_a_path(attachment_id: str) -> None:
    folder = f"archive/2026-02-28/{ID}/recordings/rec/attachments/"
    key = attachment_key(DAY, ID, 1, "rec", attachment_id)
    assert key == attachment_key(DAY, ID, 1, "rec", attachment_id)
    assert key.startswith(folder)
    assert "/" not in key.removeprefix(folder)
    assert key.isascii()
    assert len(key) < 1024


@given(st.text() | PLAIN, st.text() | PLAIN)
def test_different_attachments_have_different_keys(one: str, other: str) -> None:
    assert (attachment_key(DAY, ID, 1, "rec", one) == attachment_key(DAY, ID, 1, "rec", other)) == (one == other)


@given(PLAIN, PLAIN, st.integers(1, 3), st.integers(1, 3))
def test_different_files_have_different_keys(one: str, other: str, part: int, other_part: int) -> None:
    same = recording_key(DAY, ID, 1, one, part, "wav") == recording_key(DAY, ID, 1, other, other_part, "wav")
    assert same == ((one, part) == (other, other_part))
