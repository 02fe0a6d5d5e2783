"""A file's bytes as YAML nodes that know their lines. Nothing is constructed from them, nothing is expanded."""

from pathlib import Path

import yaml
from yaml.events import AliasEvent, NodeEvent
from yaml.nodes import Node
from yaml.reader import ReaderError

from strongroom.errors import Misconfigured
from strongroom.plain_yaml.faults import Fault, FileInvalid

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 10
"""Our files need five levels; the composer is recursive, so the depth is bounded before Python does it."""


def read(path: Path, what: str, setting: str) -> bytes:
    """The file's bytes, or as many as show that it is too large.

    Raises Misconfigured when it can't be read; `what` it is and the `setting` that names it are told then.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Misconfigured(
            f"{what} can't be read: {error.strerror}", where=str(path), todo=f"set {setting} to a readable file"
        ) from error


def compose(content: bytes, file: str, invalid: type[FileInvalid]) -> Node:
    """The document's root node. `file` is how errors name it.

    Raises `invalid` with the line when the bytes are too many, not UTF-8, empty or not plain YAML. Plain means
    one document without anchors, aliases, tags or deep nesting: each of them can make a file mean something else
    than it seems to say.
    """
    if len(content) > MAX_BYTES:
        raise invalid(file, [Fault(1, f"the file is larger than {MAX_BYTES:,} bytes")])
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise invalid(file, [Fault(line, "this line is not UTF-8 text: save the file as UTF-8")]) from None
    try:
        loader = _PlainLoader(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise invalid(file, [Fault(line, "this line holds a control character")]) from None
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise invalid(file, [_fault(error)]) from None
    except (ValueError, OverflowError):
        # PyYAML lets these through for an escape such as "\UFFFFFFFF", which is no character.
        raise invalid(file, [Fault(loader.line + 1, "this line holds an impossible escape or number")]) from None
    if root is None:
        raise invalid(file, [Fault(1, "the file is empty")])
    return root


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's composer, which stops at whatever is not plain."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out
        refusal = None
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            refusal = "anchors (&) and aliases (*) are not allowed: put text that starts with one in quotes"
        elif getattr(event, "tag", None) is not None:
            refusal = "tags (!) are not allowed: put text that starts with one in quotes"
        elif self._depth >= MAX_DEPTH:
            refusal = "nested too deeply"
        if refusal is not None:
            raise yaml.MarkedYAMLError(problem=refusal, problem_mark=event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _fault(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "not YAML"
    if "'\\t'" in problem:
        problem = "a tab: indent and separate with spaces"
    elif problem == "but found another document":
        problem = "a second document starts here: a file holds one"
    elif isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError):
        problem = f"not readable as YAML: {problem}"
    return Fault(mark.line + 1 if mark else 1, problem)
