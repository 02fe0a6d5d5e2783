"""The retrieval tier: one that makes it whenever there is one, and never a dearer one than needed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from strongroom.vault.prices import Restore, StorageClass
from strongroom.vault.retrieval import choose_tier, makes_it, margin_s, pause_s, retrieval_usd
from strongroom.vault.tiers import load_tiers

PRICES = load_tiers(Settings.model_fields["tiers_file"].default).prices
MB = 1024 * 1024
HOUR_S = 3_600.0


def storage_class(*restores: Restore) -> StorageClass:
    nothing = Decimal(0)
    return StorageClass("GLACIER", (), 0, 0, 0, 0, nothing, nothing, nothing, nothing, restores)


usd = st.decimals(0, 10, places=4)
tiers = st.builds(
    Restore,
    tier=st.sampled_from(["Expedited", "Standard", "Bulk"]),
    minutes_at_most=st.integers(1, 4_000),
    gb_usd=usd,
    per_1000_usd=usd,
    refusable=st.booleans(),
    up_to_mb=st.none() | st.integers(1, 1_000),
)
offers = st.lists(tiers, max_size=3, unique_by=lambda restore: restore.tier).map(lambda some: storage_class(*some))
sizes = st.integers(0, 2_000 * MB)
lefts = st.floats(-HOUR_S, 80 * HOUR_S)


@given(offers, sizes, lefts)
def test_a_tier_that_makes_it_is_chosen_whenever_there_is_one_and_none_is_cheaper(
    offered: StorageClass, size_bytes: int, seconds_left: float
) -> None:
    choice = choose_tier(offered, size_bytes, seconds_left)
    if choice is None:
        assert offered.restores == ()
        return
    making_it = [restore for restore in offered.restores if makes_it(restore, size_bytes, seconds_left)]
    assert choice.in_time == bool(making_it)
    if making_it:
        assert choice.restore in making_it
        assert retrieval_usd(choice.restore, size_bytes) == min(retrieval_usd(one, size_bytes) for one in making_it)
    else:
        assert choice.restore.minutes_at_most == min(restore.minutes_at_most for restore in offered.restores)


@given(offers, sizes, lefts, lefts)
def test_more_time_never_costs_more(offered: StorageClass, size_bytes: int, one: float, other: float) -> None:
    sooner, later = (choose_tier(offered, size_bytes, seconds_left) for seconds_left in sorted((one, other)))
    if sooner is not None and later is not None and sooner.in_time:
        assert later.in_time
        assert retrieval_usd(later.restore, size_bytes) <= retrieval_usd(sooner.restore, size_bytes)


@given(offers, sizes, lefts)
def test_what_makes_it_leaves_time_to_notice_and_to_read(
    offered: StorageClass, size_bytes: int, seconds_left: float
) -> None:
    choice = choose_tier(offered, size_bytes, seconds_left)
    if choice is not None and choice.in_time:
        restore = choice.restore
        assert restore.minutes_at_most * 60 + pause_s(restore) < seconds_left
        assert restore.up_to_mb is None or size_bytes <= restore.up_to_mb * MB


@pytest.mark.parametrize(
    ("name", "size_bytes", "hours", "tier", "in_time"),
    [
        ("GLACIER", MB, 4, "Expedited", True),
        ("GLACIER", 250 * MB, 4, "Expedited", True),
        ("GLACIER", 250 * MB + 1, 4, "Expedited", False),
        ("GLACIER", 250 * MB + 1, 6, "Standard", True),
        ("GLACIER", MB, 5, "Expedited", True),
        ("GLACIER", MB, 13, "Bulk", True),
        ("GLACIER", MB, 0, "Expedited", False),
        ("DEEP_ARCHIVE", MB, 4, "Standard", False),
        ("DEEP_ARCHIVE", MB, 13, "Standard", True),
        ("DEEP_ARCHIVE", MB, 49, "Bulk", True),
    ],
)
def test_the_tiers_of_the_price_table(name: str, size_bytes: int, hours: float, tier: str, in_time: bool) -> None:
    choice = choose_tier(PRICES.storage_classes[name], size_bytes, hours * HOUR_S)
    assert choice is not None
    assert (choice.restore.tier, choice.in_time) == (tier, in_time)


def test_what_is_refused_is_not_chosen_again() -> None:
    glacier = PRICES.storage_classes["GLACIER"]
    choice = choose_tier(glacier, MB, 4 * HOUR_S, {"Expedited"})
    assert choice is not None
    assert (choice.restore.tier, choice.in_time) == ("Standard", False)
    assert choose_tier(glacier, MB, 4 * HOUR_S, {"Expedited", "Standard", "Bulk"}) is None


@pytest.mark.parametrize("name", ["STANDARD", "GLACIER_IR"])
def test_what_can_be_read_at_once_has_no_tier(name: str) -> None:
    assert choose_tier(PRICES.storage_classes[name], MB, HOUR_S) is None


def test_what_a_retrieval_costs() -> None:
    restores = {restore.tier: restore for restore in PRICES.storage_classes["GLACIER"].restores}
    assert retrieval_usd(restores["Expedited"], 1024 * MB) == Decimal("0.04")
    assert retrieval_usd(restores["Bulk"], 1024 * MB) == 0
    assert [margin_s(restores[tier]) for tier in ("Expedited", "Standard", "Bulk")] == [360, 1_200, 2_100]
