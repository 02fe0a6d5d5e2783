"""What was written in a chat, a message thread or an e-mail thread, in the API's shapes.

Names as in the vendor's SDK: ChatMessage, RecordingMessagingMessage, RecordingEmailMessage.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.attachments import Attachment, attachments_of
from simulator.clock import instant
from simulator.conversations import CONTACT_CENTRE_EMAIL, CONTACT_CENTRE_NUMBER
from simulator.story import Participant, Recording, Story

_ASKED = (
    "Hello, I have a question about my account.",
    "Could you confirm the order I placed this morning?",
    "I am not happy with the fees I was charged – please explain.",
    "Können Sie mir bitte helfen? 🙏",
    "When is my next appointment?",
)
_ANSWERED = (
    "Thank you for getting in touch. Let me look into that.",
    "Your order has been confirmed.",
    "I am sorry to hear that. I have passed it to our complaints team.",
    "Selbstverständlich, gern.",
    "Is there anything else I can do for you?",
)


@dataclass(frozen=True)
class Line:
    """One thing written, by the customer or by the agent. Time in milliseconds since the epoch."""

    id: str
    at_ms: int
    by_customer: bool
    text: str


def lines(story: Story, recording: Recording) -> list[Line]:
    """What was written, in order, customer and agent by turns; the customer begins."""
    written: list[Line] = []
    for number, stretch in enumerate(recording.written()):
        draw = story.generator(recording.id, "lines", *([number] if number else []))
        count = draw.randint(1, 4) if recording.media == "email" else draw.randint(4, 12)
        step = (stretch.end_ms - stretch.start_ms) // (count + 1)
        first = len(written)
        written += [
            Line(
                story.identifier(recording.id, "line", first + place),
                stretch.start_ms + place * step,
                place % 2 == 0,
                draw.choice(_ANSWERED if place % 2 else _ASKED),
            )
            for place in range(count)
        ]
    return written


def chat(story: Story, recording: Recording) -> list[dict[str, Any]]:
    """`transcript` of a chat recording."""
    agent = _agent(story)
    room = f"{story.id}@conference.example-wealth.example"
    return [
        {
            "id": line.id,
            "body": line.text,
            "bodyType": "STANDARD",
            "from": "customer" if line.by_customer else "agent",
            "to": room,
            "chat": room,
            "type": "message",
            "utc": instant(line.at_ms),
            "participantPurpose": "customer" if line.by_customer else "agent",
            **({} if line.by_customer else {"user": {"id": agent.user_id, "name": agent.name}}),
        }
        for line in lines(story, recording)
    ]


def messages(story: Story, recording: Recording, link: Callable[[Attachment], str]) -> list[dict[str, Any]]:
    """`messagingTranscript` of a message recording; what is attached hangs on the first message."""
    agent = _agent(story)
    numbers = (story.customer.phone, CONTACT_CENTRE_NUMBER)
    return [
        {
            "id": line.id,
            "from": numbers[0 if line.by_customer else 1],
            "to": numbers[1 if line.by_customer else 0],
            "timestamp": instant(line.at_ms),
            "purpose": "customer" if line.by_customer else "agent",
            "messageText": line.text,
            **({} if line.by_customer else {"fromUser": {"id": agent.user_id, "name": agent.name}}),
            "messageMediaAttachments": [
                {
                    "id": attached.id,
                    "url": link(attached),
                    "mediaType": attached.content_type,
                    "contentLength": attached.size_bytes,
                    "name": attached.name,
                }
                for attached in (attachments_of(story, recording) if number == 0 else [])
            ],
        }
        for number, line in enumerate(lines(story, recording))
    ]


def emails(story: Story, recording: Recording, link: Callable[[Attachment], str]) -> list[dict[str, Any]]:
    """`emailTranscript` of an e-mail recording; what is attached hangs on the first e-mail."""
    customer = {"email": story.customer.email, "name": story.customer.name}
    centre = {"email": CONTACT_CENTRE_EMAIL, "name": "Example Wealth"}
    return [
        {
            "id": line.id,
            "from": customer if line.by_customer else centre,
            "to": [centre if line.by_customer else customer],
            "cc": [],
            "bcc": [],
            "subject": story.subject,
            "textBody": line.text,
            "htmlBody": f"<p>{line.text}</p>",
            "time": instant(line.at_ms),
            "attachments": [
                {
                    "attachmentId": attached.id,
                    "name": attached.name,
                    "contentPath": link(attached),
                    "contentType": attached.content_type,
                    "contentLength": attached.size_bytes,
                }
                for attached in (attachments_of(story, recording) if number == 0 else [])
            ],
        }
        for number, line in enumerate(lines(story, recording))
    ]


def _agent(story: Story) -> Participant:
    return next(who for who in story.participants if who.purpose == "agent")
