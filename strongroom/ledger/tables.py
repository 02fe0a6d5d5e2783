"""All of the ledger's tables in one `metadata`, for Alembic and the tests."""

from strongroom.ledger import (
    backfill_schema,
    batch_schema,
    ending_schema,
    evidence_schema,
    hold_schema,
    operations_schema,
    people_schema,
    recount_schema,
    request_schema,
    restore_schema,
    schema,
    search_schema,
)
from strongroom.ledger.columns import metadata

__all__ = [
    "backfill_schema",
    "batch_schema",
    "ending_schema",
    "evidence_schema",
    "hold_schema",
    "metadata",
    "operations_schema",
    "people_schema",
    "recount_schema",
    "request_schema",
    "restore_schema",
    "schema",
    "search_schema",
]
