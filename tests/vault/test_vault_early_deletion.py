"""What deleting before a cold tier's minimum time costs: by hand, and never less than nothing."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from strongroom.vault.cost.early_deletion import early_deletion_usd
from strongroom.vault.prices import GB_BYTES
from strongroom.vault.profiles import Transition
from strongroom.vault.tiers import load_tiers

TIERS = load_tiers(Settings.model_fields["tiers_file"].default)
GLACIER = TIERS.prices.storage_classes["GLACIER"]
DEEP = TIERS.prices.storage_classes["DEEP_ARCHIVE"]
MOVES = (Transition(90, GLACIER), Transition(365, DEEP))


def cost(age_days: int, size_bytes: int = GB_BYTES, least_bytes: int = 0) -> Decimal:
    return early_deletion_usd(TIERS.prices, MOVES, least_bytes, size_bytes, Decimal(age_days))


def test_by_hand() -> None:
    assert cost(89) == 0, "still in STANDARD"
    left = Decimal(90 + GLACIER.minimum_days - 100)
    monthly = GLACIER.billed_bytes(GB_BYTES) * GLACIER.gb_month_usd
    monthly += GLACIER.overhead_standard_bytes * TIERS.prices.standard.gb_month_usd
    by_hand = left * 12 / 365 * monthly / GB_BYTES
    assert abs(cost(100) - by_hand) < Decimal("0.000001")
    assert cost(90 + GLACIER.minimum_days) == 0
    assert cost(365) > 0
    assert cost(365 + DEEP.minimum_days) == 0
    assert cost(365, size_bytes=1_000, least_bytes=1_000) == 0, "too small to be moved"


@given(st.integers(0, 4_000), st.integers(0, 10 * GB_BYTES))
def test_it_is_never_negative_and_falls_within_a_tier(age_days: int, size_bytes: int) -> None:
    now, tomorrow = cost(age_days, size_bytes), cost(age_days + 1, size_bytes)
    assert now >= 0
    if age_days + 1 not in {move.after_days for move in MOVES}:
        assert tomorrow <= now
