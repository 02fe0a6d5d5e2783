"""The names that ids had on the day a conversation was archived, as they stand beside its record."""

from collections.abc import Mapping
from typing import Any

from web.views.wording import plain

_ROLES = {
    "acd": "Queue",
    "agent": "Agent",
    "user": "Agent",
    "customer": "Customer",
    "external": "Customer",
    "ivr": "Voice menu",
    "voicemail": "Voicemail",
    "botflow": "Bot",
    "workflow": "Workflow",
    "campaign": "Campaign",
    "dialer": "Dialler",
    "outbound": "Outbound",
    "station": "Station",
    "group": "Group",
    "fax": "Fax",
    "api": "API",
}


class Named:
    """Looks names up; an id without one is shown as the id, so that it can still be asked for."""

    def __init__(self, names: Mapping[str, Any] | None) -> None:
        self._names = names or {}

    def queue(self, queue_id: object) -> str:
        """A queue's name."""
        return self._of("queues", queue_id)

    def wrap_up(self, code: object) -> str:
        """A wrap-up code's name."""
        return self._of("wrapUpCodes", code)

    def user(self, user_id: object) -> str:
        """An agent's name."""
        return self._of("users", user_id)

    def division(self, division_id: object) -> str:
        """A division's name."""
        return self._of("divisions", division_id)

    def _of(self, kind: str, one: object) -> str:
        known = self._names.get(kind)
        name = known.get(one) if isinstance(known, Mapping) and isinstance(one, str) else None
        return plain(name if isinstance(name, str) and name.strip() else one, 80)


def role(purpose: object) -> str:
    """A participant's purpose in words; one the vendor added since is shown as it is called there."""
    if not isinstance(purpose, str) or not purpose:
        return "Participant"
    return _ROLES.get(purpose, plain(purpose, 40).capitalize())


_MEDIA = {
    "voice": "Call",
    "audio": "Call",
    "chat": "Chat",
    "message": "Message",
    "email": "E-mail",
    "callback": "Callback",
    "video": "Video",
    "cobrowse": "Co-browsing",
    "screenshare": "Screen share",
    "screen": "Screen",
    "unknown": "Unknown",
}


def medium(media: object) -> str:
    """What Genesys calls a medium, in a word; one the vendor added since is shown as it is called there."""
    return _MEDIA.get(media, plain(media, 40).capitalize()) if isinstance(media, str) and media else "Unknown"
