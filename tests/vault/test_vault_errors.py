"""boto3's exceptions never leave the vault, and none of the store's own words do."""

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from strongroom.errors import StrongroomError
from strongroom.vault.errors import AlreadyStands, NotStored, VaultRefused, VaultUnreachable, s3_errors

SECRET = "AKIAEXAMPLE x-amz-security-token"


def answered(code: str, status: int, operation: str = "PutObject") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )


def raised(error: Exception) -> StrongroomError:
    with pytest.raises(StrongroomError) as caught, s3_errors("s3://bucket/key"):
        raise error
    assert SECRET not in str(caught.value)
    assert "s3://bucket/key" in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("SlowDown", 503),
        ("ServiceUnavailable", 503),
        ("InternalError", 500),
        ("InternalError", 200),
        ("502", 502),
        ("RequestTimeout", 400),
        ("BadDigest", 400),
        ("IncompleteBody", 400),
        ("TooManyRequests", 429),
        ("NoSuchUpload", 404),
    ],
)
def test_what_may_pass_is_unreachable(code: str, status: int) -> None:
    assert type(raised(answered(code, status))) is VaultUnreachable


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("AccessDenied", 403, "not permitted"),
        ("403", 403, "not permitted"),
        ("NoSuchBucket", 404, "no such bucket"),
        ("404", 404, "no such bucket"),
        ("InvalidAccessKeyId", 403, "credentials"),
        ("SignatureDoesNotMatch", 403, "credentials"),
        ("ExpiredToken", 400, "credentials"),
        ("RequestTimeTooSkewed", 403, "clock"),
        ("NotImplemented", 501, "can't do it"),
        ("InvalidArgument", 400, "refused"),
    ],
)
def test_what_a_person_must_mend_is_refused_and_names_the_code(code: str, status: int, words: str) -> None:
    error = raised(answered(code, status))
    assert isinstance(error, VaultRefused)
    assert words in str(error)
    assert error.code == code


@pytest.mark.parametrize(("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409)])
@pytest.mark.parametrize("operation", ["PutObject", "CompleteMultipartUpload"])
def test_a_failed_condition_says_that_the_key_stands(code: str, status: int, operation: str) -> None:
    assert isinstance(raised(answered(code, status, operation)), AlreadyStands)


@pytest.mark.parametrize(
    ("code", "operation"), [("NoSuchKey", "GetObject"), ("NoSuchVersion", "GetObject"), ("404", "HeadObject")]
)
def test_a_missing_version_is_not_taken_for_a_missing_bucket(code: str, operation: str) -> None:
    assert isinstance(raised(answered(code, 404, operation)), NotStored)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.EndpointConnectionError(endpoint_url=SECRET),
        exceptions.ConnectTimeoutError(endpoint_url=SECRET),
        exceptions.ReadTimeoutError(endpoint_url=SECRET),
        exceptions.ConnectionClosedError(endpoint_url=SECRET),
        exceptions.SSLError(endpoint_url=SECRET, error=SECRET),
        exceptions.ResponseStreamingError(error=SECRET),
        exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_is_unreachable(error: Exception) -> None:
    assert isinstance(raised(error), VaultUnreachable)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NoCredentialsError(),
        exceptions.PartialCredentialsError(provider="env", cred_var=SECRET),
        exceptions.NoRegionError(),
        exceptions.ParamValidationError(report=SECRET),
        ResponseParserError(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_can_not_be_asked_is_refused(error: Exception) -> None:
    assert isinstance(raised(error), VaultRefused)
