"""`strongroom metrics`."""

import typer
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from cli.connections import fleet, ledger, settings_of_process
from tasks.exporter import LedgerCollector

EXAMPLE = "Example: strongroom metrics > /var/lib/node_exporter/strongroom.prom"


def metrics() -> None:
    """Print what the ledger and the queues know of the archive, in Prometheus's text format.

    The same as Beat and the desk serve at STRONGROOM_METRICS_PORT; here for node_exporter's textfile collector, or any
    cron job. Of people there is nothing in it: counts and times alone.
    """
    settings = settings_of_process()
    registry = CollectorRegistry()
    with ledger(settings) as engine, fleet(settings) as app:
        registry.register(LedgerCollector(settings, engine, app))
        typer.echo(generate_latest(registry).decode(), nl=False)
