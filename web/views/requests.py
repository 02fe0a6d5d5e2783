"""A request as its page shows it: states in words with a tone, the steps it takes, what of it is how far."""

from collections import Counter
from dataclasses import dataclass

from strongroom.legal.requests import Request, RequestedFile
from web.views.titles import title_of
from web.views.wording import counted, plain

STATES = {
    "waiting": ("Waiting for approval", "warn"),
    "preparing": ("Being prepared", "accent"),
    "restoring": ("Being restored", "accent"),
    "verifying": ("Being verified", "accent"),
    "ready": ("Ready", "good"),
    "verified": ("Verified", "good"),
    "damaged": ("Not as archived", "bad"),
    "missing": ("Not there", "bad"),
    "refused": ("Refused", "bad"),
    "cancelled": ("Cancelled", ""),
    "closed": ("Closed", ""),
}
"""Words and tone of the states of requests, of their conversations and of their files."""
_FILE_WAITING = ("Waiting", "accent")


@dataclass(frozen=True)
class Step:
    """`mark` is done, now, bad or nothing for what is to come."""

    words: str
    mark: str


def state_words(state: str) -> tuple[str, str]:
    """Words and tone of a state."""
    return STATES.get(state, (plain(state, 40), ""))


def file_words(state: str) -> tuple[str, str]:
    """Words and tone of a file's state: for a file `waiting` is not for approval."""
    return _FILE_WAITING if state == "waiting" else state_words(state)


def steps(request: Request) -> tuple[Step, ...]:
    """Where the request is on its way, from asking to files."""
    asked = Step("Requested", "done")
    if request.state in {"refused", "cancelled", "closed"}:
        approved = (Step(f"Approved by {request.approver}", "done"),) if request.approved_at else ()
        words, tone = state_words(request.state)
        return (asked, *approved, Step(words, "bad" if tone == "bad" else "done"))
    found: list[Step] = [asked]
    if request.state == "waiting":
        return (
            asked,
            Step("Approval by a second person", "now"),
            Step("Readable in the vault", ""),
            Step("Verified against manifest and log", ""),
        )
    if request.approved_at is not None:
        found.append(Step(f"Approved by {plain(request.approver, 60)}", "done"))
    states = Counter(conversation.state for conversation in request.conversations)
    cold = states["restoring"] + states["preparing"]
    found.append(Step("Readable in the vault", "now" if cold else "done"))
    verified = "bad" if request.state == "damaged" else "done" if request.state == "ready" else "" if cold else "now"
    found.append(Step("Verified against manifest and log", verified))
    found.append(Step("Ready" if request.state != "damaged" else "Some files are not as archived", verified))
    return tuple(found)


def progress(request: Request) -> tuple[int, int, str]:
    """How many of the known files are checked, of how many, and that in words."""
    files = request.files
    checked = sum(file.state != "waiting" for file in files)
    if not files:
        return 0, 0, f"{counted(len(request.conversations), 'interaction')}, whose files are being looked up"
    return checked, len(files), f"{checked:,} of {counted(len(files), 'file')} checked"


def signature(request: Request) -> str:
    """Changes when anything that the page shows of the request's progress does: what the page's script compares."""
    states = Counter(f"{one.state}" for one in request.conversations)
    files = Counter(file.state for file in request.files)
    ready = request.ready_by.isoformat() if request.ready_by else ""
    parts = (
        request.state,
        ready,
        *(f"{name}={number}" for part in (states, files) for name, number in sorted(part.items())),
    )
    return " ".join(parts)


def file_title(file: RequestedFile) -> str:
    """What a file is called on a page."""
    return title_of(file.key, file.part, file.content_type, file.file_name)
