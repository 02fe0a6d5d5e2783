"""What a command connects to, from the environment; closed when the command ends."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from config.environment import load_settings
from config.settings import Settings
from strongroom.ledger.engine import Engine, connect
from strongroom.ledger.revision import require_current_schema
from tasks.fleet import Fleet


def settings_of_process() -> Settings:
    """The settings, as the environment gives them. Raises SettingsInvalid."""
    return load_settings(os.environ)


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """The database, whatever its schema is; no connection is made yet. Raises Misconfigured."""
    engine = connect(settings.database_url.get_secret_value(), connect_timeout_s=settings.connect_timeout_s)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def ledger(settings: Settings) -> Iterator[Engine]:
    """The ledger, in this version's schema. Raises Misconfigured when it isn't, and LedgerUnreachable."""
    with database(settings) as engine:
        require_current_schema(engine)
        yield engine


@contextmanager
def fleet(settings: Settings) -> Iterator[Fleet]:
    """The way to the workers; no connection is made yet."""
    with closing(Fleet(settings)) as app:
        yield app
