"""All of the ledger's tables in one `metadata`, for Alembic and the tests."""

from strongroom.ledger import (
    evidence_schema,
    operations_schema,
    people_schema,
    request_schema,
    restore_schema,
    schema,
    search_schema,
)
from strongroom.ledger.columns import metadata

__all__ = [
    "evidence_schema",
    "metadata",
    "operations_schema",
    "people_schema",
    "request_schema",
    "restore_schema",
    "schema",
    "search_schema",
]
