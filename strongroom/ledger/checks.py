"""What was checked, when, and what was found: for the operator's status and for metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import checks

_KEPT_FINDINGS = 1_000


@dataclass(frozen=True)
class Check:
    """One check of a kind. `findings` are as they were told, at most a thousand of `found`."""

    kind: str
    scope: str
    began_at: datetime
    ended_at: datetime
    examined: int
    findings: Sequence[Mapping[str, Any]]


def record_check(
    engine: Engine, kind: str, scope: str, began_at: datetime, examined: int, findings: Sequence[Mapping[str, Any]]
) -> None:
    """Record a check that has ended now. Of more than a thousand findings the first thousand are kept."""
    values = {
        "kind": kind,
        "scope": scope,
        "began_at": began_at,
        "ended_at": func.clock_timestamp(),
        "examined": examined,
        "findings": list(findings[:_KEPT_FINDINGS]),
    }
    with transaction(engine) as connection:
        connection.execute(insert(checks).values(**values))


def latest_checks(engine: Engine) -> list[Check]:
    """The latest check of each kind and scope."""
    columns = [checks.c[name] for name in Check.__dataclass_fields__]
    statement = (
        select(*columns)
        .ext(distinct_on(checks.c.kind, checks.c.scope))
        .order_by(checks.c.kind, checks.c.scope, checks.c.ended_at.desc())
    )
    with transaction(engine) as connection:
        return [Check(*row) for row in connection.execute(statement)]
