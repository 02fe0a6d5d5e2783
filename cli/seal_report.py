"""How far a day is sealed: in which checkpoint, with which timestamp, and what came late."""

from dataclasses import dataclass
from datetime import date

from cli.output import count, instant, json_instant, printable
from strongroom.ledger.checkpoints import CheckpointRow, find_checkpoint
from strongroom.ledger.engine import Engine
from strongroom.ledger.sealed_days import SealedDay, sealed_day, unsealed_manifests
from strongroom.pipeline.log_keys import NO_KEY


@dataclass(frozen=True)
class SealReport:
    """A day's seal and its checkpoint, when it has them, and how many of its manifests the log doesn't hold yet."""

    sealed: SealedDay | None = None
    checkpoint: CheckpointRow | None = None
    unsealed: int = 0


def seal_of(engine: Engine, day: date) -> SealReport:
    """Read one day's. Raises LedgerUnreachable."""
    sealed = sealed_day(engine, day)
    checkpoint = None if sealed is None else find_checkpoint(engine, sealed.checkpoint_size)
    return SealReport(sealed, checkpoint, unsealed_manifests(engine, day))


def seal_document(report: SealReport) -> dict[str, object]:
    """It for machines; docs/commands.md has the keys."""
    sealed, checkpoint = report.sealed, report.checkpoint
    return {
        "sealed": sealed
        and {
            "at": json_instant(sealed.sealed_at),
            "checkpoint": sealed.checkpoint_size,
            "manifests": sealed.manifests,
            "late_manifests": sealed.late_manifests,
            "late_checkpoint": sealed.late_checkpoint_size,
            "timestamped_at": checkpoint and json_instant(checkpoint.timestamp_at),
            "timestamp_error": checkpoint and checkpoint.timestamp_error,
            "witnessed_at": checkpoint and json_instant(checkpoint.witnessed_at),
            "witness_error": checkpoint and checkpoint.witness_error,
        },
        "unsealed_manifests": report.unsealed,
    }


def seal_lines(report: SealReport, *, settled: bool, has_key: bool) -> list[str]:
    """It for people, a line each; what is not as it should be begins with an exclamation mark."""
    sealed = report.sealed
    if sealed is None:
        if not settled:
            return ["not yet: the day has not settled"]
        return ["not yet: the next sweep sends for it" if has_key else f"! not sealed: {NO_KEY}"]
    lines = [f"in checkpoint {sealed.checkpoint_size} of {instant(sealed.sealed_at)}: {_manifests(sealed.manifests)}"]
    if sealed.late_checkpoint_size is not None:
        lines.append(f"late, in checkpoint {sealed.late_checkpoint_size}: {_manifests(sealed.late_manifests)}")
    if report.unsealed:
        lines.append(f"late, waiting for the next checkpoint: {_manifests(report.unsealed)}")
    return [*lines, *_outside(report.checkpoint)]


def _outside(checkpoint: CheckpointRow | None) -> list[str]:
    """What others say of its checkpoint: the timestamp authority, and the witness where there is one."""
    if checkpoint is None:
        return []
    if checkpoint.timestamp_at is not None:
        lines = [f"timestamped {instant(checkpoint.timestamp_at)}"]
    else:
        lines = [f"! no timestamp: {printable(checkpoint.timestamp_error or 'no authority was asked yet')}"]
    if checkpoint.witnessed_at is not None:
        lines.append(f"witnessed {instant(checkpoint.witnessed_at)}")
    elif checkpoint.witness_error is not None:
        lines.append(f"! not witnessed: {printable(checkpoint.witness_error)}")
    return lines


def _manifests(number: int) -> str:
    return count(number, "manifest")
