"""Lifecycle rules: whether two are the same however they are written, and which foreign ones touch the records.

S3 API reference, LifecycleRule.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Rule = Mapping[str, Any]

RECORDS = ("archive/", "evidence/")
"""The prefixes of what must stand; the probe may go."""

_MOVES = ("Transitions", "NoncurrentVersionTransitions")


def same_rule(one: Rule, other: Rule) -> bool:
    """Whether two rules do the same to the same objects; their names are not compared."""
    return _meaning(one) == _meaning(other)


def with_rules(standing: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The wanted rules, and all standing ones of other names."""
    ours = list(wanted)
    names = {rule["ID"] for rule in ours}
    return [*(rule for rule in standing if rule.get("ID") not in names), *ours]


def does_to_records(rule: Rule) -> str | None:
    """What an enabled rule does to records, in words; None when it leaves them alone.

    Tags and sizes of its filter are not believed: tags can be put on any object at any time.
    """
    prefix = _selection(rule).get("prefix", "")
    if rule.get("Status") != "Enabled" or not any(
        prefix.startswith(records) or records.startswith(prefix) for records in RECORDS
    ):
        return None
    expiration = rule.get("Expiration", {})
    if expiration.get("Days") or expiration.get("Date"):
        return "hides records under delete markers"
    if rule.get("NoncurrentVersionExpiration"):
        return "removes versions whose lock has run out"
    if any(rule.get(name) for name in _MOVES):
        classes = {move.get("StorageClass", "another class") for name in _MOVES for move in rule.get(name, ())}
        return f"moves records to {', '.join(sorted(classes))}"
    return None


def _meaning(rule: Rule) -> dict[str, Any]:
    meaning: dict[str, Any] = {"selection": _selection(rule)}
    for name, value in rule.items():
        if name not in ("ID", "Filter", "Prefix") and value:
            meaning[name] = sorted(map(_plain, value), key=str) if isinstance(value, list) else _plain(value)
    return meaning


def _selection(rule: Rule) -> dict[str, Any]:
    """Which objects a rule is for: prefix, tags and sizes, written flat; an empty prefix is every object's."""
    written = rule.get("Filter") or {"Prefix": rule.get("Prefix", "")}
    flat = {**{name: value for name, value in written.items() if name != "And"}, **written.get("And", {})}
    tags = [*flat.get("Tags", ()), *([flat["Tag"]] if flat.get("Tag") else ())]
    selection = {
        "prefix": flat.get("Prefix"),
        "tags": sorted((tag["Key"], tag["Value"]) for tag in tags),
        "larger_than_bytes": flat.get("ObjectSizeGreaterThan"),
        "smaller_than_bytes": flat.get("ObjectSizeLessThan"),
    }
    return {name: value for name, value in selection.items() if value}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    return value.isoformat() if isinstance(value, datetime) else value
