"""What needs somebody's attention beside the days: restores that will be late, and checks that found something."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from cli.output import count, instant, json_instant, printable
from strongroom.ledger.checks import Check, latest_checks
from strongroom.ledger.engine import Engine
from strongroom.ledger.restores import RestoreRow, restores_needed

_EVERYTHING = "all"
_AGAIN = {"vault": "strongroom vault check"}


@dataclass(frozen=True)
class Attention:
    """Restores that were warned of, and of each kind the last failed check that no clean one of everything followed."""

    late_restores: tuple[RestoreRow, ...]
    failed_checks: tuple[Check, ...]


def attention(engine: Engine) -> Attention:
    """What the ledger says of both. Raises LedgerUnreachable."""
    late = tuple(row for row in restores_needed(engine) if row.warned_at is not None)
    return Attention(late, _failed(latest_checks(engine)))


def _failed(checks: Sequence[Check]) -> tuple[Check, ...]:
    failed = []
    for kind in sorted({check.kind for check in checks}):
        of_kind = sorted((check for check in checks if check.kind == kind), key=lambda check: check.ended_at)
        clean = [check for check in of_kind if check.scope == _EVERYTHING and not check.findings]
        since = [check for check in of_kind if check.findings and (not clean or check.ended_at > clean[-1].ended_at)]
        failed += since[-1:]
    return tuple(failed)


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
    }
