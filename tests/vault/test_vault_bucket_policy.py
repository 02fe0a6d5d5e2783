"""What a policy's statement means, in every way of writing it; and what only looks like it."""

from typing import Any

import pytest

from strongroom.vault.bucket_policy import allows_everyone, denies_as_much, deny_delete, loosening, tls_only

BUCKET = "arn:aws:s3:::vault"
ROLE = "arn:aws:iam::111122223333:role/break-glass"
OTHER = "arn:aws:iam::111122223333:role/other"
DELETE = deny_delete(BUCKET, None)
DELETE_BUT = deny_delete(BUCKET, ROLE)
TLS = tls_only(BUCKET)


def changed(statement: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The statement with changes; None takes a part away."""
    return {name: value for name, value in (statement | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        (DELETE, {}),
        (DELETE, {"Sid": "Theirs"}),
        (DELETE, {"Principal": {"AWS": "*"}}),
        (DELETE, {"Principal": {"AWS": [OTHER, "*"]}}),
        (DELETE, {"Action": ["s3:PutObjectAcl", "S3:deleteobject"]}),
        (DELETE, {"Action": "s3:Delete*"}),
        (DELETE, {"Action": "*"}),
        (DELETE, {"Resource": "*"}),
        (DELETE, {"Resource": ["arn:aws:s3:::other/*", "arn:aws:s3:::vault*"]}),
        (DELETE_BUT, {"Condition": None}),
        (DELETE_BUT, {"Condition": {"ArnNotLike": {"AWS:principalarn": [ROLE]}}}),
        (DELETE_BUT, {"Condition": {"StringNotEquals": {"aws:PrincipalArn": ROLE}}}),
        (TLS, {"Condition": {"Bool": {"aws:securetransport": [False]}}}),
        (TLS, {"Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}),
        (TLS, {"Resource": ["arn:aws:s3:::vault/*", "arn:aws:s3:::vault"]}),
    ],
)
def test_the_same_in_other_words_or_more_denies_as_much(wanted: dict[str, Any], changes: dict[str, Any]) -> None:
    assert denies_as_much(changed(wanted, **changes), wanted)


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        (DELETE, {"Effect": "Allow"}),
        (DELETE, {"Principal": {"AWS": OTHER}}),
        (DELETE, {"Principal": None, "NotPrincipal": {"AWS": OTHER}}),
        (DELETE, {"Action": "s3:DeleteObjectVersion"}),
        (DELETE, {"Action": None, "NotAction": "s3:GetObject"}),
        (DELETE, {"Action": "s3:DeleteObjec[t]"}),
        (DELETE, {"Resource": "arn:aws:s3:::vault/archive/*"}),
        (DELETE, {"Resource": "arn:aws:s3:::vault"}),
        (DELETE, {"Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}),
        (DELETE, {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}}),
        (DELETE_BUT, {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": OTHER}}}),
        (DELETE_BUT, {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": [ROLE, OTHER]}}}),
        (DELETE_BUT, {"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}}),
        (DELETE_BUT, {"Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}),
        (TLS, {"Action": "s3:Get*"}),
        (TLS, {"Resource": "arn:aws:s3:::vault/*"}),
        (TLS, {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        (TLS, {"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "true"}}}),
        (TLS, {"Condition": {**TLS["Condition"], "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}),
    ],
)
def test_a_weakened_statement_denies_less(wanted: dict[str, Any], changes: dict[str, Any]) -> None:
    assert not denies_as_much(changed(wanted, **changes), wanted)


@pytest.mark.parametrize(
    ("part", "is_for_everyone"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"NotPrincipal": {"AWS": OTHER}}, True),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": "*"}}}, True),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}}, False),
        ({"Principal": {"AWS": OTHER}}, False),
        ({"Principal": {"Service": "cloudtrail.amazonaws.com"}}, False),
    ],
)
def test_a_grant_to_everyone_is_told_from_one_to_someone(part: dict[str, Any], is_for_everyone: bool) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", **part}
    assert allows_everyone(statement) == is_for_everyone
    assert not allows_everyone(statement | {"Effect": "Deny"})


@pytest.mark.parametrize(
    ("part", "loosened"),
    [
        ({"Action": "s3:GetObject"}, []),
        ({"Action": "s3:DeleteObjectVersion"}, []),
        ({"Action": "s3:DeleteObject"}, ["s3:DeleteObject"]),
        ({"Action": ["s3:Get*", "s3:bypass*"]}, ["s3:BypassGovernanceRetention"]),
        ({"Action": "s3:*"}, ["s3:DeleteObject", "s3:BypassGovernanceRetention"]),
        ({"NotAction": "s3:DeleteObject"}, ["s3:BypassGovernanceRetention"]),
        ({"Action": "s3:*", "Effect": "Deny"}, []),
    ],
)
def test_who_may_hide_a_record_or_lift_a_lock_is_named(part: dict[str, Any], loosened: list[str]) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Resource": f"{BUCKET}/*", **part}
    assert loosening(statement, BUCKET, ROLE) == loosened
    assert loosening(statement | {"Principal": {"AWS": ROLE}}, BUCKET, ROLE) == []
    assert loosening(statement | {"Principal": {"AWS": ROLE}}, BUCKET, None) == loosened
    assert loosening(statement | {"Principal": {"AWS": [ROLE, OTHER]}}, BUCKET, ROLE) == loosened


@pytest.mark.parametrize(
    ("part", "is_about_what_is_kept"),
    [
        ({"Resource": f"{BUCKET}/*"}, True),
        ({"Resource": "*"}, True),
        ({"Resource": [f"{BUCKET}/probe/*", f"{BUCKET}/archive/2026-*"]}, True),
        ({"Resource": f"{BUCKET}/*/manifest.json"}, True),
        ({"Resource": f"{BUCKET}/evid?nce/log/checkpoints/1"}, True),
        ({"Resource": f"{BUCKET}/${{aws:username}}/x"}, True),
        ({"Resource": f"{BUCKET}/**"}, True),
        ({"Resource": f"{BUCKET}/probe/*"}, False),
        ({"Resource": BUCKET}, False),
        ({"Resource": f"{BUCKET}/Archive/*"}, False),
        ({"NotResource": f"{BUCKET}/archive/*"}, True),
        ({"NotResource": [f"{BUCKET}/archive/*", f"{BUCKET}/evidence/*"]}, False),
        ({"NotResource": f"{BUCKET}/*"}, False),
        ({}, True),
    ],
)
def test_what_is_allowed_elsewhere_than_on_what_is_kept_loosens_nothing(
    part: dict[str, Any], is_about_what_is_kept: bool
) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:DeleteObject", **part}
    assert loosening(statement, BUCKET, ROLE) == (["s3:DeleteObject"] if is_about_what_is_kept else [])
