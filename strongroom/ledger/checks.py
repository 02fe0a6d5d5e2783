"""What was checked, when, and what was found: for the operator's status and for metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, and_, cast, func, insert, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.evidence_schema import checks

EVERYTHING = "all"
A_SAMPLE = "sample"
A_SHARE = "a share"
"""Of a night's hashing: those that were hashed longest ago."""
_KEPT_FINDINGS = 1_000
# the ledger's JSON of a finding about an object, and not about the bucket, its key or its endpoint
_ABOUT_AN_OBJECT = r'"where":"s3://[^/"]+/[^"]'


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


def unanswered_checks(engine: Engine) -> list[Check]:
    """Of each kind and scope the last check that found something, where no clean one followed that covers as much.

    One of everything does, or one of the same scope. Not so of a sample, which looks at other objects each time: only
    what it finds of the bucket itself is looked for each time.
    """
    columns = [checks.c[name] for name in Check.__dataclass_fields__]
    later, next_one = checks.alias(), checks.alias()
    covers = or_(later.c.scope == EVERYTHING, and_(later.c.scope == checks.c.scope, checks.c.scope != A_SAMPLE))
    answered = select(later.c.check_id).where(
        later.c.kind == checks.c.kind,
        later.c.ended_at > checks.c.ended_at,
        func.json_array_length(later.c.findings) == 0,
        covers,
    )
    another = select(next_one.c.check_id).where(
        next_one.c.kind == checks.c.kind, next_one.c.scope == checks.c.scope, next_one.c.ended_at > checks.c.ended_at
    )
    about_an_object = cast(checks.c.findings, Text).regexp_match(_ABOUT_AN_OBJECT)
    statement = (
        select(*columns)
        .ext(distinct_on(checks.c.kind, checks.c.scope))
        .where(
            func.json_array_length(checks.c.findings) > 0,
            ~answered.exists(),
            or_(checks.c.scope != A_SAMPLE, about_an_object, ~another.exists()),
        )
        .order_by(checks.c.kind, checks.c.scope, checks.c.ended_at.desc())
    )
    with transaction(engine) as connection:
        return [Check(*row) for row in connection.execute(statement)]


def finding_kind(finding: Mapping[str, Any]) -> str:
    """What a finding is counted under: the vault's checks give a kind, a verification the promise that is broken."""
    return str(finding.get("kind") or finding.get("breaks") or "something")
