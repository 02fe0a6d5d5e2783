"""Workers that were told to take no more: which queues each takes otherwise, so that it can be undone."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.leases import LEASED
from strongroom.ledger.operations_schema import drained_workers


def record_drained(engine: Engine, queues_of: Mapping[str, Sequence[str]]) -> None:
    """Write down what each worker takes, before it is told to stop. One that takes nothing by now stays as written."""
    rows = [{"node": node, "queues": sorted(queues)} for node, queues in queues_of.items() if queues]
    if not rows:
        return
    statement = postgresql_insert(drained_workers).values(rows)
    statement = statement.on_conflict_do_update(
        index_elements=[drained_workers.c.node],
        set_={"queues": statement.excluded.queues, "drained_at": func.clock_timestamp()},
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def drained(engine: Engine) -> dict[str, list[str]]:
    """The workers that were drained, and what each is to take again. A worker that was restarted since takes it."""
    with transaction(engine) as connection:
        rows = connection.execute(select(drained_workers.c.node, drained_workers.c.queues)).all()
    return {row.node: list(row.queues) for row in rows}


def forget_drained(engine: Engine, nodes: Sequence[str]) -> None:
    """These take messages again."""
    with transaction(engine) as connection:
        connection.execute(delete(drained_workers).where(drained_workers.c.node.in_(nodes)))


def leases_held(engine: Engine) -> int:
    """How many rows some process holds just now, by the database's clock."""
    held = 0
    with transaction(engine) as connection:
        for table in LEASED:
            statement = select(func.count()).where(table.c.lease_until > func.clock_timestamp())
            held += connection.execute(statement).scalar_one()
    return held
