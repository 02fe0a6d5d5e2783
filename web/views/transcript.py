"""What was written: chats, message threads and e-mails, from the recording that Genesys gave for them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from web.views.names import role
from web.views.timeline import instant_of, members
from web.views.wording import plain, prose

_CUSTOMERS = frozenset({"customer", "external"})


@dataclass(frozen=True)
class Attached:
    """A file that was sent along, as the transcript names it. `size_bytes` is None where it doesn't say."""

    name: str
    content_type: str
    size_bytes: int | None


@dataclass(frozen=True)
class Line:
    """One message of a chat or a thread. `by_customer`: on the customer's side. `at`: None where it doesn't say."""

    at: datetime | None
    who: str
    by_customer: bool
    text: str
    attached: tuple[Attached, ...]


@dataclass(frozen=True)
class Mail:
    """One e-mail of a thread. `html` is as it was received: it is sanitised where it is served, and nowhere else."""

    number: int
    at: datetime | None
    sender: str
    to: str
    cc: str
    bcc: str
    subject: str
    text: str
    html: str | None
    attached: tuple[Attached, ...]


@dataclass(frozen=True)
class Transcript:
    """A chat or thread (`lines`), or an e-mail thread (`mails`). Neither: nothing was written in it."""

    lines: tuple[Line, ...] = ()
    mails: tuple[Mail, ...] = ()


def read_transcript(body: bytes) -> Transcript | None:
    """The transcript in a recording as archived, or None when these bytes are no such recording."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("emailTranscript"), list):
        return Transcript(mails=tuple(_mails(document)))
    if isinstance(document.get("messagingTranscript"), list):
        return Transcript(lines=tuple(map(_message, members(document, "messagingTranscript"))))
    if isinstance(document.get("transcript"), list):
        return Transcript(lines=tuple(map(_chat_line, members(document, "transcript"))))
    return None


def _chat_line(line: Mapping[str, Any]) -> Line:
    purpose = line.get("participantPurpose")
    return Line(
        at=instant_of(line.get("utc")),
        who=_person(line.get("user")) or _text(line.get("from")) or role(purpose),
        by_customer=purpose in _CUSTOMERS if isinstance(purpose, str) else line.get("from") == "customer",
        text=prose(line.get("body") or ""),
        attached=(),
    )


def _message(line: Mapping[str, Any]) -> Line:
    purpose = line.get("purpose")
    return Line(
        at=instant_of(line.get("timestamp")),
        who=_person(line.get("fromUser")) or _text(line.get("from")) or role(purpose),
        by_customer=purpose in _CUSTOMERS,
        text=prose(line.get("messageText") or ""),
        attached=tuple(_attached(line, "messageMediaAttachments", "mediaType")),
    )


def _mails(document: Mapping[str, Any]) -> Iterator[Mail]:
    for number, mail in enumerate(members(document, "emailTranscript")):
        html = mail.get("htmlBody")
        yield Mail(
            number=number,
            at=instant_of(mail.get("time")),
            sender=_address(mail.get("from")),
            to=_addresses(mail, "to"),
            cc=_addresses(mail, "cc"),
            bcc=_addresses(mail, "bcc"),
            subject=plain(mail.get("subject") or "(no subject)", 500),
            text=prose(mail.get("textBody") or ""),
            html=html if isinstance(html, str) and html.strip() else None,
            attached=tuple(_attached(mail, "attachments", "contentType")),
        )


def _attached(parent: Mapping[str, Any], name: str, type_member: str) -> Iterator[Attached]:
    for item in members(parent, name):
        length = item.get("contentLength")
        yield Attached(
            name=_text(item.get("name")) or "unnamed",
            content_type=_text(item.get(type_member)) or "unknown type",
            size_bytes=length if isinstance(length, int) and not isinstance(length, bool) and length >= 0 else None,
        )


def _addresses(mail: Mapping[str, Any], name: str) -> str:
    return ", ".join(_address(one) for one in members(mail, name))


def _address(one: object) -> str:
    if not isinstance(one, dict):
        return "unknown"
    name, email = _text(one.get("name")), _text(one.get("email"))
    return f"{name} <{email}>" if name and email else name or email or "unknown"


def _person(user: object) -> str:
    return _text(user.get("name")) if isinstance(user, dict) else ""


def _text(value: object) -> str:
    return plain(value, 200) if isinstance(value, str) else ""
