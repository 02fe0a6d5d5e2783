"""What can go wrong between Strongroom and Genesys Cloud.

No text here holds a link, a token, a secret or anything a person wrote: only statuses, the vendor's codes and
correlation ids, paths, ids and counts.
"""

from strongroom.errors import Misconfigured, StrongroomError, Unreachable


class GenesysUnreachable(Unreachable):
    """No connection to Genesys Cloud or to its media store, or no answer in time."""


class GenesysUnavailable(StrongroomError):
    """Genesys Cloud answered 5xx as long as there was patience to ask again."""

    exit_code = 3


class RateLimited(StrongroomError):
    """The OAuth client's requests for this minute are used up, and waiting here would take too long.

    `retry_after_s` is when the window opens again, in seconds from now.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str, todo: str, retry_after_s: float) -> None:
        super().__init__(what, where=where, todo=todo)
        self.retry_after_s = retry_after_s


class GenesysRefused(StrongroomError):
    """Genesys Cloud understood the request and said no (4xx); `status` is the HTTP status."""

    def __init__(self, what: str, *, where: str, todo: str, status: int) -> None:
        super().__init__(what, where=where, todo=todo)
        self.status = status


class NotFound(GenesysRefused):
    """What was asked for is not there, or is not there for this OAuth client (404, 410)."""


class CredentialsRefused(GenesysRefused, Misconfigured):
    """The login server knows no such OAuth client, or the API takes none of its tokens (401)."""


class PermissionMissing(GenesysRefused, Misconfigured):
    """The OAuth client's role may not do this (403); the text names the permission."""


class GenesysAnswerInvalid(StrongroomError):
    """An answer, or a part of one, is not what the API promises."""


class TooManyConversations(StrongroomError):
    """One query may return at most 100,000 conversations; this day has about as many, or more."""


class NotReady(StrongroomError):
    """The recording is still being processed or restored.

    `estimate_s` is how long Genesys Cloud says it will take, in seconds; None when it doesn't say. `restoring`: it
    comes back from Genesys's own archive, which takes hours.
    """

    def __init__(self, what: str, *, where: str, todo: str, estimate_s: float | None, restoring: bool = False) -> None:
        super().__init__(what, where=where, todo=todo)
        self.estimate_s = estimate_s
        self.restoring = restoring


class MediaDamaged(StrongroomError):
    """Media came short, overlong or broken; the same recording may be asked for again."""


class MediaTooLarge(StrongroomError):
    """Media is larger than this process is willing to take."""


class LinkExpired(StrongroomError):
    """A pre-signed media link is no longer honoured; ask for the recording again to get a fresh one."""
