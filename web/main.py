"""`uvicorn web.main:app …`: the desk's process, from the environment alone."""

import logging
import os
import sys

from fastapi import FastAPI

from config.environment import SettingsInvalid, load_settings
from config.logs import configure_logs
from strongroom.errors import StrongroomError
from strongroom.house import require_ready_without_putting
from strongroom.ledger.revision import require_current_schema
from strongroom.vault.fitness import require_there
from tasks.exporter import Check, Exporter, LedgerCollector, registry_of_process
from tasks.fleet import Fleet
from web.app import create_app


def _app() -> FastAPI:
    try:
        settings = load_settings(os.environ)
        _configure_logs()
        fleet = Fleet(settings)
        house = fleet.house
        # it reads records and asks for restores: what the restores' workers need is what it needs
        require_ready_without_putting(house)
        _serve_metrics(fleet)
        app = create_app(house, fleet)
        if settings.traces_endpoint is not None:
            # here, so that whoever traces nothing loads nothing for it
            from web import traced  # noqa: PLC0415

            traced.attach(app, fleet, settings.traces_endpoint)
        return app
    except (SettingsInvalid, StrongroomError) as error:
        print(f"strongroom: {error}", file=sys.stderr)  # noqa: T201  # an operator's one line
        raise SystemExit(error.exit_code) from None


def _serve_metrics(fleet: Fleet) -> None:
    # beside the desk, never on its port: what people reach tells nothing of the archive's numbers
    settings = fleet.settings
    if settings.metrics_port is None:
        return
    engine, store = fleet.house.engine, fleet.house.store
    ready: dict[str, Check] = {
        "ledger": lambda: require_current_schema(engine),
        "store": lambda: require_there(store),
    }
    registry = registry_of_process(LedgerCollector(settings, engine, fleet))
    Exporter(registry, {}, ready).start(settings.metrics_host, settings.metrics_port)


def _configure_logs() -> None:
    configure_logs()
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # its lines hold paths and queries, which hold links, numbers and names; ours are in web/middleware.py
    logging.getLogger("uvicorn.access").disabled = True


app = _app()
