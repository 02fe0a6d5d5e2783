"""The records retention policy as a document for people: for counsel to sign, and for whoever asks years later.

It is made from the policy file and from the tables that the software itself goes by, so that it can't say otherwise.
The same policy gives the same bytes in every process of one version: each manifest names their SHA-256.
"""

import re
from functools import lru_cache

from strongroom.canonical import sha256_hex
from strongroom.evidence.document import (
    Block,
    Grid,
    Heading,
    Items,
    Paragraph,
    Signatures,
    as_markdown,
)
from strongroom.genesys.transport import permissions_asked_for
from strongroom.pipeline import policy_wording as wording
from strongroom.retention.classes import LockMode, RetentionClass
from strongroom.retention.policy import Policy
from strongroom.retention.rules import Rule
from strongroom.roles import RIGHTS
from strongroom.vault.permissions import TABLE
from strongroom.vault.statements import Resource, Statement

TITLE = "Records retention policy"

_SIGNERS = ("General Counsel", "Chief Compliance Officer", "Records manager")


@lru_cache(maxsize=8)
def policy_document(policy: Policy) -> str:
    """The document in Markdown. Its UTF-8 bytes are what is hashed."""
    return as_markdown(TITLE, blocks_of(policy))


@lru_cache(maxsize=8)
def document_sha256(policy: Policy) -> str:
    """The SHA-256 of the document's bytes, in hexadecimal."""
    return sha256_hex(policy_document(policy).encode())


def blocks_of(policy: Policy) -> list[Block]:
    """What the document says, block by block."""
    return [
        Paragraph(
            f"This is version {policy.version} of the policy: the SHA-256 of the file that the archive goes by, byte"
            " for byte. The file and this document stand in the archive's locked storage. Every record's manifest"
            " names the version that decided, and the SHA-256 of this document."
        ),
        Heading("1. Purpose and scope"),
        *map(Paragraph, wording.SCOPE),
        Heading("2. Retention matrix"),
        *_matrix(policy),
        Heading("3. Which class a record falls in"),
        *_rules(policy),
        Heading("4. Locks"),
        *_locks(policy),
        Heading("5. Erasure under the GDPR"),
        *_erasure(policy),
        Heading("6. Legal holds"),
        *map(Paragraph, wording.HOLDS),
        Heading("7. Disposition"),
        Items(wording.DISPOSITION, numbered=True),
        Heading("8. Changes of this policy"),
        Items(wording.CHANGES),
        Heading("9. Roles"),
        *_roles(),
        Heading("10. Permissions"),
        *_permissions(),
        Heading("11. Approval"),
        Paragraph(
            f"Approved as the records retention policy, version {policy.version[:16]}…, in force until another"
            " version is signed. Who signs compares the policy's and the document's SHA-256 with what strongroom"
            " policy document prints."
        ),
        Signatures(_SIGNERS),
    ]


def _matrix(policy: Policy) -> list[Block]:
    rows = tuple(
        (
            f"{one.name} (default)" if one == policy.default_class else one.name,
            one.basis,
            _years(one.required_years),
            _years(one.retained_years),
            one.lock_mode.value,
            "granted" if one.erasable else "refused",
            f"{one.retrieval_promise_hours} h",
        )
        for one in policy.classes
    )
    headers = ("class", "basis", "required", "kept", "lock", "erasure", "retrieval")
    return [
        Grid(headers, rows, (34, 42, 14, 12, 20, 14, 12)),
        Paragraph(
            f"{wording.YEARS} No class keeps longer than {_years(policy.cap_years)}: a lock that is too long can't be"
            " taken back. Retrieval is the time from Legal's request to verified files."
        ),
    ]


def _rules(policy: Policy) -> list[Block]:
    rows = tuple((rule.name, _when(rule), rule.retention_class.name) for rule in policy.rules)
    return [
        Paragraph(wording.RULES),
        Grid(("rule", "applies when", "class"), rows, (28, 50, 26)),
        Paragraph(
            f"What no rule matches is kept as class {policy.default_class.name}. The report of each day lists it, so"
            " that a rule that is missing is noticed."
        ),
    ]


def _when(rule: Rule) -> str:
    return "; ".join(f"{one.subject.replace('_', ' ')} {' or '.join(one.wanted)}" for one in rule.when)


def _locks(policy: Policy) -> list[Block]:
    return [
        *map(Paragraph, wording.LOCKS),
        Items(
            tuple(
                f"{mode.value}: {', '.join(one.name for one in policy.classes if one.lock_mode is mode) or 'no class'}."
                for mode in (LockMode.COMPLIANCE, LockMode.GOVERNANCE)
            )
        ),
    ]


def _erasure(policy: Policy) -> list[Block]:
    refused = [one for one in policy.classes if not one.erasable]
    granted = [one for one in policy.classes if one.erasable]
    return [
        Paragraph(wording.ERASURE),
        Grid(
            ("class", "position", "ground"),
            tuple((one.name, *_position(one)) for one in [*refused, *granted]),
            (26, 20, 60),
        ),
        *map(Paragraph, wording.ERASURE_PROCEDURE),
    ]


def _position(one: RetentionClass) -> tuple[str, str]:
    if one.erasable:
        return "may be granted", (
            "No duty to keep the record stands against it. While a legal hold stands it is refused: Article 17(3)(e),"
            " legal claims."
        )
    return "refused", (
        f"Article 17(3)(b): the record is kept to comply with a legal obligation ({one.basis}); and Article 17(3)(e):"
        " for the establishment, exercise or defence of legal claims."
    )


def _roles() -> list[Block]:
    rows = tuple((role.value, ", ".join(sorted(right.value for right in rights))) for role, rights in RIGHTS.items())
    return [
        Paragraph(wording.ROLES),
        Grid(("role", "has the right to"), rows, (30, 76)),
    ]


def _permissions() -> list[Block]:
    blocks: list[Block] = [Paragraph(wording.PERMISSIONS)]
    for role, permissions in TABLE.items():
        blocks += [
            Heading(f"Vault: {role.value}", level=3),
            Paragraph(permissions.holder.replace("`", "")),
            Grid(
                ("", "actions", "on", "why"),
                tuple(
                    (one.effect.value, _actions(one), ", ".join(map(_resource, one.resources)), _why(one))
                    for one in permissions.statements
                ),
                (11, 38, 20, 50),
            ),
        ]
    return [
        *blocks,
        Heading("Genesys Cloud: the archive's OAuth client", level=3),
        Items(permissions_asked_for()),
    ]


def _actions(one: Statement) -> str:
    conditions = [f"{each.key} {each.operator} {' or '.join(each.values)}" for each in one.conditions]
    return "; if ".join([_actions_alone(one), *conditions])


def _why(one: Statement) -> str:
    """The reason, for a reader who doesn't know the promises by their number."""
    return re.sub(r"^Promise \d: ", "", one.why).replace("`", "")


def _actions_alone(one: Statement) -> str:
    if one.actions:
        return ", ".join(one.actions)
    return f"all of S3's but {', '.join(one.all_actions_but)}" if one.all_actions_but else "all of S3's that write"


def _resource(resource: Resource) -> str:
    return resource.name.lower().replace("_", " ")


def _years(number: int) -> str:
    return f"{number} year" if number == 1 else f"{number} years"
