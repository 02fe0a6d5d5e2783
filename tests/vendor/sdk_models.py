"""The vendor's own description of the API, read from its SDK: what each endpoint answers, field by field, enum by enum.

The SDK (PureCloudPlatformClientV2) is generated from the vendor's specification. Its models say which JSON names there
are (`attribute_map`) and of which type (`swagger_types`); a setter that doesn't know an enum's value sets another.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from vendor_sdk import sdk

UNKNOWN_ENUM = "outdated_sdk_version"
ERROR = "ErrorBody"
_APIS = ("conversations_api", "recording_api", "routing_api", "authorization_api", "users_api", "organization_api")
_CALL = re.compile(
    r"resource_path = '(?P<path>[^']+)'.*?call_api\(resource_path, '(?P<method>[A-Z]+)',.*?"
    r"response_type=(?:'(?P<type>[^']*)'|None)",
    re.DOTALL,
)
_PRIMITIVES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "object": object,
}


@cache
def answer_types() -> dict[tuple[str, str], str]:
    """The type of the answer to (method, path with placeholders)."""
    folder = Path(sdk().__file__).parent / "apis"
    sources = ((folder / f"{name}.py").read_text() for name in _APIS)
    return {(call["method"], call["path"]): call["type"] or "" for source in sources for call in _CALL.finditer(source)}


@cache
def fields(model: str) -> dict[str, str]:
    """The type of each field of a model, by its name on the wire."""
    instance = getattr(sdk().models, model)()
    return {wire: instance.swagger_types[name] for name, wire in instance.attribute_map.items()}


def below(type_name: str) -> tuple[str, str]:
    """("list", type of the items), ("dict", type of the values) or ("", the type itself)."""
    if inner := re.fullmatch(r"list\[(.*)\]", type_name):
        return "list", inner[1]
    if inner := re.fullmatch(r"dict\([^,]*, (.*)\)", type_name):
        return "dict", inner[1]
    return "", type_name


def breaches(value: Any, type_name: str, where: str) -> Iterator[str]:
    """What a value has that its type has not, and where."""
    container, inner = below(type_name)
    if value is None:
        yield f"{where}: null"
    elif container == "list" and isinstance(value, list):
        for number, each in enumerate(value):
            yield from breaches(each, inner, f"{where}[{number}]")
    elif container == "dict" and isinstance(value, dict):
        for name, each in value.items():
            yield from breaches(each, inner, f"{where}[{name!r}]")
    elif inner in {"datetime", "date"}:
        if not _is_instant(value):
            yield f"{where}: {value!r} is no instant"
    elif inner in _PRIMITIVES:
        if not isinstance(value, _PRIMITIVES[inner]) or (inner in {"int", "float"} and isinstance(value, bool)):
            yield f"{where}: {value!r} is no {inner}"
    elif container or not isinstance(value, dict):
        yield f"{where}: {value!r} is no {type_name}"
    else:
        yield from _model_breaches(value, inner, where)


def _model_breaches(value: dict[str, Any], model: str, where: str) -> Iterator[str]:
    instance = getattr(sdk().models, model)()
    names = {wire: name for name, wire in instance.attribute_map.items()}
    for wire, member in value.items():
        at = f"{where}.{wire}"
        if wire not in names:
            yield f"{at}: {model} has no such field"
            continue
        type_name = instance.swagger_types[names[wire]]
        yield from breaches(member, type_name, at)
        if type_name == "str" and isinstance(member, str):
            setattr(instance, names[wire], member)
            if getattr(instance, names[wire]) == UNKNOWN_ENUM:
                yield f"{at}: {member!r} is none of its values"


def _is_instant(value: object) -> bool:
    if not isinstance(value, str) or not value.endswith("Z"):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
