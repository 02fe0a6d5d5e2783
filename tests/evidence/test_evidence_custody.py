"""The custody chain: whoever changes, drops, swaps or inserts a line is found out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from custody_lines import CONVERSATION, START, chain, document, encoded, hash_of
from hypothesis import assume, given
from hypothesis import strategies as st

from strongroom.evidence.custody import ChainHead, read_line, split_lines, verify_chain
from strongroom.evidence.errors import ProofRefused

LINES = chain(12)
HEAD = hash_of(LINES[-1])


def test_a_whole_chain_holds_and_says_where_it_ends() -> None:
    assert verify_chain(LINES, head=HEAD) == ChainHead(12, HEAD)
    assert verify_chain([]) == ChainHead(0, "0" * 64)


@given(cut=st.integers(0, 12))
def test_a_stretch_holds_after_the_hash_before_it(cut: int) -> None:
    head = verify_chain(LINES[:cut])
    assert verify_chain(LINES[cut:], position=cut + 1, previous=head.hash, head=HEAD) == ChainHead(12, HEAD)


@given(index=st.integers(0, 11), place=st.integers(0, 400), bit=st.integers(0, 7))
def test_any_changed_bit_is_found(index: int, place: int, bit: int) -> None:
    line = bytearray(LINES[index])
    line[place % len(line)] ^= 1 << bit
    with pytest.raises(ProofRefused):
        verify_chain([*LINES[:index], bytes(line), *LINES[index + 1 :]], head=HEAD)


@given(index=st.integers(0, 11))
def test_a_dropped_line_is_found(index: int) -> None:
    with pytest.raises(ProofRefused):
        verify_chain(LINES[:index] + LINES[index + 1 :], head=HEAD)


@given(one=st.integers(0, 11), two=st.integers(0, 11))
def test_swapped_lines_are_found(one: int, two: int) -> None:
    assume(one != two)
    lines = list(LINES)
    lines[one], lines[two] = lines[two], lines[one]
    with pytest.raises(ProofRefused):
        verify_chain(lines, head=HEAD)


@given(index=st.integers(0, 12), act=st.sampled_from(["viewed", "archived"]))
def test_an_inserted_line_is_found_though_it_follows_on_the_one_before(index: int, act: str) -> None:
    previous = hash_of(LINES[index - 1]) if index else "0" * 64
    inserted = encoded(document(index + 1, previous, act=act, reason="inserted"))
    with pytest.raises(ProofRefused):
        verify_chain([*LINES[:index], inserted, *LINES[index:]], head=HEAD)


@given(index=st.integers(0, 11), reason=st.text(max_size=20))
def test_lines_made_anew_from_a_changed_one_end_in_another_head(index: int, reason: str) -> None:
    """Only the head, which the log and the vault have, tells: that is what they have it for."""
    before = LINES[:index]
    previous = hash_of(before[-1]) if before else "0" * 64
    anew = chain(12 - index, position=index + 1, previous=previous, reason=reason)
    verify_chain([*before, *anew])
    with pytest.raises(ProofRefused, match="the chain ends otherwise: expected"):
        verify_chain([*before, *anew], head=HEAD)


def test_what_was_expected_and_found_is_said_and_where() -> None:
    with pytest.raises(ProofRefused) as refused:
        verify_chain([*LINES[:4], *LINES[5:]])
    assert "custody event 5" in refused.value.where
    assert (refused.value.expected, refused.value.found) == ("5", "6")


def test_a_time_that_goes_back_is_refused() -> None:
    first = encoded(document(1, "0" * 64))
    second = encoded(document(2, hash_of(first), at="2026-03-10T08:59:59.999Z"))
    with pytest.raises(ProofRefused, match="the time goes back"):
        verify_chain([first, second])


def test_a_line_is_read_as_it_is() -> None:
    line = encoded(document(7, "ab" * 32, reason="Größe \x00", at="2026-03-10T09:00:07.123Z"))
    event = read_line(line)
    assert (event.position, event.previous, event.hash) == (7, "ab" * 32, hash_of(line))
    assert event.at == datetime(2026, 3, 10, 9, 0, 7, 123_000, tzinfo=UTC)
    assert (str(event.conversation_id), event.revision, event.reason) == (CONVERSATION, 1, "Größe \x00")
    assert event.details == {"objects": 7}


@pytest.mark.parametrize(
    "changed",
    [
        {"position": "7"},
        {"position": True},
        {"revision": 1.0},
        {"details": []},
        {"details": {"n": 1e400}},
        {"reason": 3},
        {"at": "2026-03-10T09:00:07Z"},
        {"at": "2026-03-10T10:00:07.000+01:00"},
        {"at": "2026-03-10T09:00:07.000"},
        {"at": "yesterday"},
        {"conversationId": CONVERSATION.upper()},
        {"conversationId": "none"},
        {"extra": None},
    ],
    ids=str,
)
def test_what_is_not_a_line_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ProofRefused, match="not a line of the custody chain"):
        read_line(encoded({**document(7, "0" * 64), **changed}))


@pytest.mark.parametrize("line", [b"", b"7", b"[]", b"\xff", b"[" * 100_000, b" " + LINES[0], LINES[0] + b"\n"])
def test_other_bytes_are_refused(line: bytes) -> None:
    with pytest.raises(ProofRefused):
        read_line(line)


@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_lines_come_out_of_chunks_of_any_size(sizes: list[int]) -> None:
    rest, chunks = b"".join(line + b"\n" for line in LINES), []
    while rest:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(rest[:size])
        rest = rest[size:]
    assert list(split_lines(chunks)) == LINES


def test_a_last_line_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ProofRefused, match="cut off"):
        list(split_lines([LINES[0] + b"\n", LINES[1][:-3]]))


def test_the_first_line_comes_after_nothing() -> None:
    assert read_line(LINES[0]).previous == "0" * 64
    assert read_line(LINES[0]).at == START.replace(second=1)
