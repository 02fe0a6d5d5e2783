"""How the bucket must be: the one description that `vault create` makes, and `vault check` holds the bucket against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from strongroom.vault.bucket import DefaultRetention
from strongroom.vault.lock import TRIAL_DAYS, LockMode

TAG = "strongroom"
"""The bucket tag that says what the bucket is."""
VAULT = "vault"
TRIAL = "trial"

_DEFAULT_DAYS = 7 * 365


@dataclass(frozen=True)
class Blueprint:
    """What decides how the bucket must be.

    `endpoint_url` is None on AWS. `kms_key_id` (id or ARN of a key, no alias) asks for SSE-KMS, else it is SSE-S3.
    `break_glass_role_arn` is the one principal that may delete; without it nobody may. `lifecycle` are rules in S3's
    form; each has an `ID`.
    """

    trial: bool
    endpoint_url: str | None
    kms_key_id: str | None
    break_glass_role_arn: str | None
    lifecycle: Sequence[Mapping[str, Any]]

    @property
    def tag(self) -> str:
        """The value of the bucket's tag."""
        return TRIAL if self.trial else VAULT

    @property
    def default_retention(self) -> DefaultRetention:
        """The net under what is put without a lock of its own."""
        if self.trial:
            return DefaultRetention(LockMode.GOVERNANCE, TRIAL_DAYS)
        return DefaultRetention(LockMode.COMPLIANCE, _DEFAULT_DAYS)

    @property
    def over_tls(self) -> bool:
        """Whether the store is spoken to over TLS, so that plain HTTP can be denied."""
        return self.endpoint_url is None or urlsplit(self.endpoint_url).scheme == "https"

    @property
    def on_this_machine(self) -> bool:
        """Whether the store is on the loopback interface, where nobody listens in."""
        host = urlsplit(self.endpoint_url or "").hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def same_key(one: str | None, other: str | None) -> bool:
    """Whether two names, each an id or an ARN, are of one KMS key."""
    return one is not None and other is not None and one.rpartition("/")[2] == other.rpartition("/")[2]
