"""What is not as it must be in the vault, said so that a person can mend it and a metric can count it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that differs from what it must be.

    `kind` is a short name for metrics, e.g. `versioning-off`; `what` says the difference in words, `where` is an
    `s3://` address, a key's ARN or an endpoint; `mend` is the command or the step that mends it. A remark is worth
    knowing, and no fault: a feature the store doesn't have, plain HTTP on the machine itself.
    """

    kind: str
    what: str
    where: str
    mend: str
    is_remark: bool = False


def faults(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that are no mere remarks."""
    return [finding for finding in findings if not finding.is_remark]
