"""Reads YAML nodes as what they must be, and gathers every fault with its line."""

import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from strongroom.plain_yaml.faults import Fault

MAX_TEXT_CHARACTERS = 300

_TAG = "tag:yaml.org,2002:"
# YAML 1.1 would also read 017 as fifteen and 1:30 as ninety: in our files those are slips, so only digits are numbers.
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,9})?")


class NodeReader:
    """One reading of one file. Each method returns what it read, or None (or less) after noting a fault.

    `what` names the node in messages, such as "class 'email': 'retained_years'". A node that is None is one whose
    absence has been noted already: it reads as None.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, node: Node, message: str) -> None:
        """Note a fault at the line the node starts on."""
        self.faults.append(Fault(line_of(node), message))

    def entries(self, node: Node, what: str) -> list[tuple[Node, str, Node]]:
        """A mapping's (key node, key, value node), each key once."""
        if not isinstance(node, MappingNode):
            self.fault(node, f"{what} must be keys with values, not {_kind(node)}")
            return []
        entries: dict[str, tuple[Node, str, Node]] = {}
        for key_node, value in node.value:
            key = self.text(key_node, f"{what}: a key")
            if key is None:
                continue
            if key in entries:
                self.fault(key_node, f"{what}: '{key}' is given twice (first on line {line_of(entries[key][0])})")
                continue
            entries[key] = (key_node, key, value)
        return list(entries.values())

    def fields(
        self,
        node: Node,
        what: str,
        *,
        required: tuple[str, ...],
        optional: tuple[str, ...] = (),
        at: Node | None = None,
    ) -> dict[str, Node]:
        """A mapping whose keys are fixed. A missing key is noted at `at`, the line that opens the mapping."""
        if not isinstance(node, MappingNode):
            self.entries(node, what)
            return {}
        found: dict[str, Node] = {}
        for key_node, key, value in self.entries(node, what):
            if key in required or key in optional:
                found[key] = value
            else:
                self.fault(key_node, f"{what}: unknown key '{key}'{_nearest(key, required + optional)}")
        for key in required:
            if key not in found:
                self.fault(at or node, f"{what}: '{key}' is missing")
        return found

    def items(self, node: Node | None, what: str) -> list[Node]:
        """A list's nodes; at least one."""
        if node is None:
            return []
        if not isinstance(node, SequenceNode):
            self.fault(node, f"{what} must be a list, not {_kind(node)}")
            return []
        if not node.value:
            self.fault(node, f"{what} is an empty list")
        return list(node.value)

    def text(self, node: Node | None, what: str) -> str | None:
        """One line of visible text, without the spaces around it."""
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or node.tag != _TAG + "str":
            quotes = ": put it in quotes if text is meant" if isinstance(node, ScalarNode) and node.value else ""
            self.fault(node, f"{what} must be text, not {_kind(node)}{quotes}")
            return None
        value: str = node.value.strip()
        if not value:
            self.fault(node, f"{what} is empty")
            return None
        if len(value) > MAX_TEXT_CHARACTERS:
            self.fault(node, f"{what} is longer than {MAX_TEXT_CHARACTERS} characters")
            return None
        if not value.isprintable():
            self.fault(node, f"{what} holds an invisible character, such as a line break or a no-break space")
            return None
        return value

    def word(self, node: Node | None, what: str, known: Iterable[str]) -> str | None:
        """One of the words that are known; otherwise the fault suggests the nearest of them."""
        value = self.text(node, what)
        if node is None or value is None or value in known:
            return value
        self.fault(node, f"{what}: '{value}' is not known{_nearest(value, known)}")
        return None

    def whole_number(self, node: Node | None, what: str, *, low: int, high: int, limit: str) -> int | None:
        """A whole number from `low` to `high`, both included; `limit` says where the upper bound comes from."""
        if node is None:
            return None
        number = None
        if isinstance(node, ScalarNode) and node.tag == _TAG + "int" and _WHOLE_NUMBER.fullmatch(node.value):
            number = int(node.value)
        if number is None or not low <= number <= high:
            found = _kind(node) if number is None else number
            self.fault(node, f"{what} must be a whole number from {low} to {high} ({limit}), not {found}")
            return None
        return number

    def amount(self, node: Node | None, what: str) -> Decimal | None:
        """An amount in plain digits, exactly as written, such as 0.00099; never negative."""
        if node is None:
            return None
        numeric = isinstance(node, ScalarNode) and node.tag in (_TAG + "int", _TAG + "float")
        if not numeric or not _AMOUNT.fullmatch(node.value):
            self.fault(node, f"{what} must be an amount in plain digits, such as 0.023, not {_kind(node)}")
            return None
        return Decimal(node.value)

    def yes_or_no(self, node: Node | None, what: str) -> bool | None:
        """A truth value as YAML writes it: true or false, yes or no."""
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or node.tag != _TAG + "bool":
            self.fault(node, f"{what} must be true or false, not {_kind(node)}")
            return None
        return yaml.SafeLoader.bool_values[node.value.lower()]


def line_of(node: Node) -> int:
    """The line a node starts on, counted from 1."""
    return int(node.start_mark.line) + 1


def _nearest(word: str, known: Iterable[str]) -> str:
    by_folded = {each.casefold(): each for each in known}
    near = get_close_matches(word.casefold(), by_folded, n=1)
    return f"; did you mean '{by_folded[near[0]]}'?" if near else f"; one of: {', '.join(by_folded.values())}"


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "keys with values"
    if isinstance(node, SequenceNode):
        return "a list"
    if not node.value and node.tag == _TAG + "null":
        return "nothing"
    kind = {"str": "text", "bool": "true/false", "timestamp": "a date"}.get(node.tag.removeprefix(_TAG))
    shown = node.value if len(node.value) <= 40 and node.value.isprintable() else "…"
    return f"the {kind} '{shown}'" if kind == "text" else f"'{shown}'" + (f" ({kind})" if kind else "")
