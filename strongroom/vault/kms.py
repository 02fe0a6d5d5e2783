"""The log's signing key in AWS KMS: its two calls. The private key never leaves KMS.

KMS API reference, "Sign": a key of the spec ECC_NIST_EDWARDS25519 signs with ED25519_SHA_512, which is Ed25519 of RFC
8032, and only with MessageType RAW; a message has at most 4,096 bytes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from strongroom.vault.errors import VaultRefused, VaultUnreachable

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_kms.client import KMSClient

_ATTEMPTS = 4
_SETTING = "STRONGROOM_LOG_KMS_KEY_ID"
# KMS API reference, "Sign" and "Common errors"
_TRANSIENT_CODES = frozenset(
    {
        "DependencyTimeoutException",
        "InternalFailure",
        "KMSInternalException",
        "KeyUnavailableException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)
_REFUSALS = {
    "AccessDeniedException": ("it is not permitted", "give this process's role kms:GetPublicKey and kms:Sign on it"),
    "DisabledException": ("the key is disabled", "enable it"),
    "InvalidKeyUsageException": ("the key is not one for Ed25519 signatures", f"name another in {_SETTING}"),
    "KMSInvalidStateException": ("the key's state does not allow it", "cancel its deletion and enable it"),
    "NotFoundException": ("there is no such key", f"correct {_SETTING}, or the region"),
    "UnsupportedOperationException": ("the key is not one for Ed25519 signatures", f"name another in {_SETTING}"),
}
_OTHER_REFUSAL = ("KMS refused it", "look the code up in the KMS API reference")


@dataclass(frozen=True)
class KmsSigningKey:
    """A signing key in KMS; `key_id` is its id, ARN or alias."""

    client: "KMSClient"
    key_id: str

    def public_key_der(self) -> bytes:
        """Its SubjectPublicKeyInfo in DER. Raises VaultUnreachable, VaultRefused."""
        with _kms_errors(self.key_id):
            return self.client.get_public_key(KeyId=self.key_id)["PublicKey"]

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature over at most 4,096 bytes, 64 bytes. Raises VaultUnreachable, VaultRefused."""
        with _kms_errors(self.key_id):
            return self.client.sign(
                KeyId=self.key_id, Message=message, MessageType="RAW", SigningAlgorithm="ED25519_SHA_512"
            )["Signature"]


def connect_signing_key(key_id: str, connect_timeout_s: float, read_timeout_s: float) -> KmsSigningKey:
    """Make the client, in the region an ARN names; no request is sent. Credentials and address by boto3's own chain.

    Raises VaultRefused.
    """
    region = key_id.split(":")[3] if key_id.count(":") >= 5 else None
    config = Config(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    with _kms_errors(key_id):
        return KmsSigningKey(boto3.session.Session().client("kms", region_name=region, config=config), key_id)


@contextmanager
def _kms_errors(key_id: str) -> Iterator[None]:
    """Raise the vault's errors instead of boto3's. KMS's own message is dropped, as the store's is."""
    where = f"KMS key {key_id}"
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _TRANSIENT_CODES or status >= 500:
            raise VaultUnreachable(f"KMS failed ({code})", where=where, todo="it is tried again later") from error
        what, todo = _REFUSALS.get(code, _OTHER_REFUSAL)
        raise VaultRefused(f"{error.operation_name}: {what} ({code})", where=where, todo=todo, code=code) from error
    except (ConnectionError, HTTPClientError) as error:
        todo = "check the network; what was to be done stays due"
        raise VaultUnreachable("KMS does not answer", where=where, todo=todo) from error
    except BotoCoreError as error:
        raise VaultRefused(
            f"KMS can't be asked ({type(error).__name__})",
            where=where,
            todo="check the AWS credentials and region of this process",
            code=type(error).__name__,
        ) from error
