"""What a policy changes of what is archived, as a table for people and as JSON."""

from datetime import date

from rich.console import Console

from cli.output import columns, count, printable
from strongroom.pipeline.policy_what_if import Group, Kept, Sum, WhatIf
from strongroom.pipeline.reclassify import Effect

_GIB = 1024**3
_EFFECTS = {Effect.STAYS: "stays as it is: it asks for less", Effect.SAME: "the same"}


def print_changes(console: Console, found: WhatIf, first: date | None, last: date | None) -> None:
    """The changes for people: a row for each way in which records are kept and would be."""
    console.print(f"policy {found.policy_version[:16]}, on {_span(first, last)}")
    console.print()
    numbers = ("records", "GB", "years", "USD")
    table = columns("kept as", "decided now", "effect", *numbers, right=numbers)
    for group, total in _ordered(found):
        table.add_row(
            _kept(group.before), _kept(group.decided), _EFFECTS.get(group.effect, group.effect.value), *_numbers(total)
        )
    console.print(table)
    console.print()
    changed = found.with_effect(True)
    console.print(
        f"{count(found.records, 'record')}: {changed.records:,} would change, {found.stays():,} keep a lock that is"
        f" longer or stricter; {changed.added_years:,} record-years and ${changed.added_usd:,.4f} more",
        soft_wrap=True,
    )
    for reason, number in sorted(found.left_out.items()):
        console.print(f"! {count(number, 'record')} left out: {printable(reason)}", style="yellow", soft_wrap=True)


def changes_document(found: WhatIf, first: date | None, last: date | None) -> dict[str, object]:
    """The changes as JSON. USD are text, so that no digit is lost."""
    changed = found.with_effect(True)
    return {
        "policy_version": found.policy_version,
        "first_day": None if first is None else first.isoformat(),
        "last_day": None if last is None else last.isoformat(),
        "records": found.records,
        "changed": _sum(changed),
        "stays": found.stays(),
        "groups": [
            {
                "before": vars(group.before),
                "decided": vars(group.decided),
                "after": vars(group.after),
                "effect": group.effect.value,
                **_sum(total),
            }
            for group, total in _ordered(found)
        ],
        "left_out": dict(sorted(found.left_out.items())),
    }


def _ordered(found: WhatIf) -> list[tuple[Group, Sum]]:
    return sorted(found.groups.items(), key=lambda item: (not item[0].effect.changes, item[0]))


def _sum(total: Sum) -> dict[str, object]:
    return vars(total) | {"added_usd": f"{total.added_usd:.12f}"}


def _numbers(total: Sum) -> tuple[str, ...]:
    gb = total.size_bytes / _GIB
    return f"{total.records:,}", f"{gb:,.3f}", f"{total.added_years:+,}", f"{total.added_usd:+,.4f}"


def _kept(kept: Kept) -> str:
    return f"{kept.retention_class}, {count(kept.retained_years, 'year')}, {kept.lock_mode}"


def _span(first: date | None, last: date | None) -> str:
    return "all that is archived" if first is None else f"what ended from {first} to {last}"
