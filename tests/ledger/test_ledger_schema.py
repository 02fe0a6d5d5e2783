"""The migrations make exactly the schema the code is written for, and can be taken back and applied again."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ledger_material import ANNE, DAY, archive, capturing, discovered, execute, found, rows, settle
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from strongroom.errors import Misconfigured
from strongroom.ledger import migrate as migrations
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.migrate import migrate
from strongroom.ledger.recordings import take_recording
from strongroom.ledger.revision import known_revisions, require_current_schema
from strongroom.ledger.runs import open_run
from strongroom.ledger.tables import metadata

HEAD = ScriptDirectory.from_config(migrations._config()).get_current_head()


def _downgrade(engine: Engine, revision: str) -> None:
    config: Config = migrations._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_each_migrations_file_is_named_after_its_revision() -> None:
    """So that the order is known without loading Alembic."""
    scripts = ScriptDirectory.from_config(migrations._config())
    assert known_revisions() == [one.revision for one in scripts.walk_revisions()][::-1]


def test_migrations_make_the_schema_of_the_code(engine: Engine) -> None:
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_make_the_check_constraints_of_the_code(engine: Engine) -> None:
    """Alembic's comparison leaves check constraints out: a copy made from the code alone must have the same ones."""
    definitions = (
        "SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)"
        " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE contype = 'c'"
    )
    migrated = {tuple(row) for row in rows(engine, f"{definitions} AND connamespace = 'public'::regnamespace")}
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA made_from_code")
        connection.exec_driver_sql("SET LOCAL search_path TO made_from_code")
        metadata.create_all(connection)
        made = connection.exec_driver_sql(f"{definitions} AND connamespace = 'made_from_code'::regnamespace")
        assert {tuple(row) for row in made} == migrated
    assert {table for table, _, _ in migrated} == {table.name for table in metadata.sorted_tables}


def test_the_database_itself_refuses_an_unknown_state_and_a_hash_that_is_none(engine: Engine) -> None:
    capturing(engine, "a")
    for statement in (
        "UPDATE conversations SET state = 'lost'",
        "UPDATE recordings SET state = 'archived'",
        "INSERT INTO intents (conversation_id, revision, part, key, size_bytes, sha256, content_type, lock_mode,"
        " retain_until, metadata) SELECT conversation_id, revision, 'p', 'k', 1, 'ABC', 't', 'COMPLIANCE', now(), '{}'"
        " FROM conversations",
    ):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_down_and_up_again_on_a_full_ledger(engine: Engine) -> None:
    ref, (recording,) = capturing(engine, "a")
    settle(engine, recording)
    archive(engine, ref)
    open_run(engine, DAY, "asked for")

    _downgrade(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]

    assert migrate(engine) == (None, HEAD)
    assert len(discovered(engine, found())) == 1


def test_the_second_migration_runs_on_a_full_ledger_and_back(engine: Engine) -> None:
    _, (recording,) = capturing(engine, "a")
    execute(
        engine,
        "INSERT INTO intents (conversation_id, revision, part, key, size_bytes, sha256, content_type, lock_mode,"
        " retain_until, metadata, file_name) SELECT conversation_id, revision, 'p', 'k', 1, :sha256, 't', 'COMPLIANCE',"
        """ now(), '{}', '"a.pdf"' FROM conversations""",
        sha256="a" * 64,
    )
    _downgrade(engine, "0001")
    assert rows(engine, "SELECT file_name FROM intents") == [("a.pdf",)]
    assert migrate(engine) == ("0001", HEAD)
    assert rows(engine, "SELECT file_name FROM intents") == [("a.pdf",)]
    assert take_recording(engine, recording, ANNE) is not None


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    engine = connect(database_url, connect_timeout_s=5)
    try:
        before, after = migrate(engine)
        assert before is None
        discovered(engine, found())
        assert migrate(engine) == (after, after)
        assert len(rows(engine, "SELECT 1 FROM conversations")) == 1
    finally:
        engine.dispose()


def test_a_database_that_was_not_migrated_is_refused(database_url: str) -> None:
    engine = connect(database_url, connect_timeout_s=5)
    try:
        with pytest.raises(Misconfigured, match=r"schema is empty.*run: strongroom migrate"):
            require_current_schema(engine)
        migrate(engine)
        require_current_schema(engine)
    finally:
        engine.dispose()
