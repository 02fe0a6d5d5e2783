"""The judge: the bucket against the simulator's truth, then the ledger, the log and the vault against the bucket."""

import json
import subprocess
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from chaos.night import Night
from embedded.bucket import Standing, read_all
from embedded.bucket import connect as connect_bucket
from embedded.command import PROGRAMS
from embedded.isolation import clean_environment
from embedded.judge import judge
from embedded.stack import BUCKET

_SHOWN = 40


def verdict(night: Night) -> list[str]:
    """Every difference, in words; none when each object stands once, whole, locked and known, and nothing else does."""
    standing = read_all(connect_bucket(night.s3.endpoint_url), BUCKET, "archive/")
    following = night.simulator.truth(night.day + timedelta(days=1))["conversations"]
    truth = night.simulator.truth(night.day)["conversations"]
    found = judge(standing, night.day, truth, following).mismatches
    return [*found, *_ledger_differences(night, standing), *_own_checks(night)][:_SHOWN]


def _ledger_differences(night: Night, standing: Standing) -> list[str]:
    """Each object of the ledger stands with that version, size and hash, and nothing stands that it doesn't know."""
    with night.engine.connect() as connection:
        rows = connection.execute(text("SELECT key, version_id, size_bytes, sha256 FROM objects"))
        known = {tuple(row) for row in rows}
        undone = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM conversations WHERE state NOT IN ('archived', 'review')),"
                " (SELECT count(*) FROM recordings WHERE state NOT IN ('stored', 'absent', 'review')),"
                " (SELECT count(*) FROM runs WHERE state <> 'settled')"
            )
        ).one()
    there = {(found.key, found.version_id, found.size_bytes, found.sha256) for found in standing.objects}
    return [
        *(f"{key}: in the ledger, not so in the bucket" for key, *_ in sorted(known - there)),
        *(f"{key}: in the bucket, not so in the ledger" for key, *_ in sorted(there - known)),
        *(
            f"{count} {what} not settled"
            for count, what in zip(undone, ("conversations", "recordings", "runs"), strict=True)
            if count
        ),
    ]


def _own_checks(night: Night) -> list[str]:
    """What `strongroom vault check` and `strongroom verify` find themselves."""
    return [*_findings(night, "vault", "check", "--all"), *_findings(night, "verify", night.day.isoformat())]


def _findings(night: Night, *arguments: str) -> Sequence[str]:
    # the migrated schema is the next version's, and so is the command that checks it
    tree = {"PYTHONPATH": str(night.next_version)} if night.next_version.exists() else {}
    done = subprocess.run(
        [PROGRAMS / "strongroom", *arguments, "--json"],
        env=clean_environment() | night.environment | tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return []
    said = (done.stdout or done.stderr).strip()[:2_000]
    return [f"strongroom {' '.join(arguments)} ended with {done.returncode}: {json.dumps(said)}"]
