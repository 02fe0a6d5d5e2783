"""The vault's errors, and the one place where boto3's exceptions become them."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from strongroom.errors import Misconfigured, StrongroomError, Unreachable


class VaultConflict(StrongroomError):
    """What stands in the vault is not what was to be put there, or stands twice. It is left alone; a person decides."""


class NotLocked(StrongroomError):
    """An object stands in the vault with a shorter or weaker lock than it must have, and the store did not mend it."""


class NotStored(StrongroomError):
    """The object version that was named does not stand in the vault."""


class BodyDamaged(StrongroomError):
    """What is to be put is no longer what was hashed; nothing was sent."""


class VaultUnreachable(Unreachable):
    """The store did not answer, or not usefully. What it did is not known: look before trying again."""


class AlreadyStands(VaultUnreachable):
    """A conditional put was refused because the key stands (412), or is being put by another (409)."""


class VaultRefused(Misconfigured):
    """The store answered no: a permission, a credential, a bucket or its configuration is not as it must be.

    `code` is S3's error code, or the HTTP status where the answer has none.
    """

    def __init__(self, what: str, *, where: str, todo: str, code: str = "") -> None:
        super().__init__(what, where=where, todo=todo)
        self.code = code


_CONDITION_FAILED = frozenset({409, 412})
# S3 API reference, "Error responses": the store was busy, or the request damaged or cut off on the way. Another attempt
# may fare better. A completed multipart upload tells such an error under HTTP 200.
_TRANSIENT_CODES = frozenset(
    {
        "BadDigest",
        "IncompleteBody",
        "InternalError",
        "InvalidDigest",
        "NoSuchUpload",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
    }
)
_CHECK_CREDENTIALS = "check the AWS credentials of this process (boto3's own chain: environment, files, role)"
_BAD_CREDENTIALS = ("the store does not accept the credentials", _CHECK_CREDENTIALS)
_NO_BUCKET = ("there is no such bucket", "correct STRONGROOM_BUCKET, or create it with `strongroom vault create`")
_REFUSALS = {
    "404": _NO_BUCKET,  # a HEAD answers without a body to name the error in
    "NoSuchBucket": _NO_BUCKET,
    "RequestTimeTooSkewed": ("this machine's clock and the store's differ too much", "set the clock"),
    "ExpiredToken": _BAD_CREDENTIALS,
    "InvalidAccessKeyId": _BAD_CREDENTIALS,
    "InvalidToken": _BAD_CREDENTIALS,
    "SignatureDoesNotMatch": _BAD_CREDENTIALS,
    "TokenRefreshRequired": _BAD_CREDENTIALS,
}
_REFUSALS_BY_STATUS = {
    403: ("it is not permitted", "give this process's role that permission, or correct STRONGROOM_BUCKET"),
    501: ("the store can't do it", "use a store with Object Lock, versioning and conditional puts"),
}
_OTHER_REFUSAL = ("the store refused it", "look the code up in the store's documentation")


@contextmanager
def s3_errors(where: str) -> Iterator[None]:
    """Raise the vault's errors instead of boto3's. `where` is an `s3://` address.

    The store's own message is dropped: it may quote the request, signature included.
    """
    try:
        yield
    except ClientError as error:
        raise _answered(error, where) from error
    except ResponseParserError as error:
        raise VaultRefused(
            "what answers does not speak S3", where=where, todo="correct STRONGROOM_S3_ENDPOINT_URL"
        ) from error
    except BotoCoreError as error:
        raise _unanswered(error, where) from error


def _answered(error: ClientError, where: str) -> StrongroomError:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code", str(status))
    operation = error.operation_name
    if code in {"NoSuchKey", "NoSuchVersion"} or (operation == "HeadObject" and status == 404):
        return NotStored(
            "the object version does not stand in the vault",
            where=where,
            todo="find out who removed it; archive it again if the source still has it",
        )
    if status in _CONDITION_FAILED and operation in {"PutObject", "CompleteMultipartUpload"}:
        return AlreadyStands("the key already stands", where=where, todo="look at what stands")
    if code in _TRANSIENT_CODES or status == 429 or (status >= 500 and status != 501):
        return VaultUnreachable(
            f"the store failed at {operation} ({code}, HTTP {status})", where=where, todo="it is tried again later"
        )
    what, todo = _REFUSALS.get(code) or _REFUSALS_BY_STATUS.get(status, _OTHER_REFUSAL)
    return VaultRefused(f"{operation}: {what} ({code}, HTTP {status})", where=where, todo=todo, code=code)


def _unanswered(error: BotoCoreError, where: str) -> StrongroomError:
    kind = type(error).__name__
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return VaultRefused("no usable AWS credentials were found", where=where, todo=_CHECK_CREDENTIALS, code=kind)
    if isinstance(error, ConnectionError | HTTPClientError | IncompleteReadError | ChecksumError):
        return VaultUnreachable(
            f"the store does not answer ({kind})",
            where=where,
            todo="check the network and STRONGROOM_S3_ENDPOINT_URL; what was to be done stays due",
        )
    return VaultRefused(
        f"the request can't be made ({kind})",
        where=where,
        todo="check the AWS region, credentials and configuration of this process",
        code=kind,
    )
