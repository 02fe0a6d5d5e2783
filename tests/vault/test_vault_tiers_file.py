"""Tiers files: the good ones as they are read, and each bad one refused with its line."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tier_files import GOOD, SHIPPED, shipped, written

from strongroom.errors import Misconfigured
from strongroom.vault.tiers import TiersInvalid, load_tiers

# (line that is replaced, what by, [(line of the fault, words of its message), …: all of the faults])
EDITS: dict[str, tuple[int, str, list[tuple[int, str]]]] = {
    "default profile missing": (1, "", [(2, "'default_profile' is missing")]),
    "default profile unknown": (1, "default_profile: nare", [(1, "did you mean 'near'?")]),
    "unknown key": (1, "default_profile: near\nregion: x", [(2, "unknown key 'region'")]),
    "class without profile": (4, "", [(3, "class 'slow': 'profile' is missing")]),
    "class of an unknown profile": (4, "    profile: fast", [(4, "'fast' is not known")]),
    "accepts too much": (5, "    accepts_retrieval_hours: 7000", [(5, "from 1 to 720 (thirty days), not 7000")]),
    "accepts with a unit": (5, "    accepts_retrieval_hours: 12h", [(5, "not the text '12h'")]),
    "profiles a list": (6, "profiles: []\nspare:", [(6, "must be keys"), (6, "is empty"), (7, "unknown key 'spare'")]),
    "profile twice": (10, "  near:", [(4, "'far' is not known"), (10, "'near' is given twice (first on line 7)")]),
    "days negative": (8, "    - after_days: -1", [(8, "from 0 to 10950 (thirty years), not -1")]),
    "days missing": (8, "    -", [(9, "'after_days' is missing")]),
    "class unknown in a profile": (9, "      storage_class: GLACIER_IA", [(9, "did you mean 'GLACIER_IR'?")]),
    "class without a price": (9, "      storage_class: DEEP_ARCHIVE", [(9, "'DEEP_ARCHIVE' is not known")]),
    "back to STANDARD": (9, "      storage_class: STANDARD", [(9, "'STANDARD' is not known")]),
    "days not ascending": (
        12,
        "      storage_class: GLACIER_IR\n    - after_days: 90\n      storage_class: GLACIER",
        [(13, "'after_days' 90 is not after the transition before")],
    ),
    "uphill": (
        12,
        "      storage_class: GLACIER\n    - after_days: 200\n      storage_class: GLACIER_IR",
        [(14, "S3 moves objects only down")],
    ),
    "storage class unknown": (22, "  STANDARD_IA:", [(22, "'STANDARD_IA' is not known"), (9, "is not known")]),
    "steps not ascending": (
        17,
        "      - {up_to_tb: 60, usd: 0.03}\n      - up_to_tb: 50",
        [(18, "'up_to_tb' 50 is not above")],
    ),
    "last step bounded": (19, "      - {up_to_tb: 100, usd: 0.02}", [(19, "unknown key 'up_to_tb'")]),
    "steps dearer": (19, "      - usd: 0.024", [(19, "'usd' 0.024 is above the step before")]),
    "price negative": (18, "        usd: -0.023", [(18, "an amount in plain digits, such as 0.023, not '-0.023'")]),
    "price a text": (23, "    gb_month: $0.004", [(23, "not the text '$0.004'")]),
    "price in exponents": (23, "    gb_month: 4.0e-3", [(23, "not '4.0e-3'")]),
    "price infinite": (23, "    gb_month: .inf", [(23, "an amount in plain digits")]),
    "price missing": (23, "", [(22, "storage class 'GLACIER_IR': 'gb_month' is missing")]),
    "puts missing": (20, "", [(15, "'puts_per_1000' is missing")]),
    "minimum days negative": (24, "    minimum_days: -90", [(24, "from 0 to 3650")]),
    "restores where none are": (28, "    retrieved_gb: 0.03\n    restores: {}", [(29, "unknown key 'restores'")]),
    "restores missing": (36, "    other:", [(29, "'restores' is missing"), (36, "unknown key 'other'")]),
    "restore unknown": (42, "      Slow:", [(42, "'Slow' is not known"), (37, "not refusable")]),
    "restore without minutes": (43, "", [(42, "'minutes_at_most' is missing")]),
    "nothing sure": (42, "      Bulk:\n        refusable: true", [(37, "a tier that is not refusable")]),
    "refusable a number": (39, "        refusable: 1", [(39, "must be true or false")]),
    "Genesys's price missing": (46, "", [(1, "'genesys_gb_month' is missing")]),
    "Genesys's price a text": (46, "genesys_gb_month: a lot", [(46, "not the text 'a lot'")]),
    "an anchor": (46, "genesys_gb_month: &a 0.25", [(46, "anchors")]),
}


def test_the_file_that_is_broken_here_is_good(tmp_path: Path) -> None:
    tiers = load_tiers(written(tmp_path, GOOD))
    assert tiers.default_profile.name == "near"
    assert [each.name for each in tiers.prices.storage_classes.values()] == ["STANDARD", "GLACIER_IR", "GLACIER"]
    assert tiers.of_class("slow").accepts_retrieval_hours == 12
    assert tiers.of_class("any other").profile is tiers.default_profile


@pytest.mark.parametrize("name", EDITS)
def test_a_bad_file_is_refused_with_every_fault_on_its_line(tmp_path: Path, name: str) -> None:
    number, line, expected = EDITS[name]
    lines = GOOD.splitlines()
    lines[number - 1] = line
    with pytest.raises(TiersInvalid) as refused:
        load_tiers(written(tmp_path, "\n".join(lines)))
    found = [(fault.line, fault.message) for fault in refused.value.faults]
    for at, words in expected:
        assert any(at == fault_line and words in message for fault_line, message in found), found
    assert {line for line, _ in found} == {line for line, _ in expected}, found
    assert "tiers.yaml, line " in str(refused.value)
    if len(found) > 1:
        assert "`strongroom vault cost` lists them" in str(refused.value)


def test_a_file_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="STRONGROOM_TIERS_FILE"):
        load_tiers(tmp_path / "none.yaml")


@given(st.binary(max_size=200))
def test_whatever_bytes_are_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(content)
    with pytest.raises(TiersInvalid):
        load_tiers(path)


@given(
    st.integers(1, 46), st.sampled_from(["", "x", "  - 1", "default_profile: {}", "    gb: [", "\tx: 1", "classes: 3"])
)
def test_any_line_replaced_is_a_file_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, number: int, line: str
) -> None:
    lines = GOOD.splitlines()
    lines[number - 1] = line
    path = tmp_path_factory.getbasetemp() / "edited.yaml"
    path.write_text("\n".join(lines))
    try:
        load_tiers(path)
    except TiersInvalid as refused:
        assert all(1 <= fault.line <= 47 for fault in refused.faults)


def test_the_shipped_file_has_the_prices_that_were_checked() -> None:
    """The table of the project's storage facts; a change of price is a change of this table."""
    classes = shipped().prices.storage_classes
    assert {name: each.gb_month_usd for name, each in classes.items()} == {
        "STANDARD": Decimal("0.023"),
        "GLACIER_IR": Decimal("0.004"),
        "GLACIER": Decimal("0.0036"),
        "DEEP_ARCHIVE": Decimal("0.00099"),
    }
    assert [(step.up_to_gb, step.usd) for step in classes["STANDARD"].steps] == [
        (Decimal(50 * 1024), Decimal("0.023")),
        (Decimal(500 * 1024), Decimal("0.022")),
        (None, Decimal("0.021")),
    ]
    assert {name: each.transitions_per_1000_usd for name, each in classes.items() if name != "STANDARD"} == {
        "GLACIER_IR": Decimal("0.02"),
        "GLACIER": Decimal("0.03"),
        "DEEP_ARCHIVE": Decimal("0.05"),
    }
    assert [each.minimum_days for each in classes.values()] == [0, 90, 90, 180]
    assert classes["GLACIER_IR"].minimum_bytes == 128 * 1024
    for name in ("GLACIER", "DEEP_ARCHIVE"):
        assert classes[name].overhead_bytes + classes[name].overhead_standard_bytes == 40 * 1024
    assert {(name, r.tier): (r.minutes_at_most, r.gb_usd) for name, c in classes.items() for r in c.restores} == {
        ("GLACIER", "Expedited"): (5, Decimal("0.03")),
        ("GLACIER", "Standard"): (300, Decimal("0.01")),
        ("GLACIER", "Bulk"): (720, Decimal(0)),
        ("DEEP_ARCHIVE", "Standard"): (720, Decimal("0.02")),
        ("DEEP_ARCHIVE", "Bulk"): (2880, Decimal("0.0025")),
    }


def test_the_shipped_file_is_package_data() -> None:
    assert SHIPPED.is_file()
    assert SHIPPED.suffix == ".yaml"


PRICES = shipped().prices


@given(st.decimals(0, 10**6, places=3), st.decimals(0, 10**6, places=3))
def test_storage_is_billed_by_steps(one: Decimal, other: Decimal) -> None:
    standard = PRICES.standard
    less, more = sorted((one, other))
    assert standard.storage_usd(less) <= standard.storage_usd(more)
    assert more * Decimal("0.021") <= standard.storage_usd(more) <= more * Decimal("0.023")


def test_the_steps_to_the_cent() -> None:
    standard = PRICES.standard
    assert standard.storage_usd(Decimal(51_200)) == Decimal("1177.6")
    assert standard.storage_usd(Decimal(51_201)) == Decimal("1177.622")
    assert standard.storage_usd(Decimal(600 * 1024)) == Decimal("1177.6") + 460_800 * Decimal("0.022") + Decimal(
        102_400
    ) * Decimal("0.021")
