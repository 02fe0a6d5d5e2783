"""What needs somebody's attention beside the days: restores that will be late, and checks that found something."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from cli.output import count, instant, json_instant, printable
from strongroom.ledger.checks import Check, unanswered_checks
from strongroom.ledger.engine import Engine
from strongroom.ledger.restores import RestoreRow, restores_needed
from strongroom.ledger.verification import damaged_records

_AGAIN = {"vault": "strongroom vault check --all"}


@dataclass(frozen=True)
class Attention:
    """Restores that were warned of; of each kind the last failed check that no clean one followed which covers as much;
    and how many records had findings when they were hashed last.
    """

    late_restores: tuple[RestoreRow, ...]
    failed_checks: tuple[Check, ...]
    damaged_records: int


def attention(engine: Engine) -> Attention:
    """What the ledger says of them. Raises LedgerUnreachable."""
    late = tuple(row for row in restores_needed(engine) if row.warned_at is not None)
    return Attention(late, _failed(unanswered_checks(engine)), damaged_records(engine))


def _failed(checks: Sequence[Check]) -> tuple[Check, ...]:
    last = {check.kind: check for check in sorted(checks, key=lambda check: check.ended_at)}
    return tuple(last[kind] for kind in sorted(last))


def print_attention(console: Console, found: Attention) -> None:
    """A line or two for each; nothing when nothing needs attention."""
    for row in found.late_restores:
        console.print(
            f"! restore {row.restore_id}, due {instant(row.needed_by)}: {printable(row.cause)}", style="yellow"
        )
        console.print("  strongroom restore --list")
    for check in found.failed_checks:
        first = check.findings[0]
        told = count(len(check.findings), "finding")
        console.print(
            f"! check `{check.kind}` of {check.scope}, {instant(check.ended_at)}: {told}, "
            f"the first: {printable(str(first.get('what')))} [{printable(str(first.get('where')))}]",
            style="yellow",
            soft_wrap=True,
        )
        console.print(f"  {_AGAIN.get(check.kind, 'strongroom verify')}")
    if found.damaged_records:
        told = count(found.damaged_records, "record")
        console.print(f"! {told} not as archived when last hashed", style="yellow")
        console.print("  strongroom verify CONVERSATION --depth hashed")


def attention_document(found: Attention) -> dict[str, object]:
    """The same for machines."""
    return {
        "late_restores": [
            {
                "restore": row.restore_id,
                "conversation_id": str(row.conversation_id),
                "needed_by": json_instant(row.needed_by),
                "late": row.cause,
            }
            for row in found.late_restores
        ],
        "failed_checks": [
            {
                "check": check.kind,
                "scope": check.scope,
                "ended_at": json_instant(check.ended_at),
                "findings": len(check.findings),
            }
            for check in found.failed_checks
        ],
        "damaged_records": found.damaged_records,
    }
