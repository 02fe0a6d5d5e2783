"""What the ledger's tables have in common: one `metadata`, and the columns of a state and of work to be done."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Integer, MetaData, Text, false, func

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The SQL of a check that a column holds one of these words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def state(states: tuple[str, ...]) -> tuple[Column[object], ...]:
    """The state of a row, since when, and the cause of the last change in words."""
    return (
        Column("state", Text, CheckConstraint(one_of("state", states), name="state"), nullable=False),
        Column("state_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("cause", Text, nullable=False),
    )


def work() -> tuple[Column[object], ...]:
    """For sweeper and lease: when it is due, when a message was last sent, who holds it until when."""
    return (
        Column("first_seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("enqueued_at", DateTime(timezone=True)),
        Column("lease_owner", Text),
        Column("lease_until", DateTime(timezone=True)),
        Column("attempts", Integer, nullable=False, server_default="0"),
    )


def background() -> Column[bool]:
    """Whether a back-fill opened the row: it is worked on when nothing of a night or of Legal waits."""
    return Column("background", Boolean, nullable=False, server_default=false())
