"""How the Legal desk's requests stand, counted: for metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.request_schema import REQUEST_STATES, request_files, requests


@dataclass(frozen=True)
class RequestCounts:
    """`overdue` requests are still prepared after Legal had to have their files. `not_handed_over` files, of requests
    that are not closed, are damaged or missing: each is an alarm.
    """

    by_state: Mapping[str, int]
    overdue: int
    not_handed_over: int


def count_requests(engine: Engine) -> RequestCounts:
    """Count them now. Raises LedgerUnreachable."""
    overdue = select(func.count()).where(
        requests.c.state.in_(("waiting", "preparing")), requests.c.needed_by < func.clock_timestamp()
    )
    bad = (
        select(func.count())
        .join_from(request_files, requests, request_files.c.request_id == requests.c.request_id)
        .where(request_files.c.state.in_(("damaged", "missing")), requests.c.state != "closed")
    )
    with transaction(engine) as connection:
        states = connection.execute(select(requests.c.state, func.count()).group_by(requests.c.state)).all()
        found: dict[str, int] = dict(states)
        return RequestCounts(
            by_state={state: found.get(state, 0) for state in REQUEST_STATES},
            overdue=connection.execute(overdue).scalar_one(),
            not_handed_over=connection.execute(bad).scalar_one(),
        )
