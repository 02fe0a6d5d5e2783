"""The signing key in AWS KMS: the right request, and errors in words. The stand-in is botocore's own stubber, which
holds requests and answers against AWS's service model; moto's KMS knows no Ed25519.
"""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, NoRegionError
from botocore.stub import Stubber
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from strongroom.evidence.keys import kms_signer
from strongroom.evidence.notes import open_note, sign_note
from strongroom.vault.errors import VaultRefused, VaultUnreachable
from strongroom.vault.kms import KmsSigningKey, connect_signing_key

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:eu-central-1:111122223333:key/{KEY_ID}"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_DER = PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def key() -> KmsSigningKey:
    """The key, with a client that answers as the test says."""
    client = boto3.session.Session().client(
        "kms", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return KmsSigningKey(client, KEY_ID)


@pytest.fixture
def kms(key: KmsSigningKey) -> Iterator[Stubber]:
    """What KMS answers; at the end all of it was asked for."""
    with Stubber(key.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_note_signed_in_kms(key: KmsSigningKey, kms: Stubber) -> None:
    text = "log.example/one\n1\nroot\n"
    kms.add_response(
        "get_public_key",
        {"KeyId": ARN, "PublicKey": PUBLIC_DER, "KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"},
        {"KeyId": KEY_ID},
    )
    kms.add_response(
        "sign",
        {"KeyId": ARN, "Signature": PRIVATE.sign(text.encode()), "SigningAlgorithm": "ED25519_SHA_512"},
        {
            "KeyId": KEY_ID,
            "Message": text.encode(),
            "MessageType": "RAW",
            "SigningAlgorithm": "ED25519_SHA_512",
        },
    )
    signer = kms_signer("log.example/one", key.public_key_der, key.sign)
    assert open_note(sign_note(text, [signer]), [signer.verifier_key]).text == text


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("NotFoundException", "no such key"),
        ("DisabledException", "disabled"),
        ("KMSInvalidStateException", "state"),
        ("AccessDeniedException", "kms:Sign"),
        ("InvalidKeyUsageException", "STRONGROOM_LOG_KMS_KEY_ID"),
        ("ValidationException", "ValidationException"),
    ],
)
def test_a_refusal_is_told_without_the_services_own_words(
    key: KmsSigningKey, kms: Stubber, code: str, told: str
) -> None:
    kms.add_client_error("sign", code, "a message that quotes the request", 400)
    with pytest.raises(VaultRefused, match=told) as refused:
        key.sign(b"x")
    assert refused.value.code == code
    assert KEY_ID in str(refused.value)
    assert "quotes" not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("KMSInternalException", 500),
        ("ThrottlingException", 400),
        ("KeyUnavailableException", 500),
        ("DependencyTimeoutException", 503),
        ("", 502),
    ],
)
def test_an_outage_is_tried_again_later(key: KmsSigningKey, kms: Stubber, code: str, status: int) -> None:
    kms.add_client_error("get_public_key", code, "", status)
    with pytest.raises(VaultUnreachable):
        key.public_key_der()


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (EndpointConnectionError(endpoint_url="https://kms.example"), VaultUnreachable),
        (ConnectTimeoutError(endpoint_url="https://kms.example"), VaultUnreachable),
        (NoCredentialsError(), VaultRefused),
        (NoRegionError(), VaultRefused),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_never_reached_kms(
    key: KmsSigningKey, monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: type[Exception]
) -> None:
    def fail(**_: object) -> None:
        raise raised

    monkeypatch.setattr(key.client, "sign", fail)
    with pytest.raises(expected):
        key.sign(b"x")


@pytest.mark.parametrize(
    ("key_id", "region"), [(ARN, "eu-central-1"), (KEY_ID, "us-west-2"), ("alias/log", "us-west-2")]
)
def test_an_arn_names_its_region(monkeypatch: pytest.MonkeyPatch, key_id: str, region: str) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    key = connect_signing_key(key_id, connect_timeout_s=1, read_timeout_s=1)
    assert key.client.meta.region_name == region


def test_without_a_region_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(VaultRefused, match="region"):
        connect_signing_key(KEY_ID, connect_timeout_s=1, read_timeout_s=1)
