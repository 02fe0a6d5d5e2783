"""Answers that remember which of their fields were read, and of which of the vendor's models they are."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sdk_models import answer_types, below, fields

from strongroom.genesys.transport import Answer, Request

Read = tuple[str, str]
"""The vendor's model, and a field's name on the wire."""


class Watched(dict[str, Any]):
    """A JSON object of one of the vendor's models; `reads` gathers what is asked of it."""

    def __init__(self, members: dict[str, Any], model: str, reads: set[Read]) -> None:
        super().__init__(members)
        self._model = model
        self._reads = reads

    def get(self, name: str, default: Any = None) -> Any:
        self._reads.add((self._model, name))
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self._reads.add((self._model, name))
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._reads.add((self._model, str(name)))
        return super().__contains__(name)


def watched_answer(request: Request, answer: Answer, reads: set[Read]) -> Answer:
    """The same answer, its JSON watched as what the vendor says this endpoint answers."""
    matching = [
        template
        for method, template in answer_types()
        if method == request.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), request.path)
    ]
    assert matching, f"the vendor has no {request.method} {request.path}"
    nearest = min(matching, key=lambda template: template.count("{"))  # /jobs/availability is no job's id
    return replace(answer, json=_watched(answer.json, answer_types()[request.method, nearest], reads))


def unknown(reads: set[Read]) -> Iterator[Read]:
    """What was read that the vendor's models have not.

    Our client reads a recording's metadata as a recording: what only a whole one has is then simply not there.
    """
    whole = {"RecordingMetadata": "Recording"}
    return ((model, name) for model, name in sorted(reads) if name not in fields(whole.get(model, model)))


def _watched(value: Any, type_name: str, reads: set[Read]) -> Any:
    container, inner = below(type_name)
    if container == "list" and isinstance(value, list):
        return [_watched(each, inner, reads) for each in value]
    if container == "dict" and isinstance(value, dict):
        return {name: _watched(each, inner, reads) for name, each in value.items()}
    if container or not isinstance(value, dict):
        return value
    known = fields(inner)
    members = {name: _watched(each, known[name], reads) if name in known else each for name, each in value.items()}
    return Watched(members, inner, reads)
