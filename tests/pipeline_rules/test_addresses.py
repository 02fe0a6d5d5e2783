"""Numbers and addresses: every spelling of one is the same, and no two are."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.pipeline.addresses import LONGEST_ADDRESS, normalised, spellings

BRITISH = st.integers(7_400_000_000, 7_599_999_999).map(str)
PREFIX = st.sampled_from(["+44", "0044", "0", "tel:+44", "+44 (0)"])
PUNCTUATION = st.sampled_from(["", " ", "-", ".", "/", "  ", ")", "("])


@pytest.mark.parametrize(
    ("address", "region", "expected"),
    [
        ("tel:+442079460000", None, "+442079460000"),
        ("TEL:+44-20-7946-0000;ext=12", None, "+442079460000"),
        ("+44 20 7946 0000 x123", None, "+442079460000"),
        ("+44 (0)20 7946 0000", None, "+442079460000"),
        ("0044 20 7946 0000", None, "+442079460000"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("(212) 555-0117", "US", "+12125550117"),
        ("011 44 20 7946 0000", "US", "+442079460000"),
        ("020 7946 0000", None, "02079460000"),
        ("sip:+442079460000@10.0.0.1:5060;user=phone", None, "+442079460000"),
        ("sips:02079460000@sbc.example.com", "GB", "+442079460000"),
        ('"Anna" <sip:+442079460000@host>', None, "+442079460000"),
        ("sip:Anna.Smith@Example.com", None, "anna.smith@example.com"),
        ("mailto:Anna.Smith@Example.com?subject=x", None, "anna.smith@example.com"),
        ("Anna Smith <Anna.Smith@Example.com>", None, "anna.smith@example.com"),
        ("12345@example.com", "GB", "12345@example.com"),
        ("+٤٤٢٠٧٩٤٦٠٠٠٠", None, "+442079460000"),
        ("121", "GB", "121"),
        ("STRASSE@example.com", None, "strasse@example.com"),
        ("x\x00y@example.com", None, "xy@example.com"),
        ("\ud800@example.com", None, ""),
    ],
)
def test_spellings(address: str, region: str | None, expected: str) -> None:
    assert normalised(address, region) == (expected or None)


@pytest.mark.parametrize(
    "nobody", ["", "  ", "anonymous", "sip:anonymous@anonymous.invalid", "tel:", "Unavailable", "+"]
)
def test_who_withholds_the_number_is_nobody(nobody: str) -> None:
    assert normalised(nobody, "GB") in (None, "+")


@given(
    BRITISH,
    st.lists(PUNCTUATION, min_size=10, max_size=10),
    st.sampled_from(["+44", "0044", "0", "tel:+44", "+44 (0)"]),
)
def test_a_number_is_the_same_however_it_is_written(number: str, between: list[str], prefix: str) -> None:
    written = prefix + "".join(digit + mark for digit, mark in zip(number, between, strict=True))
    assert normalised(written, "GB") == f"+44{number}"


@given(BRITISH, BRITISH)
def test_two_numbers_stay_two(one: str, other: str) -> None:
    assert (normalised(f"0{one}", "GB") == normalised(f"+44{other}", "GB")) == (one == other)


@given(st.text(), st.sampled_from([None, "GB", "US", "DE"]))
def test_what_is_normalised_stays_as_it_is(address: str, region: str | None) -> None:
    once = normalised(address, region)
    if once is None:
        assert spellings(address, region) == ()
        return
    assert len(once) <= LONGEST_ADDRESS and "\x00" not in once
    once.encode()
    assert once in spellings(address, region)


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_an_example_of_every_country_is_found_as_it_is_dialled_there(region: str) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
        assert normalised(phonenumbers.format_number(example, form), region) == e164


def test_a_number_is_looked_for_with_and_without_its_plus() -> None:
    assert spellings("+44 20 7946 0000", None) == ("+442079460000", "442079460000")
    assert spellings("442079460000", None) == ("442079460000", "+442079460000")
    assert spellings("a@b.example", None) == ("a@b.example",)
