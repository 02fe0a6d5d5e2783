"""`strongroom vault iam`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import columns, open_console, print_json
from strongroom.vault.iam_policy import PAGE_NAME, permissions_page, policy_document, policy_text
from strongroom.vault.permissions import TABLE, Role

EXAMPLE = "Example: strongroom vault iam worker"

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PARTITION = re.compile(r"aws(-[a-z]+)*")


def _matching(pattern: re.Pattern[str], wanted: str, text: str) -> str:
    if not pattern.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is not {wanted}")
    return text


def _key_arn(text: str) -> str:
    return _matching(_KEY_ARN, "the ARN of a KMS key (not an id or alias: IAM goes by the ARN)", text)


def _bucket_name(text: str) -> str:
    return _matching(_BUCKET_NAME, "a bucket's name", text)


def _partition(text: str) -> str:
    return _matching(_PARTITION, "a partition: aws, aws-cn or aws-us-gov", text)


RoleArgument = Annotated[Role | None, typer.Argument(metavar="ROLE", help=f"One of {', '.join(Role)}.")]
BucketOption = Annotated[
    str | None,
    typer.Option(
        "--bucket", metavar="NAME", parser=_bucket_name, help="The bucket; the one of STRONGROOM_BUCKET if not given."
    ),
]
PartitionOption = Annotated[
    str, typer.Option("--partition", metavar="PARTITION", parser=_partition, help="aws, aws-cn or aws-us-gov.")
]
EncryptionKeyOption = Annotated[
    str | None,
    typer.Option("--kms-key-arn", metavar="ARN", parser=_key_arn, help="The KMS key that encrypts the bucket."),
]
SigningKeyOption = Annotated[
    str | None,
    typer.Option("--signing-key-arn", metavar="ARN", parser=_key_arn, help="The KMS key that signs checkpoints."),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", file_okay=False, help="Write ROLE.json files and a page of reasons there."),
]


def iam(
    role: RoleArgument = None,
    bucket: BucketOption = None,
    partition: PartitionOption = "aws",
    kms_key_arn: EncryptionKeyOption = None,
    signing_key_arn: SigningKeyOption = None,
    out: OutOption = None,
    as_json: AsJson = False,
) -> None:
    """Print the IAM policy of a role, with the least that it needs; without ROLE every rule and its reason.

    Nothing is asked of AWS, and nothing changed there. With --bucket it needs no settings.
    """
    bucket = bucket or settings_of_process().bucket
    policies = {
        each: policy_document(each, bucket, partition, kms_key_arn, signing_key_arn)
        for each in ([role] if role else Role)
    }
    if out:
        _write(out, {f"{each}.json": policy_text(document) for each, document in policies.items()})
    if as_json:
        print_json({"bucket": bucket, "policies": policies})
    elif out:
        open_console().print(f"wrote {', '.join(policies)} to {out}")
    elif role:
        print_json(policies[role])
    else:
        _print_table(tuple(policies))


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {**files, PAGE_NAME: permissions_page()}.items():
            (folder / name).write_text(text)
    except OSError as error:
        raise typer.BadParameter(f"{folder} can't be written: {error.strerror}", param_hint="'--out'") from None


def _print_table(roles: tuple[Role, ...]) -> None:
    table = columns("role", "rule", "effect", "why")
    for role in roles:
        for statement in TABLE[role].statements:
            table.add_row(role.value, statement.sid, statement.effect.value, statement.why)
    open_console().print(table)
