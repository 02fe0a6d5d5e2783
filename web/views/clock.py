"""The clock of a request: how long until it is due, and whether what is still to be restored comes in time."""

from dataclasses import dataclass
from datetime import datetime

from web.views.wording import duration

_SOON_S = 3600
_OVER = frozenset({"ready", "refused", "cancelled", "closed"})


@dataclass(frozen=True)
class Clock:
    """`tone` is calm, soon, late or over; `words` say it; `running`: the page counts on."""

    due_at: datetime
    tone: str
    words: str
    running: bool


def clock(due_at: datetime, state: str, state_at: datetime, ready_by: datetime | None, now: datetime) -> Clock:
    """The clock of a request in this state, which it has been in since `state_at`, as it stands `now`."""
    left_s = (due_at - now).total_seconds()
    if state == "ready":
        early_s = (due_at - state_at).total_seconds()
        words = f"Ready {duration(early_s)} before it was due" if early_s >= 0 else f"Ready {duration(-early_s)} late"
        return Clock(due_at, "over" if early_s >= 0 else "late", words, running=False)
    if state in _OVER:
        return Clock(due_at, "over", f"The clock was stopped: {state}", running=False)
    if left_s < 0:
        return Clock(due_at, "late", f"{duration(-left_s)} overdue", running=True)
    in_time = ready_by is None or ready_by <= due_at
    tone = "calm" if left_s > _SOON_S and in_time else "soon"
    return Clock(due_at, tone, f"{duration(left_s)} left", running=True)
