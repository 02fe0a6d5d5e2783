"""What was written in a chat, a message thread or an e-mail thread, from the recording as Genesys answered it.

Names as in the vendor's SDK: ChatMessage, RecordingMessagingMessage, RecordingEmailMessage.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from strongroom.genesys.fields import objects

_UNSEEN = frozenset({"script", "style", "head", "title", "template"})


def texts(document: object) -> Iterator[str]:
    """Every text of a recording, in order: what was said, subjects, who wrote to whom in an e-mail, names of files."""
    if not isinstance(document, dict):
        return
    for line in objects(document.get("transcript")):
        yield from _strings(line, "body")
    for message in objects(document.get("messagingTranscript")):
        yield from _strings(message, "messageText")
        for attached in objects(message.get("messageMediaAttachments")):
            yield from _strings(attached, "name")
    for email in objects(document.get("emailTranscript")):
        yield from _email(email)


def _email(email: dict[str, Any]) -> Iterator[str]:
    yield from _strings(email, "subject")
    sender = email.get("from")
    for member in ([sender], email.get("to"), email.get("cc"), email.get("bcc")):
        for person in objects(member):
            yield from _strings(person, "name", "email")
    plain = list(_strings(email, "textBody"))
    if any(text.strip() for text in plain):
        yield from plain
    else:
        for html in _strings(email, "htmlBody"):
            yield _shown(html)
    for attached in objects(email.get("attachments")):
        yield from _strings(attached, "name")


def _strings(record: dict[str, Any], *members: str) -> Iterator[str]:
    for member in members:
        value = record.get(member)
        if isinstance(value, str):
            yield value


class _Shown(HTMLParser):
    """The text that a reader of the page sees."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSEEN:
            self._inside.append(tag)
        # words on both sides of a tag are two, except where the tag only dresses a part of one
        self.parts.append("" if tag in ("b", "i", "u", "em", "strong", "span", "font", "a", "mark") else " ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            del self._inside[self._inside.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)


def _shown(html: str) -> str:
    reader = _Shown()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)
