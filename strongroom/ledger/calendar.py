"""Days at a glance: how each stands, for a calendar; one statement each for all of them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import sealed_days
from strongroom.ledger.review import review_counts
from strongroom.ledger.schema import OPEN_CONVERSATION_STATES, conversations, runs


@dataclass(frozen=True)
class DayAtAGlance:
    """`run_state` is the latest run's, None: there was none. `conversations` are by state."""

    day: date
    run_state: str | None
    sealed: bool
    review: int
    conversations: dict[str, int] = field(default_factory=dict)

    @property
    def archived(self) -> int:
        """How many revisions are archived."""
        return self.conversations.get("archived", 0)

    @property
    def under_way(self) -> int:
        """How many are not finished."""
        return sum(self.conversations.get(state, 0) for state in OPEN_CONVERSATION_STATES)


def days_at_a_glance(engine: Engine, first: date, last: date) -> dict[date, DayAtAGlance]:
    """The days from first to last, both included, that the ledger knows anything of."""
    review = review_counts(engine, first, last)
    with transaction(engine) as connection:
        states = dict(
            connection.execute(
                select(runs.c.day, runs.c.state).where(runs.c.day.between(first, last)).order_by(runs.c.run_id)
            ).all()
        )
        sealed = set(connection.scalars(select(sealed_days.c.day).where(sealed_days.c.day.between(first, last))))
        counted: defaultdict[date, dict[str, int]] = defaultdict(dict)
        for day, state, number in connection.execute(
            select(conversations.c.day, conversations.c.state, func.count())
            .where(conversations.c.day.between(first, last))
            .group_by(conversations.c.day, conversations.c.state)
        ):
            counted[day][state] = number
    known = set(states) | set(counted)
    return {
        day: DayAtAGlance(day, states.get(day), day in sealed, review.get(day, 0), counted.get(day, {}))
        for day in sorted(known)
    }
