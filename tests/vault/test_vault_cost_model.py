"""The projection: by hand where it can be, and what must hold for any ingest."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tier_files import STRICT, shipped

from strongroom.vault.cost.comparison import compare, everywhere
from strongroom.vault.cost.ingest import Ingest, Stream, given_ingest
from strongroom.vault.cost.projection import MonthBill, project
from strongroom.vault.cost.sizes import price_sizes
from strongroom.vault.prices import GB_BYTES
from strongroom.vault.profiles import Profile, Transition, stays
from strongroom.vault.promise import ClassPromise
from strongroom.vault.tiers import Tiers

TIERS = shipped()
PRICES = TIERS.prices
CLASSES = PRICES.storage_classes
KB = 1024
MB = 1024 * 1024
PROMISES = {"some": STRICT, "other": replace(STRICT, retained_years=3)}
CHEAPEST_GB_MONTH = min(step.usd for each in CLASSES.values() for step in each.steps)

profiles = st.sampled_from([*TIERS.profiles.values()])
streams = st.builds(
    lambda name, objects, size: Stream(name, PROMISES[name].retained_years, Decimal(objects), size),
    st.sampled_from(sorted(PROMISES)),
    st.integers(1, 10**7),
    st.one_of(st.integers(1, 256 * KB), st.integers(1, 100 * MB)),
)
ingests = st.builds(
    lambda each, part: Ingest(tuple(each), sum((one.objects_per_month for one in each), Decimal(0)) / part),
    st.lists(streams, min_size=1, max_size=3),
    st.integers(1, 5),
)


def bills(ingest: Ingest, profile: Profile, months: int = 100, retrievals: int = 0) -> tuple[MonthBill, ...]:
    """The bills with every class on one profile."""
    return project(everywhere(TIERS, profile), PROMISES, ingest, months=months, retrievals_per_month=retrievals)


def one_stream(objects: int, size_bytes: int, years: int = 7) -> Ingest:
    """So many equal objects a month, one an interaction."""
    return Ingest((Stream("some", years, Decimal(objects), size_bytes),), Decimal(objects))


def total(found: tuple[MonthBill, ...]) -> Decimal:
    return sum((bill.total_usd for bill in found), Decimal(0))


def scaled(ingest: Ingest, factor: Decimal) -> Ingest:
    """The same, so many times."""
    more = tuple(replace(one, objects_per_month=one.objects_per_month * factor) for one in ingest.streams)
    return Ingest(more, ingest.interactions_per_month * factor)


@settings(max_examples=30, deadline=None)
@given(ingests, profiles, st.integers(1, 100), st.integers(0, 1000))
def test_more_ingest_never_costs_less(ingest: Ingest, profile: Profile, percent: int, retrievals: int) -> None:
    more = scaled(ingest, 1 + Decimal(percent) / 100)
    pairs = zip(bills(ingest, profile, 40, retrievals), bills(more, profile, 40, retrievals), strict=True)
    tolerance = Decimal("1e-12")
    for less, greater in pairs:
        assert less.storage_usd <= greater.storage_usd
        assert less.requests_usd <= greater.requests_usd
        assert less.transitions_usd <= greater.transitions_usd
        # an interaction costs to read what it costs, however many there are beside it
        assert less.total_usd <= greater.total_usd + tolerance * greater.total_usd


@settings(max_examples=30, deadline=None)
@given(ingests, streams, profiles)
def test_another_stream_never_costs_less(ingest: Ingest, stream: Stream, profile: Profile) -> None:
    more = replace(ingest, streams=(*ingest.streams, stream))
    for less, greater in zip(bills(ingest, profile, 40), bills(more, profile, 40), strict=True):
        assert less.total_usd <= greater.total_usd


@settings(max_examples=30, deadline=None)
@given(ingests, profiles)
def test_never_below_the_storage_floor_of_the_cheapest_class(ingest: Ingest, profile: Profile) -> None:
    tolerance = 1 - Decimal("1e-20")
    for bill in bills(ingest, profile):
        assert bill.storage_usd >= bill.kept_gb * CHEAPEST_GB_MONTH * tolerance
        assert sum(bill.billed_gb.values()) >= bill.kept_gb * tolerance


@settings(max_examples=20, deadline=None)
@given(ingests, st.integers(0, 1000))
def test_the_cheapest_that_is_named_is_the_cheapest_that_keeps_every_promise(ingest: Ingest, retrievals: int) -> None:
    comparison = compare(TIERS, PROMISES, ingest, years=3, retrievals_per_month=retrievals)
    assert comparison.cheapest is not None
    kept = [each for each in comparison.profiles if each.keeps_promises]
    assert {each.name for each in kept} == {"promise", "standard"}
    assert comparison.cheapest.total_usd == min(each.total_usd for each in kept)


@pytest.mark.parametrize("size_bytes", [100 * KB, 3 * MB, 50 * MB])
@pytest.mark.parametrize("years", [3, 7])
def test_of_all_days_to_move_to_glacier_ir_the_shipped_one_is_cheapest(size_bytes: int, years: int) -> None:
    def moving_after(days: int) -> Decimal:
        profile = Profile("tried", (Transition(days, CLASSES["GLACIER_IR"]),), 1)
        return total(bills(one_stream(1000, size_bytes, years), profile, 120))

    shipped_days = TIERS.default_profile.transitions[0].after_days
    assert moving_after(shipped_days) == min(moving_after(days) for days in (0, 1, 7, 30, 60, 90, 180, 365, 730))


def test_standard_by_hand() -> None:
    first, second, *_, last = bills(one_stream(1024, GB_BYTES), TIERS.profiles["standard"], 120)
    assert (first.storage_usd, second.storage_usd) == (Decimal("23.552"), Decimal("47.104"))
    # a put and two listings of versions each, and a HEAD
    assert first.requests_usd == 1024 * (3 * Decimal("0.005") + Decimal("0.0004")) / 1000
    assert (last.kept_gb, last.transitions_usd, last.retrievals_usd) == (84 * 1024, 0, 0)
    assert last.storage_usd == 51_200 * Decimal("0.023") + (84 * 1024 - 51_200) * Decimal("0.022")


def test_the_guides_profile_by_hand() -> None:
    last = bills(one_stream(1, GB_BYTES), TIERS.profiles["guide"], 120)[-1]
    month = Decimal(365) / 12
    kb = Decimal(KB) / GB_BYTES
    assert round(last.billed_gb["GLACIER"], 15) == round((275 / month) * (1 + 32 * kb), 15)
    assert round(last.billed_gb["DEEP_ARCHIVE"], 15) == round(72 * (1 + 32 * kb), 15)
    overhead = (275 / month + 72) * 8 * kb
    assert round(last.billed_gb["STANDARD"], 15) == round(90 / month + overhead, 15)
    assert last.transitions_usd == (Decimal("0.03") + Decimal("0.05")) / 1000
    assert [bill.transitions_usd for bill in bills(one_stream(1, GB_BYTES), TIERS.profiles["guide"], 13)] == [
        *[0] * 2,
        *[Decimal("0.03") / 1000] * 10,
        Decimal("0.08") / 1000,
    ]


def test_small_objects_never_move_and_pay_no_transition() -> None:
    last = bills(one_stream(1000, 20 * KB), TIERS.profiles["guide"], 120)[-1]
    assert last.transitions_usd == 0
    assert {name for name, gb in last.billed_gb.items() if gb} == {"STANDARD"}


def test_an_object_below_the_minimum_size_is_billed_as_the_minimum() -> None:
    last = bills(one_stream(1024 * 8, 64 * KB), TIERS.profiles["promise"], 84)[-1]
    assert last.kept_gb == 42
    assert last.billed_gb["GLACIER_IR"] == 84


def test_what_leaves_before_the_minimum_is_billed_to_its_end() -> None:
    one_year = stays(PRICES, (Transition(300, CLASSES["DEEP_ARCHIVE"]),), 1)
    in_standard, in_deep_archive = one_year
    month = Decimal(365) / 12
    assert (in_standard.from_month, in_standard.until_month) == (0, 300 / month)
    # disposed of on day 365, billed to day 480
    assert round(in_deep_archive.until_month * month, 9) == 480
    billed = sum(in_deep_archive.billed(number) for number in range(20))
    assert round(billed * month, 9) == 180


def test_after_the_last_year_as_much_is_kept_as_arrives() -> None:
    found = bills(one_stream(10, MB, years=3), TIERS.profiles["standard"], 60)
    assert [bill.kept_gb for bill in found[35:]] == [found[35].kept_gb] * 25
    assert found[34].kept_gb < found[35].kept_gb


def test_reads_cost_what_the_class_asks() -> None:
    ingest = one_stream(100, GB_BYTES)
    near = bills(ingest, TIERS.profiles["promise"], 12, retrievals=10)[-1]
    assert near.retrievals_usd == 10 * (Decimal("0.03") + Decimal("0.01") / 1000)
    assert bills(ingest, TIERS.profiles["standard"], 12, 10)[-1].retrievals_usd == 10 * Decimal("0.0004") / 1000


@pytest.mark.parametrize(
    ("promise_hours", "gb_usd", "per_1000_usd"),
    [(4, "0.03", "10"), (5, "0.01", "0.05"), (12, "0", "0")],
    ids=["Expedited", "Standard", "Bulk"],
)
def test_from_glacier_the_cheapest_restore_that_is_in_time(promise_hours: int, gb_usd: str, per_1000_usd: str) -> None:
    promises: dict[str, ClassPromise] = {"some": replace(STRICT, retrieval_promise_hours=promise_hours)}
    profile = Profile("at once", (Transition(0, CLASSES["GLACIER"]),), 1)
    tiers: Tiers = everywhere(TIERS, profile)
    ingest = one_stream(1000, GB_BYTES)
    bill = project(tiers, promises, ingest, months=1, retrievals_per_month=1)[0]
    assert bill.retrievals_usd == Decimal(gb_usd) + (Decimal(per_1000_usd) + Decimal("0.0004")) / 1000


def test_a_given_ingest_has_the_documents_beside_the_recordings() -> None:
    recordings, documents = given_ingest("some", 7, Decimal(3), 3 * MB).streams
    assert (recordings.objects_per_month, recordings.gb_per_month) == (1024, 3)
    assert documents.objects_per_month == 2048
    assert documents.object_bytes < 32 * KB


def test_where_genesys_must_stand_for_ninety_percent_less() -> None:
    comparison = compare(
        TIERS, PROMISES, given_ingest("some", 7, Decimal(100), 3 * MB), years=10, retrievals_per_month=0
    )
    price = comparison.genesys_gb_month_for(Decimal("0.9"))
    assert price is not None
    at_that_price = replace(TIERS, prices=replace(PRICES, genesys_gb_month_usd=price))
    again = compare(
        at_that_price, PROMISES, given_ingest("some", 7, Decimal(100), 3 * MB), years=10, retrievals_per_month=0
    )
    assert round(again.configured.total_usd / again.genesys_usd, 12) == Decimal("0.1")


def test_the_tiers_as_configured_are_a_row_of_their_own_only_where_they_differ() -> None:
    ingest = given_ingest("some", 7, Decimal(1), MB)
    assert [each.name for each in compare(TIERS, PROMISES, ingest, years=1, retrievals_per_month=0).rows] == [
        "promise",
        "guide",
        "standard",
    ]
    mixed = replace(TIERS, classes={"other": TIERS.of_class("other")})
    rows = compare(mixed, PROMISES, ingest, years=1, retrievals_per_month=0).rows
    assert rows[0].name == "as configured"
    without = replace(TIERS, profiles={"promise": TIERS.profiles["promise"]})
    rows = compare(without, PROMISES, ingest, years=1, retrievals_per_month=0).rows
    assert [each.name for each in rows] == ["promise", "everything in STANDARD"]


def test_small_objects_are_cheapest_in_standard_and_not_in_deep_archive() -> None:
    sizes = price_sizes(PRICES, 7)
    cheapest = {row.size_bytes // KB: row.cheapest for row in sizes.rows}
    assert cheapest[4] == cheapest[16] == "STANDARD"
    assert cheapest[3072] == "DEEP_ARCHIVE"
    for name, least_bytes in sizes.break_even_bytes.items():
        assert least_bytes is not None, name
        assert 32 * KB < least_bytes < 48 * KB


def test_a_cheaper_profile_that_breaks_a_promise_is_not_named() -> None:
    ingest = given_ingest("some", 7, Decimal(5120), 3 * MB)
    comparison = compare(TIERS, PROMISES, ingest, years=10, retrievals_per_month=10)
    totals = {each.name: each.total_usd for each in comparison.profiles}
    assert min(totals, key=totals.__getitem__) == "guide"
    assert comparison.cheapest is not None
    assert comparison.cheapest.name == "promise"
