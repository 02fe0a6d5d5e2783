"""What groups of an OpenID provider may do at the Legal desk, as the settings give it."""

import json
from dataclasses import dataclass

ROLES = ("analyst", "approver", "auditor", "operator", "records-manager")
"""The desk's roles (strongroom/legal/access.py); a test holds the two together."""
ALL_DIVISIONS = "*"


@dataclass(frozen=True)
class GroupGrant:
    """What one group gives. `divisions` are ids of Genesys divisions; None: all of them."""

    group: str
    roles: frozenset[str]
    divisions: frozenset[str] | None


def parse_groups(text: str) -> tuple[GroupGrant, ...]:
    """Read `{"GROUP": {"roles": ["analyst"], "divisions": ["*"]}, …}`. Raises ValueError, which says where it isn't.

    All divisions must be said, as `"*"`: what is left out must not give more.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"must be JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    if not isinstance(document, dict) or not document:
        raise ValueError('must be of the form {"GROUP": {"roles": ["analyst"], "divisions": ["*"]}}')
    return tuple(_grant(position, group, grant) for position, (group, grant) in enumerate(document.items(), start=1))


def _grant(position: int, group: str, grant: object) -> GroupGrant:
    if not isinstance(grant, dict) or set(grant) != {"roles", "divisions"}:
        raise ValueError(f'group {position} must have "roles" and "divisions", and nothing else')
    roles, divisions = _words(grant["roles"]), _words(grant["divisions"])
    if roles is None or not set(roles) <= set(ROLES):
        raise ValueError(f'group {position}: "roles" must be a list of {", ".join(ROLES)}')
    if divisions is None or (ALL_DIVISIONS in divisions and len(divisions) > 1):
        raise ValueError(f'group {position}: "divisions" must be a list of ids, or ["{ALL_DIVISIONS}"]')
    return GroupGrant(group, frozenset(roles), None if ALL_DIVISIONS in divisions else frozenset(divisions))


def _words(value: object) -> list[str] | None:
    """A list of at least one word, or None."""
    if isinstance(value, list) and value and all(isinstance(one, str) and one.strip() for one in value):
        return value
    return None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name is given twice")
    return dict(pairs)
