"""What a database role must be allowed: asked of PostgreSQL, nothing is tried."""

from sqlalchemy import func, select

from strongroom.ledger.columns import metadata
from strongroom.ledger.engine import Engine, transaction

_NEEDED = ("SELECT", "INSERT", "UPDATE", "DELETE")
_ONLY_GROWING = frozenset({"custody_events"})
"""A trigger refuses more there, so a careful DBA need not grant it."""


def missing_privileges(engine: Engine) -> list[str]:
    """What the role may not do, as `UPDATE conversations`; empty when all is well. Raises LedgerUnreachable."""
    needed = [
        (table.name, privilege)
        for table in metadata.sorted_tables
        for privilege in (_NEEDED[:2] if table.name in _ONLY_GROWING else _NEEDED)
    ]
    with transaction(engine) as connection:
        may = [func.has_table_privilege(table, privilege) for table, privilege in needed]
        allowed = connection.execute(select(*may)).one()
    return [f"{privilege} {table}" for (table, privilege), yes in zip(needed, allowed, strict=True) if not yes]
