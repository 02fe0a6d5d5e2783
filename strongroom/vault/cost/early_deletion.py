"""What it costs to delete an object before its storage class's minimum time is over.

S3 bills what is left of the minimum as if the object stood on (S3 pricing, "minimum storage duration"). Where an object
lies follows from its age by the lifecycle: no request is made to find out.
"""

from decimal import Decimal

from strongroom.vault.prices import GB_BYTES, PriceTable
from strongroom.vault.profiles import MONTH_DAYS, Transition


def early_deletion_usd(
    prices: PriceTable, transitions: tuple[Transition, ...], least_bytes: int, size_bytes: int, age_days: Decimal
) -> Decimal:
    """USD that are billed on when an object of this age is deleted now; 0 where nothing is.

    `transitions` are its class's, and what is not above `least_bytes` stays in STANDARD.
    """
    if size_bytes <= least_bytes:
        return Decimal(0)
    moved = [one for one in transitions if one.after_days <= age_days]
    if not moved:
        return Decimal(0)
    storage_class = moved[-1].storage_class
    left_days = moved[-1].after_days + storage_class.minimum_days - age_days
    if left_days <= 0:
        return Decimal(0)
    monthly = storage_class.billed_bytes(size_bytes) * storage_class.gb_month_usd
    monthly += storage_class.overhead_standard_bytes * prices.standard.gb_month_usd
    return (left_days / MONTH_DAYS * monthly / GB_BYTES).quantize(Decimal("0.000001"))
