"""The permissions as AWS takes them, one IAM policy a role, and as people read them, one page with every reason."""

import json
import textwrap
from typing import Any

from strongroom.vault.permissions import TABLE, Role
from strongroom.vault.statements import Condition, Effect, Resource, Statement

PAGE_NAME = "README.md"
_LINE_LENGTH = 120
_VERSION = "2012-10-17"  # of the policy language, IAM User Guide, "Version"
_WORDS = {
    Resource.BUCKET: "the bucket",
    Resource.RECORDS: "`archive/*`",
    Resource.EVIDENCE: "`evidence/*`",
    Resource.PROBE: "`probe/*`",
    Resource.OBJECTS: "every object",
    Resource.ENCRYPTION_KEY: "the KMS key of the bucket, if it has one",
    Resource.SIGNING_KEY: "the KMS key that signs checkpoints, if one does",
}
_INTRODUCTION = """\
# IAM policies

Made by `strongroom vault iam --bucket strongroom-vault --out deploy/iam`; changed by hand they would no longer be what
the tests evaluate. For a bucket of your own, and its KMS keys:

```
strongroom vault iam --out DIR --kms-key-arn arn:aws:kms:… --signing-key-arn arn:aws:kms:…
```

## Attaching them

1. Make one IAM role for each that you need: one role a process, and none with two of these policies. What one role is
   denied explicitly, such as the desk's writing, would then be denied to the other's work as well.
2. Attach the file as a managed policy: `aws iam create-policy --policy-name strongroom-worker --policy-document
   file://worker.json`, then `aws iam attach-role-policy`. Each is below IAM's limit of 6,144 characters.
3. Who may assume a role is for the site to say, in the role's trust policy: the task or instance role of the workers,
   your single sign-on for people. For `break-glass` the session must carry `aws:MultiFactorAuthPresent`; a federated
   session carries none, so assume it from an IAM user with a device, and let an alarm ring on `AssumeRole` of it.
4. A KMS key's own policy must let the roles use the key through IAM.

These policies bind who has them. Everyone else in the account is for the bucket policy, which `strongroom vault create`
sets, and behind both stands Object Lock. A witness bucket for checkpoints is another's; it is granted there.

The files are for AWS. A store of another make may not know the condition keys, and refuse the policy or ignore them.
"""


def policy_document(
    role: Role,
    bucket: str,
    partition: str = "aws",
    kms_key_arn: str | None = None,
    signing_key_arn: str | None = None,
) -> dict[str, Any]:
    """The IAM policy of a role. Statements about a KMS key are left out where there is none."""
    arns: dict[Resource, str] = {
        resource: f"arn:{partition}:s3:::{bucket}{resource.value}"
        for resource in Resource
        if resource not in (Resource.ENCRYPTION_KEY, Resource.SIGNING_KEY)
    }
    if kms_key_arn is not None:
        arns[Resource.ENCRYPTION_KEY] = kms_key_arn
    if signing_key_arn is not None:
        arns[Resource.SIGNING_KEY] = signing_key_arn
    return {
        "Version": _VERSION,
        "Statement": [
            _statement(statement, [arns[resource] for resource in statement.resources])
            for statement in TABLE[role].statements
            if arns.keys() >= set(statement.resources)
        ],
    }


def policy_text(document: dict[str, Any]) -> str:
    """The text of a policy's file."""
    return json.dumps(document, indent=2) + "\n"


def permissions_page() -> str:
    """The page beside the policies, in Markdown: how to attach them, and why each statement is there."""
    return "\n".join([_INTRODUCTION, *(_chapter(role) for role in Role)])


def _statement(statement: Statement, arns: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = {"Sid": statement.sid, "Effect": statement.effect.value}
    if statement.all_actions_but:
        document["NotAction"] = list(statement.all_actions_but)
    else:
        document["Action"] = list(statement.actions)
    document["Resource"] = arns
    for condition in statement.conditions:
        same_operator = document.setdefault("Condition", {}).setdefault(condition.operator, {})
        same_operator[condition.key] = list(condition.values)
    return document


def _chapter(role: Role) -> str:
    permissions = TABLE[role]
    paragraphs = [f"## {role.value}", permissions.holder, *(_in_words(each) for each in permissions.statements)]
    return "\n\n".join(paragraphs) + "\n"


def _in_words(statement: Statement) -> str:
    verb = "allows" if statement.effect is Effect.ALLOW else "denies"
    actions = _code(statement.actions) or f"all actions but {_code(statement.all_actions_but)}"
    where = ", ".join(_WORDS[resource] for resource in statement.resources)
    conditions = "".join(f"; {_condition(condition)}" for condition in statement.conditions)
    rule = f"**{statement.sid}** {verb} {actions} on {where}{conditions}."
    return "\n".join(
        textwrap.fill(text, _LINE_LENGTH, break_long_words=False, break_on_hyphens=False)
        for text in (rule, statement.why)
    )


def _condition(condition: Condition) -> str:
    return f"if {condition.operator} `{condition.key}` {_code(condition.values)}"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
