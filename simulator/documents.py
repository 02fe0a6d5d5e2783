"""The files Genesys makes of text: a ZIP of a chat or a message thread, an EML of an e-mail thread.

A `nonce` other than empty changes the bytes and nothing that is said, as the real ones may at every request.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from simulator.attachments import Attachment, attachments_of
from simulator.conversations import CONTACT_CENTRE_EMAIL
from simulator.draws import generator
from simulator.story import Recording, Story
from simulator.transcripts import Line, chat, lines, messages

_LARGE = b"@@ a large attachment @@"
_LARGE_FROM_BYTES = 1024 * 1024
_BYTES_A_LINE = 57


def zip_of(story: Story, recording: Recording, nonce: str) -> bytes:
    """The transcript as JSON and as text, and what was attached."""
    transcript: list[dict[str, Any]]
    if recording.media == "chat":
        transcript = chat(story, recording)
    else:
        transcript = messages(story, recording, lambda attached: f"attachments/{attached.id}/{attached.name}")
    plain = "".join(
        f"{'Customer' if line.by_customer else 'Agent'}: {line.text}\r\n" for line in lines(story, recording)
    )
    files = {
        "transcript.json": json.dumps(transcript, ensure_ascii=False, indent=1).encode(),
        "transcript.txt": plain.encode(),
    } | {f"attachments/{held.id}/{held.name}": held.data() for held in attachments_of(story, recording)}
    made = datetime.fromtimestamp(recording.end_ms // 1000, UTC)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
        archive.comment = nonce.encode()
    return buffer.getvalue()


@dataclass(frozen=True)
class Eml:
    """An e-mail whose large attachments are made as it is sent: text, attachment, text, …, text."""

    texts: list[bytes]
    large: list[Attachment]

    def size_bytes(self) -> int:
        """Length of the whole."""
        return sum(map(len, self.texts)) + sum(_encoded_size(held.size_bytes) for held in self.large)

    def chunks(self) -> Iterator[bytes]:
        """The e-mail, piece by piece."""
        yield self.texts[0]
        for held, text in zip(self.large, self.texts[1:], strict=True):
            yield from _encoded(held.chunks())
            yield text


def eml_of(story: Story, recording: Recording, nonce: str) -> Eml:
    """The e-mail (RFC 5322); a thread of several is a multipart/mixed of message/rfc822 parts, oldest first."""
    thread = [_email(story, recording, number, line) for number, line in enumerate(lines(story, recording))]
    whole = thread[0]
    if len(thread) > 1:
        whole = _headed(story, recording.id, recording.end_ms, by_customer=True)
        whole["MIME-Version"] = "1.0"
        whole.make_mixed()
        for part in thread:
            whole.attach(_enclosed(part))
    _set_boundaries(whole, generator(story.seed, recording.id, "boundaries", nonce).randrange(10**18))
    large = [held for held in attachments_of(story, recording) if _is_large(held)]
    return Eml(whole.as_bytes(policy=SMTP).split(_LARGE), large)


def _email(story: Story, recording: Recording, number: int, line: Line) -> EmailMessage:
    message = _headed(story, line.id, line.at_ms, by_customer=line.by_customer)
    message.set_content(line.text)
    message.add_alternative(f"<p>{line.text}</p>", subtype="html")
    for attached in attachments_of(story, recording) if number == 0 else []:
        kind, _, subtype = attached.content_type.partition("/")
        filename = _printable(attached.name)
        if not _is_large(attached):
            message.add_attachment(attached.data(), maintype=kind, subtype=subtype, filename=filename)
            continue
        message.add_attachment(_LARGE, maintype=kind, subtype=subtype, filename=filename, cte="7bit")
        *_, placeholder = message.iter_attachments()
        placeholder.replace_header("Content-Transfer-Encoding", "base64")
    return message


def _is_large(attached: Attachment) -> bool:
    return attached.size_bytes >= _LARGE_FROM_BYTES


def _encoded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Base64 in lines of 76 characters (RFC 2045 section 6.8)."""
    held = b""
    for chunk in chunks:
        held += chunk
        ready = len(held) - len(held) % _BYTES_A_LINE
        yield base64.encodebytes(held[:ready]).replace(b"\n", b"\r\n")
        held = held[ready:]
    yield base64.encodebytes(held).replace(b"\n", b"\r\n")


def _encoded_size(size: int) -> int:
    lines_of_it = -(-size // _BYTES_A_LINE)
    return -(-size // 3) * 4 + 2 * lines_of_it


def _printable(text: str) -> str:
    """A header holds no control characters: the vendor leaves them out."""
    return "".join(character for character in text if character.isprintable())


def _headed(story: Story, message_id: str, at_ms: int, *, by_customer: bool) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    ends = (f"<{story.customer.email}>", f"<{CONTACT_CENTRE_EMAIL}>")
    message["From"], message["To"] = ends if by_customer else ends[::-1]
    message["Subject"] = _printable(story.subject)
    message["Date"] = datetime.fromtimestamp(at_ms // 1000, UTC)
    message["Message-ID"] = f"<{message_id}@example-wealth.example>"
    return message


def _enclosed(message: EmailMessage) -> EmailMessage:
    part = EmailMessage(policy=SMTP)
    part.set_content(message)
    return part


def _set_boundaries(message: EmailMessage, first: int) -> None:
    """Left alone, the standard library draws a new boundary each time, and the bytes would not be reproducible."""
    multiparts = (part for part in message.walk() if part.get_content_maintype() == "multipart")
    for number, part in enumerate(multiparts):
        part.set_boundary(f"=_{first:018d}_{number}")
