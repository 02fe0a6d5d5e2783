"""`strongroom vault check`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import ledger, settings_of_process
from cli.output import count, open_console, print_json, printable
from config.settings import Settings
from strongroom.house import bucket_blueprint, open_store
from strongroom.pipeline.vault_check import VaultCheck, check_vault
from strongroom.retention.policy import load_policy
from strongroom.vault.findings import Finding
from strongroom.vault.provision import check_bucket

EXAMPLE = "Example: strongroom vault check --all"

AllOption = Annotated[
    bool, typer.Option("--all", help="Every object, and what stands in the bucket and is in no ledger.")
]
SampleOption = Annotated[
    int | None,
    typer.Option("--sample", min=1, metavar="N", help="How many objects; STRONGROOM_VAULT_CHECK_SAMPLE if not given."),
]
BucketOnlyOption = Annotated[
    bool, typer.Option("--bucket-only", help="The bucket's configuration alone, without a ledger.")
]


def check(
    every: AllOption = False,
    sample: SampleOption = None,
    bucket_only: BucketOnlyOption = False,
    as_json: AsJson = False,
) -> None:
    """Compare the vault with what it must be: the bucket's configuration, and a sample of its objects.

    Of each object the lock, the versions, delete markers, hash metadata, size and tag; its bytes are for `strongroom
    verify`. A line for each difference, with the command that mends it. Nothing is written to the vault. Exit code 0:
    it is as it must be; 1: findings. Notes are worth knowing and no findings.
    """
    if sum((every, sample is not None, bucket_only)) > 1:
        raise typer.BadParameter("one of --all, --sample and --bucket-only, not several")
    settings = settings_of_process()
    checked = _check(settings, None if every else sample or settings.vault_check_sample, bucket_only=bucket_only)
    if as_json:
        print_json(
            {
                "bucket": settings.bucket,
                "clean": not checked.faults,
                "objects": checked.objects,
                "findings": list(map(asdict, checked.findings)),
            }
        )
    else:
        _print(checked.findings)
        if not checked.faults:
            looked_at = "" if bucket_only else f"; {count(checked.objects, 'object')} looked at"
            open_console().print(f"bucket {settings.bucket} is as it must be{looked_at}")
    raise typer.Exit(1 if checked.faults else 0)


def _check(settings: Settings, sample: int | None, *, bucket_only: bool) -> VaultCheck:
    store = open_store(settings)
    blueprint = bucket_blueprint(settings, load_policy(settings.policy_file))
    if bucket_only:
        return VaultCheck(0, tuple(check_bucket(store, blueprint)))
    with ledger(settings) as engine:
        return check_vault(engine, store, blueprint, sample)


def _print(findings: Sequence[Finding]) -> None:
    console = open_console()
    for finding in findings:
        label = "note" if finding.is_remark else "finding"
        console.print(printable(f"{label}: {finding.what} [{finding.where}]: {finding.mend}"), soft_wrap=True)
