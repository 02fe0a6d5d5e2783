"""The bucket policy: the statements it must have, and what a statement means, whatever way it is written.

The grammar and how it is evaluated: AWS IAM User Guide, "IAM JSON policy elements reference".
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from strongroom.vault.statements import KEPT

Statement = Mapping[str, Any]

DENY_DELETE_SID = "StrongroomDenyPlainDelete"
TLS_ONLY_SID = "StrongroomDenyPlainHttp"
LOOSENING_ACTIONS = ("s3:DeleteObject", "s3:BypassGovernanceRetention")
"""What hides a record, and what lifts a lock. Erasing a version is not among them: its lock decides that."""

_POLICY_VARIABLE = re.compile(r"\$\{[^}]*\}")
_PRINCIPAL = "aws:principalarn"
_OTHER_THAN = frozenset({"arnnotequals", "arnnotlike", "stringnotequals", "stringnotlike"})
# S3 User Guide, 'The meaning of "public"': fixed values of these keys make a grant to everyone a grant to someone.
_NARROWING_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpcsourceip",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_NARROWING_OPERATORS = frozenset({"arnequals", "arnlike", "ipaddress", "stringequals", "stringlike"})
_ANY_VALUE = frozenset({"*", "arn:*", "0.0.0.0/0", "::/0"})


def deny_delete(bucket_arn: str, break_glass_role_arn: str | None) -> dict[str, Any]:
    """Nobody may hide an object under a delete marker, but the break-glass role where there is one.

    Not DeleteObjectVersion: erasing a version is for its lock to allow.
    """
    statement: dict[str, Any] = {
        "Sid": DENY_DELETE_SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": f"{bucket_arn}/*",
    }
    if break_glass_role_arn is not None:
        statement["Condition"] = {"ArnNotEquals": {"aws:PrincipalArn": break_glass_role_arn}}
    return statement


def tls_only(bucket_arn: str) -> dict[str, Any]:
    """Nothing may be asked or sent over plain HTTP."""
    return {
        "Sid": TLS_ONLY_SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def denies_as_much(statement: Statement, wanted: Statement) -> bool:
    """Whether a statement denies all that the wanted one does, or more."""
    return (
        statement.get("Effect") == "Deny"
        and _is_everyone(statement.get("Principal"))
        and _covers(statement.get("Action"), _texts(wanted["Action"]), any_case=True)
        and _covers(statement.get("Resource"), _texts(wanted["Resource"]))
        and _applies_as_often(statement.get("Condition"), wanted.get("Condition"))
    )


def with_statements(policy: Iterable[Statement], wanted: Sequence[Statement]) -> list[Statement]:
    """The policy's statements with the wanted ones in the place of those of their names; all others are kept."""
    names = {statement["Sid"] for statement in wanted}
    return [*(statement for statement in policy if statement.get("Sid") not in names), *wanted]


def document(statements: Sequence[Statement]) -> str:
    """The statements as the policy that S3 takes."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allows_everyone(statement: Statement) -> bool:
    """Whether a statement gives something to whoever asks."""
    return (
        statement.get("Effect") == "Allow"
        and (_is_everyone(statement.get("Principal")) or "NotPrincipal" in statement)
        and not _is_narrowed(statement.get("Condition"))
    )


def loosening(statement: Statement, bucket_arn: str, break_glass_role_arn: str | None) -> list[str]:
    """Which of LOOSENING_ACTIONS a statement allows to others than the break-glass role on what the vault keeps."""
    principal = statement.get("Principal")
    to_break_glass_only = (
        break_glass_role_arn is not None
        and isinstance(principal, Mapping)
        and set(principal) == {"AWS"}
        and set(_texts(principal["AWS"])) == {break_glass_role_arn}
    )
    reaches_kept = any(_reaches(statement, f"{bucket_arn}{kept.value.removesuffix('*')}") for kept in KEPT)
    if statement.get("Effect") != "Allow" or to_break_glass_only or not reaches_kept:
        return []
    if "NotAction" in statement:
        return [action for action in LOOSENING_ACTIONS if not _covers(statement["NotAction"], [action], any_case=True)]
    return [action for action in LOOSENING_ACTIONS if _covers(statement.get("Action"), [action], any_case=True)]


def _reaches(statement: Statement, prefix: str) -> bool:
    """Whether the statement is about some object whose ARN begins so."""
    if "NotResource" in statement:
        return not _covers(statement["NotResource"], [f"{prefix}*"])
    # without a Resource it is no statement that S3 takes: nothing is concluded from it
    patterns = _texts(statement.get("Resource")) or ["*"]
    return any(_matches_beginning(_POLICY_VARIABLE.sub("*", pattern), prefix) for pattern in patterns)


def _matches_beginning(pattern: str, prefix: str) -> bool:
    """Whether a text that begins with the prefix can match a pattern of `*` and `?`."""
    at = {0}
    for letter in prefix:
        at = _past_stars(pattern, at)
        at = {
            position if pattern[position] == "*" else position + 1
            for position in at
            if position < len(pattern) and pattern[position] in ("*", "?", letter)
        }
    # whatever is left of the pattern, some text goes on so
    return bool(at)


def _past_stars(pattern: str, at: set[int]) -> set[int]:
    """These positions, and those behind stars that match nothing."""
    reached = set(at)
    for start in at:
        position = start
        while position < len(pattern) and pattern[position] == "*":
            position += 1
            reached.add(position)
    return reached


def _is_everyone(principal: object) -> bool:
    if isinstance(principal, Mapping):
        return "*" in _texts(principal.get("AWS"))
    return principal == "*"


def _covers(patterns: object, wanted: Iterable[str], *, any_case: bool = False) -> bool:
    """Whether each wanted text is matched by one of the patterns; `*` in a wanted text is a letter like any other."""

    def fold(text: str) -> str:
        # the brackets that fnmatch knows are mere letters in a policy
        return (text.lower() if any_case else text).replace("[", "[[]")

    written = [fold(pattern) for pattern in _texts(patterns)]
    return all(any(fnmatchcase(text.lower() if any_case else text, pattern) for pattern in written) for text in wanted)


def _applies_as_often(condition: object, wanted: object) -> bool:
    """Whether a Deny's condition holds wherever the wanted one's does: none at all, or the same."""
    return not condition or _meaning(condition) in (_meaning(wanted), _meaning_if_absent(wanted))


def _meaning(condition: object) -> frozenset[tuple[str, str, frozenset[str]]]:
    """A condition with what is spelt in several ways spelt in one; an `…NotLike` without wildcards is `…NotEquals`."""
    found = set()
    for operator, tests in condition.items() if isinstance(condition, Mapping) else ():
        for key, values in tests.items():
            texts = frozenset(_texts(values))
            name = operator.lower()
            if (
                name in _OTHER_THAN
                and key.lower() == _PRINCIPAL
                and not any("*" in text or "?" in text for text in texts)
            ):
                name = "arnnotequals"
            found.add((name, key.lower(), texts))
    return frozenset(found)


def _meaning_if_absent(condition: object) -> frozenset[tuple[str, str, frozenset[str]]]:
    """The same, holding also where the request has no such key (`BoolIfExists`): a Deny is the stricter for it."""
    return frozenset((f"{operator}ifexists", key, values) for operator, key, values in _meaning(condition))


def _is_narrowed(condition: object) -> bool:
    return any(
        operator in _NARROWING_OPERATORS and key in _NARROWING_KEYS and not values & _ANY_VALUE
        for operator, key, values in _meaning(condition)
    )


def _texts(value: object) -> list[str]:
    """A policy's value or list of values as texts; JSON's true is the text `true`."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
