"""Whose run began to delete a record: a certificate names who carried it out, whoever finished."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("ending_records", sa.Column("begun_by", sa.Text))


def downgrade() -> None:
    op.drop_column("ending_records", "begun_by")
