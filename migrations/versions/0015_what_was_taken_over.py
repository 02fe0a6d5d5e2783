"""Two columns that a revision took over and should not have: no schema changes, what went by them is due again.

An amendment had its predecessor's `indexed_at` and was never put into the search. A conversation that was re-queued
before its recordings were known kept its decision, and was taken for one that waits in a batch.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    # a revision is indexed after it was archived; to be indexed once more changes nothing
    op.execute(
        "UPDATE conversations SET indexed_at = NULL"
        " WHERE revision > 1 AND state IN ('capturing', 'review', 'archived') AND indexed_at < state_at"
    )
    # of what was listed a manifest may stand already: it goes on there
    op.execute(
        "UPDATE conversations SET state = 'capturing' WHERE state = 'discovered' AND retention_class IS NOT NULL"
        " AND awaits IS NULL AND cause LIKE 're-queued by %'"
    )
    op.execute(
        "UPDATE conversations SET retention_class = NULL, lock_mode = NULL, retain_until = NULL, policy_version = NULL,"
        " decision = NULL, awaits = NULL, batch_id = NULL"
        " WHERE state = 'discovered' AND retention_class IS NOT NULL AND cause LIKE 're-queued by %'"
    )


def downgrade() -> None:
    """The schema is the same, and what was set right stays so."""
