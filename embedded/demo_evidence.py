"""The demo's last act: the day is sealed, the vault checked and verified, and one bundle made and checked by itself."""

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from embedded.command import CommandFailed, strongroom
from embedded.isolation import clean_environment
from embedded.stack import Stack
from strongroom.ledger.checkpoints import latest_checkpoint
from strongroom.ledger.engine import Engine
from strongroom.ledger.engine import connect as connect_ledger
from strongroom.ledger.log import is_logged
from strongroom.ledger.recounts import Recount, latest_recount
from strongroom.ledger.sealed_days import SealedDay, sealed_day

_CONNECT_TIMEOUT_S = 10
_PATIENCE_S = 120
_LOOK_EVERY_S = 0.5
_IN_BUNDLE = 2


@dataclass(frozen=True)
class Evidence:
    """How the day stands in the log, its last recount, and the bundle. `failures` are what did not hold, in words."""

    sealed: SealedDay | None
    log_size: int
    timestamped: bool
    recount: Recount | None
    bundle: Path
    failures: Sequence[str]

    def document(self) -> dict[str, Any]:
        """As the report has it."""
        sealed = self.sealed
        return {
            "checkpoint_size": sealed.checkpoint_size if sealed else None,
            "manifests": sealed.manifests if sealed else None,
            "late_manifests": sealed.late_manifests if sealed else None,
            "log_size": self.log_size,
            "timestamped": self.timestamped,
            "recount": None if self.recount is None else json.loads(self.recount.document),
            "failures": list(self.failures),
        }


def prove(stack: Stack, day: date, conversations: Sequence[dict[str, Any]], folder: Path, console: Console) -> Evidence:
    """Wait for the fleet to seal the day, check and verify everything, and hand over two of these conversations.

    Raises StrongroomError where a command can't be run at all.
    """
    failures: list[str] = []
    engine = connect_ledger(stack.environment["STRONGROOM_DATABASE_URL"], connect_timeout_s=_CONNECT_TIMEOUT_S)
    try:
        if not _is_sealed(engine, day):
            failures.append(f"{day} was not sealed within {_PATIENCE_S} s")
        # the fleet has recounted the day by itself, when Genesys's extract covered it: once more, now that all is there
        strongroom(stack.environment, "reconcile", day.isoformat(), "--wait", findings=True)
        # what came late has waited for the next day's seal; here it need not
        strongroom(stack.environment, "seal", day.isoformat())
        sealed, latest = sealed_day(engine, day), latest_checkpoint(engine)
        recount = latest_recount(engine, day)
        failures += _recount_failures(engine, day, recount)
    finally:
        engine.dispose()
    console.print(f"{day} is sealed. Checking the whole vault, and verifying the day byte by byte and proof by proof.")
    for command in (("vault", "check", "--all"), ("verify", day.isoformat(), "--depth", "proven")):
        try:
            strongroom(stack.environment, *command)
        except CommandFailed as failed:
            failures.append(str(failed))
    bundle = folder / "bundle.zip"
    whole = [one for one in conversations if all(each["outcome"] == "available" for each in one["recordings"])]
    chosen = sorted(whole, key=lambda one: -len(one["recordings"]))[:_IN_BUNDLE]
    ids = [one["conversationId"] for one in chosen]
    strongroom(stack.environment, "bundle", *ids, "-o", str(bundle), "--reason", "The demo's subpoena")
    failures += _own_verdict(bundle)
    return Evidence(
        sealed=sealed,
        log_size=latest.size if latest else 0,
        timestamped=latest is not None and latest.timestamp_at is not None,
        recount=recount,
        bundle=bundle,
        failures=failures,
    )


def _recount_failures(engine: Engine, day: date, recount: Recount | None) -> list[str]:
    """The last recount is a leaf of the log, and found nothing."""
    if recount is None or recount.reconciled_at is None:
        return [f"{day} was not recounted"]
    failures = [
        f"recount {recount.number} of {day}: {found['count']} {kind}"
        for kind, found in json.loads(recount.document)["differences"].items()
        if found["count"]
    ]
    if not is_logged(engine, f"recount/{day}/{recount.number}"):
        failures.append(f"recount {recount.number} of {day} is not in the log")
    return failures


def _is_sealed(engine: Engine, day: date) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while sealed_day(engine, day) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _own_verdict(bundle: Path) -> list[str]:
    """What the bundle's own script says, run without our packages."""
    folder = bundle.parent / "bundle"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    script = folder / bundle.stem / "data" / "verify.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", script], env=clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return []
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return failed or [f"the bundle's script ended with {done.returncode}: {done.stderr.strip()[-200:]}"]
