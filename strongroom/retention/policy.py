"""The retention policy: one file, validated as a whole, versioned by its hash."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from strongroom.plain_yaml.document import compose, read
from strongroom.plain_yaml.faults import Fault
from strongroom.plain_yaml.reader import NodeReader, line_of
from strongroom.retention.classes import DeclaredClass, LockMode, RetentionClass, read_classes
from strongroom.retention.faults import PolicyInvalid
from strongroom.retention.rules import Rule, read_rules

__all__ = ["Fault", "LockMode", "Policy", "PolicyInvalid", "RetentionClass", "Rule", "load_policy"]

DEFAULT_CAP_YEARS = 15
HARD_CAP_YEARS = 30
"""What `cap_years` may be raised to. A lock that is too short can be lengthened any day; one that is too long can't
be taken back by anyone."""


@dataclass(frozen=True)
class Policy:
    """A policy without faults. `version` is the SHA-256 (hex) of `text`, the file's bytes; both go into evidence.

    `warnings` are what a records manager should look at but may well want so.
    """

    version: str
    classes: tuple[RetentionClass, ...]
    rules: tuple[Rule, ...]
    default_class: RetentionClass
    cap_years: int
    text: bytes
    warnings: tuple[Fault, ...]


def load_policy(path: Path) -> Policy:
    """Read and validate the policy file.

    Raises PolicyInvalid with every fault and its line, and Misconfigured when the file can't be read at all.
    """
    content = read(path, "the retention policy", "STRONGROOM_POLICY_FILE")
    root = compose(content, str(path), PolicyInvalid)
    reader = NodeReader()
    fields = reader.fields(root, "the policy", required=("default_class", "classes", "rules"), optional=("cap_years",))
    cap_years = DEFAULT_CAP_YEARS
    if "cap_years" in fields:
        given = reader.whole_number(
            fields["cap_years"], "'cap_years'", low=1, high=HARD_CAP_YEARS, limit="the hard cap"
        )
        # A cap at fault must not make faults of the classes as well.
        cap_years = given or HARD_CAP_YEARS
    classes = read_classes(reader, fields["classes"], cap_years) if "classes" in fields else {}
    if not classes:
        # Every rule names a class: without them each would be reported too, and hide the one thing to correct.
        raise PolicyInvalid(str(path), reader.faults)
    default_name = reader.word(fields.get("default_class"), "'default_class'", classes)
    rules = read_rules(reader, fields["rules"], classes) if "rules" in fields else ()
    default_class = classes[default_name].retention_class if default_name else None
    if reader.faults or default_class is None:
        raise PolicyInvalid(str(path), reader.faults)
    return Policy(
        version=hashlib.sha256(content).hexdigest(),
        classes=tuple(entry.retention_class for entry in classes.values() if entry.retention_class),
        rules=rules,
        default_class=default_class,
        cap_years=cap_years,
        text=content,
        warnings=_warnings(classes, rules, default_class),
    )


def _warnings(
    classes: dict[str, DeclaredClass], rules: tuple[Rule, ...], default_class: RetentionClass
) -> tuple[Fault, ...]:
    used = {rule.retention_class.name for rule in rules} | {default_class.name}
    warnings = [
        Fault(line_of(entry.key), f"class '{name}' is used by no rule and is not the default")
        for name, entry in classes.items()
        if name not in used
    ]
    if default_class.lock_mode is LockMode.COMPLIANCE:
        what = f"class '{default_class.name}' is the default and locks COMPLIANCE"
        line = line_of(classes[default_class.name].key)
        warnings.append(Fault(line, f"{what}: a conversation that a rule wrongly missed can't be mended"))
    return tuple(sorted(warnings))
