"""A change to the bucket's configuration as data: printed by a dry run, made by `vault create`, told to an operator."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from strongroom.vault.errors import s3_errors
from strongroom.vault.store import Store


@dataclass(frozen=True)
class Call:
    """One S3 operation by its name in the S3 API reference, and its parameters; the bucket's name is among them."""

    operation: str
    parameters: Mapping[str, Any]

    def as_line(self) -> str:
        """The operation and its parameters on one line."""
        return f"{self.operation} {_json(self.parameters)}"

    def as_aws_command(self) -> str:
        """The same call for the AWS command line, to be pasted into a shell."""
        words = ["aws", "s3api", xform_name(self.operation, "-")]
        for name, value in self.parameters.items():
            words.append(f"--{xform_name(name, '-')}")
            words.append(value if isinstance(value, str) else _json(value))
        return shlex.join(words)


def make(store: Store, call: Call) -> None:
    """Make the call. Putting a configuration twice is putting it once, so it is repeated where the store is busy.

    Creating a bucket is not: a repeat would be told that the bucket exists. Raises VaultUnreachable, VaultRefused.
    """
    client = store.once if call.operation == "CreateBucket" else store.patient
    with s3_errors(store.where()):
        getattr(client, xform_name(call.operation))(**call.parameters)


def _json(value: object) -> str:
    # a date in somebody's lifecycle rule
    return json.dumps(value, default=lambda instant: instant.isoformat())
