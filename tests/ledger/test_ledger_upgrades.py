"""Between the newest two migrations, with a row in every table: up and down lose nothing that both schemas can hold."""

from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from full_ledger import fill, rows_by_table
from ledger_material import ANNE, archive, capturing, discovered, execute, found, rows
from sqlalchemy import inspect

from strongroom.errors import Misconfigured
from strongroom.ledger import migrate as migrations
from strongroom.ledger.batches import take_for_batch
from strongroom.ledger.due import claim_captured, claim_unindexed
from strongroom.ledger.engine import Engine
from strongroom.ledger.migrate import migrate, migrate_back
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.revision import require_current_schema
from strongroom.ledger.tables import metadata

REVISIONS = [one.revision for one in ScriptDirectory.from_config(migrations._config()).walk_revisions()]
HEAD = REVISIONS[0]


@pytest.mark.parametrize("back_to", REVISIONS[1:3])
def test_a_rollback_and_an_upgrade_again_on_a_full_ledger(engine: Engine, back_to: str) -> None:
    fill(engine)
    before = rows_by_table(engine)
    assert set(before) == {table.name for table in metadata.sorted_tables}
    assert all(before.values()), "a table without a row"

    assert migrate_back(engine, back_to) == (HEAD, back_to)
    with pytest.raises(Misconfigured, match=rf"schema is {back_to}, this version needs {HEAD}"):
        require_current_schema(engine)
    earlier = rows_by_table(engine)
    for name, kept in earlier.items():
        _same_where_both_have_it(name, before[name], kept)

    assert migrate(engine) == (back_to, HEAD)
    require_current_schema(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    again = rows_by_table(engine)
    for name in earlier:
        _same_where_both_have_it(name, earlier[name], again[name])
    assert migrate(engine) == (HEAD, HEAD)


def _same_where_both_have_it(name: str, ones: list[dict[str, object]], others: list[dict[str, object]]) -> None:
    assert len(ones) == len(others), f"rows of {name} were lost"
    for one, other in zip(ones, others, strict=True):
        both = one.keys() & other.keys()
        assert {column: one[column] for column in both} == {column: other[column] for column in both}, name


def test_back_to_what_is_no_earlier_revision_is_refused_and_changes_nothing(engine: Engine) -> None:
    for no_earlier in ("9999", "", "base"):
        with pytest.raises(Misconfigured, match="no revision before it"):
            migrate_back(engine, no_earlier)
    assert migrate_back(engine, REVISIONS[1])[1] == REVISIONS[1]
    with pytest.raises(Misconfigured, match="no revision before it"):
        migrate_back(engine, HEAD)
    migrate(engine)
    assert "alembic_version" in inspect(engine).get_table_names()


def test_amendments_that_took_over_an_instant_of_indexing_are_due_and_no_others(engine: Engine) -> None:
    refs = [ConversationRef(archived_revision(engine), revision) for revision in (1, 2, 2, 2)]
    _, amended, found_later, indexed = refs
    migrate_back(engine, "0014")
    for ref in refs:
        before = "+" if ref is indexed else "-"
        execute(
            engine,
            f"UPDATE conversations SET revision = :revision, indexed_at = state_at {before} interval '1 minute'"
            " WHERE conversation_id = :conversation_id",
            **ref._asdict(),
        )
    execute(
        engine,
        "UPDATE conversations SET state = 'capturing' WHERE conversation_id = :id",
        id=found_later.conversation_id,
    )

    migrate(engine)

    statement = "SELECT conversation_id FROM conversations WHERE indexed_at IS NULL"
    assert {row.conversation_id for row in rows(engine, statement)} == {
        amended.conversation_id,
        found_later.conversation_id,
    }
    assert claim_unindexed(engine, 0, 10) == [amended]


def archived_revision(engine: Engine) -> UUID:
    """A conversation without recordings, archived."""
    ref, _ = capturing(engine)
    archive(engine, ref)
    return ref.conversation_id


def test_what_was_requeued_with_its_decision_goes_on(engine: Engine) -> None:
    """Once it was taken for one that waits in a batch: it is decided on anew, or has its manifest left to write."""
    listed, _ = capturing(engine)
    unlisted, _ = capturing(engine)
    (new,) = discovered(engine, found())
    migrate_back(engine, "0014")
    execute(engine, "UPDATE conversations SET state = 'discovered', cause = 're-queued by ops'")
    execute(
        engine,
        "UPDATE conversations SET awaits = 'listing', batch_id = 1 WHERE conversation_id = :id",
        id=unlisted.conversation_id,
    )

    migrate(engine)

    assert claim_captured(engine, 0, 10) == [listed]
    held = {one.ref: one for one in take_for_batch(engine, ANNE, 10, background=False)}
    assert held.keys() == {unlisted, new}
    assert held[unlisted].decided is None
    assert held[unlisted].awaits is None


def test_what_expired_earlier_is_emptied_as_well(engine: Engine) -> None:
    expired, kept = discovered(engine, found(), found())
    migrate_back(engine, "0015")
    execute(engine, "UPDATE conversations SET names = '{}', record = '{\"participants\": []}'")
    execute(
        engine,
        "UPDATE conversations SET state = 'expired', cause = 'its retention is over' WHERE conversation_id = :id",
        id=expired.conversation_id,
    )

    migrate(engine)

    by_id = {
        row.conversation_id: row for row in rows(engine, "SELECT conversation_id, record, names FROM conversations")
    }
    assert (by_id[expired.conversation_id].record, by_id[expired.conversation_id].names) == ({}, None)
    assert (by_id[kept.conversation_id].record, by_id[kept.conversation_id].names) == ({"participants": []}, {})


def test_each_migration_can_be_taken_back() -> None:
    folder = Path(migrations.__file__).parents[2] / "migrations" / "versions"
    for file in sorted(folder.glob("[0-9]*.py")):
        assert "def downgrade() -> None:\n    pass" not in file.read_text(), file.name
