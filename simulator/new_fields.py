"""Fields the vendor has added since: in every object of an answer one that no SDK knows yet."""

from typing import Any

NEW_FIELD = "addedByTheVendor"
_MAPS = {"mediaUris"}  # their members are entries, not fields


def with_new_fields(shape: dict[str, Any]) -> dict[str, Any]:
    """The same object with a new field in it, and in every object below it."""
    return {name: _below(name, value) for name, value in shape.items()} | {NEW_FIELD: {"since": "tomorrow"}}


def _below(name: str, value: object) -> object:
    if isinstance(value, list):
        return [_below("", each) for each in value]
    if isinstance(value, dict):
        return {key: _below("", each) for key, each in value.items()} if name in _MAPS else with_new_fields(value)
    return value
