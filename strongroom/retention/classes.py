"""Retention classes: how long a kind of record is kept, under which lock, and on what ground."""

import re
from dataclasses import dataclass
from enum import StrEnum

from yaml.nodes import MappingNode, Node

from strongroom.plain_yaml.reader import NodeReader

MAX_PROMISE_HOURS = 720

# The name travels as S3 object metadata and as an object tag: this is what both carry unchanged.
_CLASS_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REQUIRED = ("basis", "required_years", "retained_years", "lock_mode", "erasable", "retrieval_promise_hours")


class LockMode(StrEnum):
    """S3 Object Lock's two modes. COMPLIANCE is the stricter: nobody lifts it before its date, root included."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"

    @property
    def strictness(self) -> int:
        """A higher number is the stricter mode."""
        return list(LockMode).index(self)


class Capture(StrEnum):
    """When a conversation is archived: with its day, or as soon as it has been quiet for long enough."""

    NIGHTLY = "nightly"
    NEAR_REAL_TIME = "near-real-time"


@dataclass(frozen=True)
class RetentionClass:
    """One class of the policy.

    `basis` is the regulation and section, or the business reason. `required_years` is what it asks for,
    `retained_years` what we keep, never less; both are calendar years from the end of the interaction. `erasable`
    says that erasure under GDPR Article 17 may be granted before then. `retrieval_promise_hours` is the time from
    a request to verified files. `capture` says whether the night is soon enough.
    """

    name: str
    basis: str
    required_years: int
    retained_years: int
    lock_mode: LockMode
    erasable: bool
    retrieval_promise_hours: int
    capture: Capture = Capture.NIGHTLY


@dataclass(frozen=True)
class DeclaredClass:
    """A class's name in the file, and the class itself, or None when it is at fault."""

    key: Node
    retention_class: RetentionClass | None


def read_classes(reader: NodeReader, node: Node, cap_years: int) -> dict[str, DeclaredClass]:
    """The policy's `classes`, by name, in the order of the file; faults go to the reader."""
    if isinstance(node, MappingNode) and not node.value:
        reader.fault(node, "'classes' is empty")
    declared = {
        name: DeclaredClass(key, _read_class(reader, key, name, fields, cap_years))
        for key, name, fields in reader.entries(node, "'classes'")
    }
    for name, entry in declared.items():
        if len(name) > 63 or not _CLASS_NAME.fullmatch(name):
            reader.fault(entry.key, f"class '{name}': a class's name is small letters a-z, digits and single hyphens")
    return declared


def _read_class(reader: NodeReader, key: Node, name: str, node: Node, cap_years: int) -> RetentionClass | None:
    what = f"class '{name}'"
    fields = reader.fields(node, what, required=_REQUIRED, optional=("capture",), at=key)

    def years(field: str) -> int | None:
        return reader.whole_number(
            fields.get(field), f"{what}: '{field}'", low=1, high=cap_years, limit="the cap on years"
        )

    basis = reader.text(fields.get("basis"), f"{what}: 'basis'")
    required_years, retained_years = years("required_years"), years("retained_years")
    lock_mode = reader.word(fields.get("lock_mode"), f"{what}: 'lock_mode'", tuple(LockMode))
    erasable = reader.yes_or_no(fields.get("erasable"), f"{what}: 'erasable'")
    promise_hours = reader.whole_number(
        fields.get("retrieval_promise_hours"),
        f"{what}: 'retrieval_promise_hours'",
        low=1,
        high=MAX_PROMISE_HOURS,
        limit="thirty days",
    )
    capture: str | None = Capture.NIGHTLY
    if "capture" in fields:
        capture = reader.word(fields["capture"], f"{what}: 'capture'", tuple(Capture))

    if required_years is not None and retained_years is not None and retained_years < required_years:
        reader.fault(
            fields["retained_years"],
            f"{what}: 'retained_years' {retained_years} is less than 'required_years' {required_years}",
        )
    if erasable and lock_mode == LockMode.COMPLIANCE:
        reader.fault(fields["erasable"], f"{what}: 'erasable' contradicts COMPLIANCE, under which nobody can erase")
    if (
        basis is None
        or required_years is None
        or retained_years is None
        or lock_mode is None
        or erasable is None
        or promise_hours is None
        or capture is None
    ):
        return None
    return RetentionClass(
        name,
        basis,
        required_years,
        retained_years,
        LockMode(lock_mode),
        erasable,
        promise_hours,
        Capture(capture),
    )
