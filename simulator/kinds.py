"""What courses conversations take, and how recordings turn out."""

from enum import StrEnum


class Kind(StrEnum):
    """The course a conversation takes."""

    VOICE = "voice"
    VOICE_SPLIT = "voice, its recording in two pieces"
    TRANSFER = "voice, transferred between queues"
    CONSULT = "voice with a consult leg"
    OUTBOUND = "outbound voice"
    ABANDONED = "voice, abandoned in the queue"
    IVR_ONLY = "IVR only"
    CALLBACK = "callback"
    CHAT = "chat"
    MESSAGE = "message"
    MESSAGE_ATTACHMENTS = "message with attachments"
    EMAIL = "e-mail"
    EMAIL_ATTACHMENTS = "e-mail with attachments"
    EMAIL_DAYS = "e-mail that lasts days"


class Outcome(StrEnum):
    """How a recording turns out. `archived` needs a restore in Genesys first."""

    AVAILABLE = "available"
    LATE = "late"
    NEVER = "never"
    DELETED = "deleted"
    ERROR = "error"
    ARCHIVED = "archived"
