"""The files Genesys makes of text: a ZIP of a chat or a message thread, an EML of an e-mail thread.

A `nonce` other than empty changes the bytes and nothing that is said, as the real ones may at every request.
"""

import io
import json
import zipfile
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from simulator.attachments import attachments_of
from simulator.conversations import CONTACT_CENTRE_EMAIL
from simulator.draws import generator
from simulator.story import Recording, Story
from simulator.transcripts import Line, chat, lines, messages


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
    } | {f"attachments/{held.id}/{held.name}": held.data for held in attachments_of(story, recording)}
    made = datetime.fromtimestamp(recording.end_ms // 1000, UTC)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
        archive.comment = nonce.encode()
    return buffer.getvalue()


def eml_of(story: Story, recording: Recording, nonce: str) -> bytes:
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
    return whole.as_bytes(policy=SMTP)


def _email(story: Story, recording: Recording, number: int, line: Line) -> EmailMessage:
    message = _headed(story, line.id, line.at_ms, by_customer=line.by_customer)
    message.set_content(line.text)
    message.add_alternative(f"<p>{line.text}</p>", subtype="html")
    for attached in attachments_of(story, recording) if number == 0 else []:
        kind, _, subtype = attached.content_type.partition("/")
        message.add_attachment(attached.data, maintype=kind, subtype=subtype, filename=attached.name)
    return message


def _headed(story: Story, message_id: str, at_ms: int, *, by_customer: bool) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    ends = (f"<{story.customer.email}>", f"<{CONTACT_CENTRE_EMAIL}>")
    message["From"], message["To"] = ends if by_customer else ends[::-1]
    message["Subject"] = story.subject
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
