"""Ids out of what people paste and upload, and what a request must say."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.legal.asking import (
    parse_ids,
    require_due,
    require_justification,
    require_name,
    require_some,
)
from strongroom.legal.errors import Misuse
from web.pages.requests import due_time

ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}\n{TWO}\n",
        f"{ONE}, {TWO}",
        f"{ONE};{TWO}\r\n",
        f"{ONE} {TWO}",
        f"\N{ZERO WIDTH NO-BREAK SPACE}{ONE}\n\n{TWO}\n{ONE}",
        f'conversationId,subject\n{ONE},complaint\n{TWO},"a, b"\n',
        f"Subject;Conversation ID\ncomplaint;{ONE}\nother;{TWO}\n",
        f'"{ONE}"\t<{TWO}>',
        f"{str(ONE).upper()}\n{TWO.hex}",
    ],
)
def test_ids_are_read_however_they_come(text: str) -> None:
    parsed = parse_ids(text)
    assert (parsed.ids, parsed.rejected) == ((ONE, TWO), ())


def test_of_a_row_with_other_cells_the_first_id_counts() -> None:
    assert parse_ids(f"{ONE},{TWO},queue of somebody\n").ids == (ONE,)


def test_junk_is_told_by_its_line() -> None:
    parsed = parse_ids(f'{ONE}\nnot an id\n\n=HYPERLINK("x")\n{TWO}x\n\x1b[31m{"y" * 300}\n{THREE}\n')
    assert parsed.ids == (ONE, THREE)
    assert [one.number for one in parsed.rejected] == [2, 4, 5, 6]
    assert all(one.text.isprintable() and len(one.text) <= 120 for one in parsed.rejected)


@given(st.text(max_size=300), st.lists(st.uuids(), max_size=5))
def test_no_text_breaks_it_and_no_id_on_a_line_of_its_own_is_lost(text: str, ids: list[UUID]) -> None:
    parsed = parse_ids(text + "\n" + "\n".join(map(str, ids)))
    assert set(ids) <= set(parsed.ids)


def test_a_justification_says_something() -> None:
    assert require_justification("  Subpoena 17\r\nof the court ") == "Subpoena 17\nof the court"
    for blank in ("", "  ", "\n\t", "\N{ZERO WIDTH SPACE}", "x\x00y", "x\x1by", "\ud800", "y" * 2_001):
        with pytest.raises(Misuse):
            require_justification(blank)


def test_on_behalf_of_oneself_is_on_behalf_of_nobody() -> None:
    assert require_name(" Anne@example.com ", "anne@example.com") is None
    assert require_name("", "anne") is None
    assert require_name("counsel@example.com", "anne") == "counsel@example.com"


def test_due_in_four_hours_unless_said() -> None:
    assert require_due(None, NOW) == NOW + timedelta(hours=4)
    asked = datetime(2026, 11, 25, 15, 0, tzinfo=timezone(timedelta(hours=2)))
    assert require_due(asked, NOW) == asked
    for wrong in (NOW, NOW - timedelta(seconds=1), NOW + timedelta(days=367), datetime(2026, 11, 25, 15, 0)):  # noqa: DTZ001
        with pytest.raises(Misuse):
            require_due(wrong, NOW)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-10T14:00", "2026-03-10T14:00:00+00:00"),
        ("2026-03-10T14:00Z", "2026-03-10T14:00:00+00:00"),
        (" 2026-03-10T14:00+05:30 ", "2026-03-10T08:30:00+00:00"),
    ],
)
def test_an_offset_that_is_given_counts(written: str, meant: str) -> None:
    assert due_time(written) == datetime.fromisoformat(meant)
    assert due_time(written).utcoffset() == timedelta(0)


@pytest.mark.parametrize("written", ["soon", "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00"])
def test_a_due_time_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(Misuse, match="due time"):
        due_time(written)


def test_a_request_has_some_conversations_and_not_too_many() -> None:
    assert require_some((ONE, TWO, ONE)) == (ONE, TWO)
    for wrong in ((), tuple(uuid4() for _ in range(1_001))):
        with pytest.raises(Misuse):
            require_some(wrong)
