"""The monthly ingest as the ledger shows it: what the vault's cost is projected from."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from strongroom.errors import StrongroomError
from strongroom.ledger.engine import Engine
from strongroom.ledger.volume import Volume, archived_volume
from strongroom.retention.policy import Policy
from strongroom.vault.cost.ingest import Ingest, Stream
from strongroom.vault.profiles import MONTH_DAYS


class NothingMeasured(StrongroomError):
    """Nothing was archived lately, so there is nothing to project from."""


@dataclass(frozen=True)
class MeasuredIngest:
    """A month's ingest, and the UTC days it was measured on, first and last included."""

    ingest: Ingest
    first_day: date
    last_day: date


def measured_ingest(engine: Engine, policy: Policy, today: date, days: int) -> MeasuredIngest:
    """The ingest of the `days` before `today`, as a month's.

    Days before the first and after the last that has anything are not counted as empty: the archive may be younger.
    What is filed under a class that the policy no longer has counts as the default class's. Raises NothingMeasured.
    """
    volume = archived_volume(engine, today - timedelta(days=days), today - timedelta(days=1))
    if volume is None:
        raise NothingMeasured(
            f"nothing was archived of the last {days} days",
            where="the ledger",
            todo="give --ingest-gb-per-month, or a longer --days",
        )
    months = volume.days / MONTH_DAYS
    return MeasuredIngest(
        Ingest(_streams(volume, policy, months), volume.conversations / months), volume.first_day, volume.last_day
    )


def _streams(volume: Volume, policy: Policy, months: Decimal) -> tuple[Stream, ...]:
    classes = {each.name: each for each in policy.classes}
    streams = []
    for row in volume.rows:
        kept_as = classes.get(row.retention_class, policy.default_class)
        mean_bytes = round(row.size_bytes / row.objects)
        streams.append(Stream(kept_as.name, kept_as.retained_years, row.objects / months, mean_bytes))
    return tuple(streams)
