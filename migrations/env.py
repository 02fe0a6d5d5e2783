"""Alembic's entry: it runs on the connection that `strongroom migrate` hands it, inside that transaction."""

from alembic import context

from strongroom.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
