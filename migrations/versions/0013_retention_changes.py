"""Two more acts of custody: a policy is applied to what is archived, and a record's retention changes by it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NEW = ("policy applied", "retention changed")


def upgrade() -> None:
    _acts([*_allowed(), *_NEW])


def downgrade() -> None:
    # what is on the chain stays: the old check holds for what comes
    _acts([act for act in _allowed() if act not in _NEW], validated=False)


def _allowed() -> list[str]:
    """The acts that the check allows by now, in its order: other migrations add to them as well."""
    definition = sa.text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'ck_custody_events_act' AND conrelid = 'custody_events'::regclass"
    )
    found = op.get_bind().execute(definition).scalar_one()
    acts = sa.text("SELECT m[1] FROM regexp_matches(:found, '''([^'']+)''', 'g') AS m")
    return list(op.get_bind().scalars(acts, {"found": found}))


def _acts(acts: list[str], *, validated: bool = True) -> None:
    op.drop_constraint(op.f("ck_custody_events_act"), "custody_events", type_="check")
    listed = ", ".join(f"'{act}'" for act in acts)
    unvalidated = "" if validated else " NOT VALID"
    op.execute(
        f"ALTER TABLE custody_events ADD CONSTRAINT ck_custody_events_act CHECK (act IN ({listed})){unvalidated}"
    )
