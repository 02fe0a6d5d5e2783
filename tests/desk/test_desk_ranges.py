"""Which bytes are wanted: any header against RFC 9110, and against what a straightforward reading of it would give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.legal.ranges import ByteRange, RangeNotSatisfiable, Wanted, entity_tag, wanted_range

SHA256 = "a" * 64
SIZES = st.integers(0, 2**40)


@given(SIZES, st.integers(0, 2**41), st.integers(0, 2**41) | st.none())
def test_a_range_is_cut_to_the_file(size: int, first: int, last: int | None) -> None:
    header = Wanted(f"bytes={first}-{'' if last is None else last}")
    if last is not None and last < first:
        assert wanted_range(header, size, SHA256) is None
    elif first >= size:
        with pytest.raises(RangeNotSatisfiable) as refused:
            wanted_range(header, size, SHA256)
        assert refused.value.size_bytes == size
    else:
        expected = ByteRange(first, size - 1 if last is None else min(last, size - 1))
        assert wanted_range(header, size, SHA256) == expected


@given(SIZES, st.integers(0, 2**41))
def test_a_suffix_is_the_end_of_the_file(size: int, suffix: int) -> None:
    header = Wanted(f"bytes=-{suffix}")
    if min(size, suffix) == 0:
        with pytest.raises(RangeNotSatisfiable):
            wanted_range(header, size, SHA256)
    else:
        part = wanted_range(header, size, SHA256)
        assert part is not None
        assert (part.size_bytes, part.last) == (min(size, suffix), size - 1)


@given(
    SIZES,
    st.text(max_size=60) | st.text(alphabet="bytes=0123456789-, \t", max_size=30).map("bytes=".__add__),
    st.none() | st.text(max_size=70) | st.just(entity_tag(SHA256)),
)
def test_no_header_breaks_it_and_no_part_is_outside_the_file(size: int, header: str, if_range: str | None) -> None:
    try:
        part = wanted_range(Wanted(header, if_range), size, SHA256)
    except RangeNotSatisfiable:
        return
    if part is not None:
        assert 0 <= part.first <= part.last < size
        assert if_range is None or if_range.strip() == entity_tag(SHA256)


@pytest.mark.parametrize(
    ("header", "if_range"),
    [
        ("bytes=0-1,3-4", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1-0", None),
        ("bytes=٣-٤", None),
        ("items=0-1", None),
        ("0-1", None),
        (None, entity_tag(SHA256)),
        ("bytes=0-1", entity_tag("b" * 64)),
        ("bytes=0-1", f"W/{entity_tag(SHA256)}"),
        ("bytes=0-1", "Wed, 25 Nov 2026 10:00:00 GMT"),
    ],
)
def test_all_of_it_is_given_where_no_one_part_is_named(header: str | None, if_range: str | None) -> None:
    assert wanted_range(Wanted(header, if_range), 10, SHA256) is None


def test_a_part_of_the_same_file_is_gone_on_with() -> None:
    assert wanted_range(Wanted("Bytes = 2-", entity_tag(SHA256)), 10, SHA256) == ByteRange(2, 9)
