"""What Amazon S3 refuses and the stand-in accepts: the rules of Object Lock (S3 User Guide, "Locking objects")."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

MODE_HEADER = "x-amz-object-lock-mode"
DATE_HEADER = "x-amz-object-lock-retain-until-date"


@dataclass(frozen=True)
class Refused(Exception):
    """An error answer, as S3 would give it."""

    status: int
    code: str
    message: str

    def xml(self) -> bytes:
        """The body of the answer."""
        return f"<?xml version='1.0'?><Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>".encode()


@dataclass(frozen=True)
class LockAsked:
    """A mode and a date as a request gives them or a version has them; None is absent."""

    mode: str | None
    until: datetime | None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> "LockAsked":
        """Read the lock headers of a request or an answer."""
        return cls(headers.get(MODE_HEADER), _instant(headers.get(DATE_HEADER)))

    @classmethod
    def from_xml(cls, body: bytes) -> "LockAsked":
        """Read the body of PutObjectRetention."""
        values = {element.tag.rpartition("}")[2]: element.text for element in ElementTree.fromstring(body)}
        return cls(values.get("Mode"), _instant(values.get("RetainUntilDate")))


def refuse_malformed(asked: LockAsked) -> None:
    """Raise Refused for a mode without a date, a date without a mode, and a date in the past."""
    if (asked.mode is None) != (asked.until is None):
        raise Refused(400, "InvalidArgument", "mode and retain until date must both be given")
    if asked.until is not None and asked.until <= datetime.now(UTC):
        raise Refused(400, "InvalidArgument", "the retain until date must be in the future")


def refuse_loosening(asked: LockAsked, standing: LockAsked, bypass_governance: bool) -> None:
    """Raise Refused when a lock that still holds would be shortened or its mode changed without the right to."""
    if standing.until is None or standing.until <= datetime.now(UTC):
        return
    shortened = asked.until is None or asked.until < standing.until
    loosened = shortened or asked.mode != standing.mode
    if loosened and not (standing.mode == "GOVERNANCE" and bypass_governance):
        raise Refused(403, "AccessDenied", "the object is locked")


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
