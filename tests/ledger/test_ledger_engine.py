"""One error type, in words, for all that can be wrong with the connection; never a password."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_material import discovered, found
from sqlalchemy import text

from strongroom.errors import Misconfigured
from strongroom.ledger.engine import Engine, LedgerUnreachable, connect, transaction

SECRET = "pl4nted-secret"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "mysql://u:pl4nted-secret@h/d",
        "sqlite:///pl4nted-secret",
        "postgresql+nodriver://u:pl4nted-secret@h/d",
        "postgresql://u:pl4nted-secret@h:port/d",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        connect(url, connect_timeout_s=2)
    assert "STRONGROOM_DATABASE_URL" in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_an_address_in_each_of_its_spellings(engine: Engine, scheme: str) -> None:
    url = engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg2", scheme)
    other = connect(url, connect_timeout_s=5)
    with transaction(other) as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    other.dispose()


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    engine = connect(f"postgresql://user:{SECRET}@/ledger?host={tmp_path}", connect_timeout_s=2)
    with pytest.raises(LedgerUnreachable) as unreachable, transaction(engine):
        pass
    assert "PostgreSQL does not answer" in str(unreachable.value)
    assert unreachable.value.exit_code == 3
    assert SECRET not in str(unreachable.value)
    assert "\n" not in str(unreachable.value)


def test_a_server_that_goes_away_in_a_transaction_commits_nothing_and_is_found_again(engine: Engine) -> None:
    one = found()
    with pytest.raises(LedgerUnreachable), transaction(engine) as connection:
        connection.execute(text("CREATE TEMPORARY TABLE gone (id int)"))
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert len(discovered(engine, one)) == 1


@pytest.fixture
def fresh(engine: Engine) -> Iterator[Engine]:
    """An engine of the same database whose pool has one connection at most: the next transaction has the last one's."""
    own = connect(engine.url.render_as_string(hide_password=False), connect_timeout_s=5)
    yield own
    own.dispose()


def _backend(engine: Engine) -> int:
    with transaction(engine) as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _end_backend(engine: Engine, pid: int) -> None:
    other = connect(engine.url.render_as_string(hide_password=False), connect_timeout_s=5)
    try:
        with transaction(other) as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    finally:
        other.dispose()


def test_a_connection_that_broke_while_it_lay_idle_is_replaced_unseen(
    fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strongroom.ledger.engine._ASKED_AFTER_IDLE_S", 0.0)
    before = _backend(fresh)
    assert _backend(fresh) == before
    _end_backend(fresh, before)
    assert _backend(fresh) != before


def test_a_connection_that_broke_just_after_its_use_fails_one_transaction_in_words(
    fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strongroom.ledger.engine._ASKED_AFTER_IDLE_S", 60.0)
    before = _backend(fresh)
    _end_backend(fresh, before)
    with pytest.raises(LedgerUnreachable):
        _backend(fresh)
    assert _backend(fresh) != before


def test_a_mistake_of_ours_is_not_called_unreachable(engine: Engine) -> None:
    with pytest.raises(Exception, match="no_such_table") as mistake, transaction(engine) as connection:
        connection.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(mistake.value, LedgerUnreachable)


def test_what_raises_is_rolled_back(engine: Engine) -> None:
    with pytest.raises(KeyError), transaction(engine) as connection:
        connection.execute(text("INSERT INTO runs (day, state, cause) VALUES ('2025-05-14', 'enumerating', '')"))
        raise KeyError
    with transaction(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar_one() == 0


def test_a_host_that_vanished_is_noticed_within_a_minute(engine: Engine) -> None:
    """As libpq is told it: by TCP, with which a vanished host can't be tried here."""
    with engine.connect() as connection:
        told = connection.connection.driver_connection.info.dsn_parameters  # type: ignore[union-attr]
    assert int(told["keepalives_idle"]) + int(told["keepalives_interval"]) * int(told["keepalives_count"]) <= 60
    assert int(told["tcp_user_timeout"]) <= 60_000


def test_sessions_run_in_utc(engine: Engine) -> None:
    with transaction(engine) as connection:
        assert connection.execute(text("SHOW timezone")).scalar_one() == "UTC"
