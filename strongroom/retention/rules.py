"""Rules: which conversations a class applies to."""

from collections.abc import Mapping
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, SequenceNode

from strongroom.plain_yaml.reader import NodeReader, line_of
from strongroom.retention.classes import DeclaredClass, RetentionClass
from strongroom.retention.conditions import (
    WORDS,
    Condition,
    Subject,
    contradiction,
    evidence,
    folded,
    is_mistyped_id,
)
from strongroom.retention.facts import Facts

_SAID = {Subject.MEDIA_TYPE: "media", Subject.WRAP_UP_CODE: "wrap-up code"}


@dataclass(frozen=True)
class Rule:
    """One rule of the policy: conversations that meet all conditions of `when` belong to the class."""

    name: str
    retention_class: RetentionClass
    when: tuple[Condition, ...]


def why_matched(rule: Rule, facts: Facts) -> str | None:
    """The facts that meet the rule, such as "queue 'Patient Line', media voice"; None when it doesn't match."""
    met = [(condition.subject, evidence(condition, facts)) for condition in rule.when]
    if not all(found for _, found in met):
        return None
    return ", ".join(f"{_SAID.get(subject, subject)} {' and '.join(found)}" for subject, found in met)


def read_rules(reader: NodeReader, node: Node, classes: Mapping[str, DeclaredClass]) -> tuple[Rule, ...]:
    """The policy's `rules` in the order of the file, without those at fault; faults go to the reader."""
    rules: list[Rule] = []
    lines: dict[str, int] = {}
    for number, item in enumerate(reader.items(node, "'rules'"), start=1):
        fields = reader.fields(item, f"rule {number}", required=("name", "class", "when"))
        name = reader.text(fields.get("name"), f"rule {number}: 'name'")
        what = f"rule '{name}'" if name else f"rule {number}"
        if name and folded(name) in lines:
            reader.fault(fields["name"], f"{what}: the rule on line {lines[folded(name)]} has this name already")
        elif name:
            lines[folded(name)] = line_of(fields["name"])
        class_name = reader.word(fields.get("class"), f"{what}: 'class'", classes)
        when = _read_when(reader, fields["when"], what) if "when" in fields else ()
        retention_class = classes[class_name].retention_class if class_name else None
        if name and retention_class and when:
            rules.append(Rule(name, retention_class, when))
    return tuple(rules)


def _read_when(reader: NodeReader, node: Node, what: str) -> tuple[Condition, ...]:
    keys = tuple(Subject)
    conditions = []
    for key, value in reader.fields(node, f"{what}: 'when'", required=(), optional=keys).items():
        subject = Subject(key)
        if wanted := _read_wanted(reader, subject, value, f"{what}: '{key}'"):
            conditions.append(Condition(subject, wanted))
    if isinstance(node, MappingNode) and not node.value:
        reader.fault(node, f"{what}: 'when' is empty: what no rule matches falls to the default class anyway")
    if because := contradiction(conditions):
        reader.fault(node, f"{what} can never match: {because}")
    return tuple(conditions)


def _read_wanted(reader: NodeReader, subject: Subject, node: Node, what: str) -> tuple[str, ...]:
    nodes = reader.items(node, what) if isinstance(node, SequenceNode) else [node]
    wanted: dict[str, str] = {}
    for each in nodes:
        if subject in WORDS:
            entry = reader.word(each, what, WORDS[subject])
        else:
            entry = reader.text(each, what)
            if entry and is_mistyped_id(entry):
                reader.fault(each, f"{what}: '{entry}' looks like an id but is not a UUID")
        if entry and folded(entry) in wanted:
            reader.fault(each, f"{what}: '{entry}' is listed twice")
        elif entry:
            wanted[folded(entry)] = entry
    return tuple(wanted.values())
