"""RFC 3161 timestamps over a checkpoint: what an authority is asked, and whether its answer proves anything.

The imprint is the SHA-256 of the signed note's bytes; the request carries a nonce and asks for the authority's
certificates (`certReq`), so that the response can be verified long after the authority is gone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from strongroom.errors import Misconfigured, StrongroomError

MOST_BYTES = 64 * 1024
"""A response with its chain has a few kilobytes; more than this is none."""
MOST_SKEW = timedelta(minutes=5)
"""How far from our clock the time in an answer to a question of just now may be."""


class TimestampRefused(StrongroomError):
    """An authority's answer does not prove when the checkpoint existed."""


@dataclass(frozen=True)
class TimestampQuestion:
    """A TimeStampReq (RFC 3161 section 2.4.1) in DER, and the nonce that the answer must repeat."""

    der: bytes
    nonce: int


@dataclass(frozen=True)
class Timestamp:
    """A TimeStampResp (DER) that holds, when the authority says that the note existed, and the chain to its root.

    `chain` is PEM: the authority's certificate first, the configured root last.
    """

    response: bytes
    at: datetime
    chain: str


def load_roots(pem: bytes, where: str) -> list[Certificate]:
    """The certificates that timestamps are verified against. Raises Misconfigured."""
    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise Misconfigured(
            "there is no certificate in PEM form here",
            where=where,
            todo="give it the timestamp authority's root certificate",
        ) from error


def timestamp_question(note: bytes) -> TimestampQuestion:
    """Ask that these bytes exist now."""
    request = TimestampRequestBuilder(note, HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
    if request.nonce is None:
        raise AssertionError("a request was built without the nonce it was to have")
    return TimestampQuestion(request.as_bytes(), request.nonce)


def verify_answer(
    response: bytes, question: TimestampQuestion, note: bytes, roots: Sequence[Certificate], now: datetime
) -> Timestamp:
    """The timestamp in the answer to a question of just now: that of `verify_timestamp`, fresh and for this question.

    Raises TimestampRefused.
    """
    answer = _decoded(response)
    timestamp = _verified(answer, response, note, roots)
    if answer.tst_info.nonce != question.nonce:
        raise _refused("the answer is to another question: its nonce is not ours")
    if abs(timestamp.at - now) > MOST_SKEW:
        raise _refused(
            f"the authority's time, {timestamp.at:%Y-%m-%d %H:%M:%S} UTC, is more than "
            f"{MOST_SKEW.total_seconds() / 60:.0f} minutes from ours"
        )
    return timestamp


def verify_timestamp(response: bytes, note: bytes, roots: Sequence[Certificate]) -> Timestamp:
    """The timestamp in a response that was kept: over these bytes, signed below one of the roots, valid at its time.

    Raises TimestampRefused.
    """
    return _verified(_decoded(response), response, note, roots)


def _decoded(response: bytes) -> TimeStampResponse:
    if len(response) > MOST_BYTES:
        raise _refused(f"the answer has more than {MOST_BYTES} bytes")
    try:
        answer = decode_timestamp_response(response)
    except ValueError as error:
        raise _refused("the answer is not a TimeStampResp in DER") from error
    if answer.status != PKIStatus.GRANTED:
        status = PKIStatus(answer.status).name.lower() if answer.status in list(PKIStatus) else str(answer.status)
        said = "; ".join(_plain(text) for text in answer.status_string)
        raise _refused(f"the authority did not grant it: {status}{f' ({said})' if said else ''}")
    return answer


def _verified(answer: TimeStampResponse, response: bytes, note: bytes, roots: Sequence[Certificate]) -> Timestamp:
    try:
        builder = VerifierBuilder(roots=list(roots))
        builder.build().verify_message(answer, note)
        at = answer.tst_info.gen_time
        certificates = [load_der_x509_certificate(der) for der in answer.signed_data.certificates]
        [signer] = answer.signed_data.signer_infos
        leaf = next(
            one for one in certificates if (one.issuer, one.serial_number) == (signer.issuer, signer.serial_number)
        )
    except VerificationError as error:
        # what follows is OpenSSL's stack of errors
        reason = str(error).partition(": ErrorStack")[0]
        raise _refused(f"the answer does not hold: {_plain(reason)}") from error
    except (ValueError, StopIteration) as error:
        raise _refused("the answer holds no token that can be read") from error
    chain = _chain(leaf, [*certificates, *roots])
    return Timestamp(
        response=response,
        at=at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC),
        chain="".join(one.public_bytes(Encoding.PEM).decode() for one in chain),
    )


def _chain(leaf: Certificate, known: Iterable[Certificate]) -> list[Certificate]:
    """From the leaf up to a certificate that nobody known has issued but itself."""
    chain = [leaf]
    candidates = [one for one in known if one != leaf]
    while issuer := next((one for one in candidates if one not in chain and _issued(one, chain[-1])), None):
        chain.append(issuer)
    return chain


def _issued(issuer: Certificate, subject: Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _plain(text: str) -> str:
    """A stranger's text, short and harmless in a log."""
    return re.sub(r"[^\x20-\x7e]", "?", text)[:200]


def _refused(what: str) -> TimestampRefused:
    return TimestampRefused(
        what,
        where="timestamp authority",
        todo="check STRONGROOM_TIMESTAMP_URL, STRONGROOM_TIMESTAMP_ROOTS_FILE and this machine's clock",
    )
