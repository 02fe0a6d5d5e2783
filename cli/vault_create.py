"""`strongroom vault create`."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import open_console, print_json, printable
from config.settings import TRIAL_SUFFIX, Settings
from strongroom.errors import Misconfigured, StrongroomError
from strongroom.house import bucket_blueprint, open_store
from strongroom.retention.policy import load_policy
from strongroom.vault.findings import faults
from strongroom.vault.fitness import require_fit
from strongroom.vault.provision import Provisioned, create_bucket
from strongroom.vault.store import Store

EXAMPLE = "Example: strongroom vault create --region eu-west-1"

RegionOption = Annotated[
    str | None,
    typer.Option(
        "--region", metavar="REGION", help="AWS region of a new bucket; the AWS configuration's if not given."
    ),
]
TrialOption = Annotated[
    bool, typer.Option("--trial", help="A vault to try Strongroom on: every lock is GOVERNANCE for a day.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print the S3 calls that it would make, and make none that changes anything.")
]


def create(
    region: RegionOption = None, trial: TrialOption = False, dry_run: DryRunOption = False, as_json: AsJson = False
) -> None:
    """Make the bucket of STRONGROOM_BUCKET write-once and private.

    Object Lock from its creation, versioning, a default retention, encryption, no public access, no plain deletes, no
    plain HTTP, the lifecycle of the tiers file, and a tag that says what it is. Then a probe object shows that the
    store has conditional puts and keeps locks.

    What is so already, or stricter, is left: run again, it changes nothing. What differs and can't be changed without
    loss of protection is told and left (exit code 1). A bucket that was made without Object Lock is refused.
    """
    settings = settings_of_process()
    _require_same_purpose(settings, trial)
    blueprint = bucket_blueprint(settings, load_policy(settings.policy_file))
    store = open_store(settings)
    chosen = region or store.patient.meta.region_name
    provisioned = create_bucket(store, chosen, blueprint, dry_run=dry_run)
    refused = None if dry_run else _probed(settings, store)
    if as_json:
        told = {"bucket": store.bucket, "region": chosen, "dryRun": dry_run, **asdict(provisioned)}
        print_json(told | {"probe": None if refused is None else str(refused)})
    else:
        _print(provisioned, store.bucket, dry_run)
    if refused is not None:
        raise refused
    raise typer.Exit(1 if faults(provisioned.left) else 0)


def _probed(settings: Settings, store: Store) -> StrongroomError | None:
    """Why the store can't keep records, if so: it is raised when what was made has been told."""
    try:
        require_fit(store, settings.accept_store_without_conditional_puts, settings.trial)
    except StrongroomError as refused:
        return refused
    return None


def _require_same_purpose(settings: Settings, trial: bool) -> None:
    if trial and not settings.trial:
        raise Misconfigured(
            "--trial, and the settings are not a trial's",
            where="STRONGROOM_TRIAL",
            todo=f"set it to true, and STRONGROOM_BUCKET to a name that ends with {TRIAL_SUFFIX}; or leave --trial out",
        )
    if settings.trial and not trial:
        raise Misconfigured(
            "the settings are a trial's",
            where="STRONGROOM_TRIAL",
            todo="say --trial, or set it to false for the vault that records are kept in",
        )


def _print(provisioned: Provisioned, bucket: str, dry_run: bool) -> None:
    console = open_console()
    for line in [call.as_line() for call in provisioned.calls] if dry_run else provisioned.done:
        console.print(printable(line), soft_wrap=True)
    if not provisioned.calls:
        ending = "has nothing that can be mended here" if faults(provisioned.left) else "is as it must be"
        console.print(f"nothing to do: bucket {bucket} {ending}")
    for finding in provisioned.left:
        label = "note" if finding.is_remark else "left"
        console.print(printable(f"{label}: {finding.what} [{finding.where}]: {finding.mend}"), soft_wrap=True)
