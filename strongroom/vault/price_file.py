"""The price table as the tiers file has it."""

from decimal import Decimal

from yaml.nodes import Node, SequenceNode

from strongroom.plain_yaml.reader import NodeReader
from strongroom.vault.prices import ARCHIVED, KB_BYTES, STANDARD, TB_GB, WATERFALL, PriceStep, Restore, StorageClass

_NONE = Decimal(0)
_RESTORE_TIERS = ("Expedited", "Standard", "Bulk")  # S3 API reference, RestoreObject: GlacierJobParameters.Tier
_MAX_DAYS = 3650
_MAX_KB = 1024 * 1024
_MAX_MINUTES = 30 * 24 * 60
_MAX_TB = 1_000_000


def read_storage_classes(reader: NodeReader, node: Node) -> dict[str, StorageClass | None]:
    """The file's `storage_classes` by name, None for one at fault; faults go to the reader."""
    found: dict[str, StorageClass | None] = {}
    for key, name, value in reader.entries(node, "'storage_classes'"):
        if reader.word(key, "a storage class", WATERFALL) is not None:
            found[name] = _read_storage_class(reader, key, name, value)
    if STANDARD not in found:
        reader.fault(node, f"'storage_classes': '{STANDARD}' is missing: every object is put there first")
    return found


def _read_storage_class(reader: NodeReader, key: Node, name: str, node: Node) -> StorageClass | None:
    faults_before = len(reader.faults)
    what = f"storage class '{name}'"
    required: tuple[str, ...] = ("gb_month", "gets_per_1000")
    optional: tuple[str, ...] = ()
    if name == STANDARD:
        required += ("puts_per_1000",)
    else:
        required += ("minimum_days", "transitions_per_1000", "restores" if name in ARCHIVED else "retrieved_gb")
        optional += ("minimum_kb", "overhead_kb", "overhead_standard_kb")
    fields = reader.fields(node, what, required=required, optional=optional, at=key)

    def amount(field: str) -> Decimal:
        return reader.amount(fields.get(field), f"{what}: '{field}'") or _NONE

    def kilobytes(field: str) -> int:
        number = reader.whole_number(fields.get(field), f"{what}: '{field}'", low=0, high=_MAX_KB, limit="a GB")
        return (number or 0) * KB_BYTES

    days = reader.whole_number(
        fields.get("minimum_days"), f"{what}: 'minimum_days'", low=0, high=_MAX_DAYS, limit="ten years"
    )
    storage_class = StorageClass(
        name=name,
        steps=_read_steps(reader, fields.get("gb_month"), f"{what}: 'gb_month'"),
        minimum_days=days or 0,
        minimum_bytes=kilobytes("minimum_kb"),
        overhead_bytes=kilobytes("overhead_kb"),
        overhead_standard_bytes=kilobytes("overhead_standard_kb"),
        puts_per_1000_usd=amount("puts_per_1000"),
        gets_per_1000_usd=amount("gets_per_1000"),
        transitions_per_1000_usd=amount("transitions_per_1000"),
        retrieved_gb_usd=amount("retrieved_gb"),
        restores=_read_restores(reader, fields.get("restores"), f"{what}: 'restores'"),
    )
    return storage_class if len(reader.faults) == faults_before else None


def _read_steps(reader: NodeReader, node: Node | None, what: str) -> tuple[PriceStep, ...]:
    if not isinstance(node, SequenceNode):
        return (PriceStep(None, reader.amount(node, what) or _NONE),)
    steps: list[PriceStep] = []
    ceiling: Decimal | None = None
    items = reader.items(node, what)
    for item in items:
        last = item is items[-1]
        fields = reader.fields(item, f"{what}: a step", required=("usd",) if last else ("up_to_tb", "usd"))
        top_tb = reader.whole_number(
            fields.get("up_to_tb"), f"{what}: 'up_to_tb'", low=1, high=_MAX_TB, limit="a million TB"
        )
        usd = reader.amount(fields.get("usd"), f"{what}: 'usd'")
        top_gb = None if top_tb is None else Decimal(top_tb) * TB_GB
        below = steps[-1] if steps else None
        if top_gb is not None and below is not None and below.up_to_gb is not None and top_gb <= below.up_to_gb:
            reader.fault(fields["up_to_tb"], f"{what}: 'up_to_tb' {top_tb} is not above the step before it")
        # a marginal price that rose with the amount would be no list price of S3's, and a slip for certain
        if usd is not None and ceiling is not None and usd > ceiling:
            reader.fault(fields["usd"], f"{what}: 'usd' {usd} is above the step before it")
        ceiling = usd
        steps.append(PriceStep(top_gb, usd or _NONE))
    return tuple(steps)


def _read_restores(reader: NodeReader, node: Node | None, what: str) -> tuple[Restore, ...]:
    if node is None:
        return ()
    restores = []
    for key, tier, value in reader.entries(node, what):
        if reader.word(key, what, _RESTORE_TIERS) is None:
            continue
        of_tier = f"{what}: '{tier}'"
        required = ("minutes_at_most", "gb", "per_1000")
        fields = reader.fields(value, of_tier, required=required, optional=("refusable", "up_to_mb"), at=key)
        minutes = reader.whole_number(
            fields.get("minutes_at_most"),
            f"{of_tier}: 'minutes_at_most'",
            low=1,
            high=_MAX_MINUTES,
            limit="thirty days",
        )
        restores.append(
            Restore(
                tier=tier,
                minutes_at_most=minutes or 1,
                gb_usd=reader.amount(fields.get("gb"), f"{of_tier}: 'gb'") or _NONE,
                per_1000_usd=reader.amount(fields.get("per_1000"), f"{of_tier}: 'per_1000'") or _NONE,
                refusable=bool(reader.yes_or_no(fields.get("refusable"), f"{of_tier}: 'refusable'")),
                up_to_mb=reader.whole_number(
                    fields.get("up_to_mb"), f"{of_tier}: 'up_to_mb'", low=1, high=_MAX_KB, limit="a TB"
                ),
            )
        )
    if all(restore.refusable for restore in restores):
        reader.fault(node, f"{what} must have a tier that is not refusable, or nothing is sure to come back")
    return tuple(restores)
