"""`strongroom metrics`."""

from collections import Counter

import typer
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from cli.connections import ledger, settings_of_process
from strongroom.ledger.checks import Check, latest_checks
from strongroom.ledger.request_counts import RequestCounts, count_requests

EXAMPLE = "Example: strongroom metrics > /var/lib/node_exporter/strongroom.prom"


def metrics() -> None:
    """Print what the ledger knows of the last checks and of Legal's requests, in Prometheus's text format.

    For node_exporter's textfile collector, or any cron job. No id and no name is in it: counts and times alone.
    """
    with ledger(settings_of_process()) as engine:
        registry = _registry(latest_checks(engine))
        _add_requests(registry, count_requests(engine))
    typer.echo(generate_latest(registry).decode(), nl=False)


def _registry(checks: list[Check]) -> CollectorRegistry:
    registry = CollectorRegistry()
    labels = ("kind", "scope")
    ended = Gauge(
        "strongroom_check_ended_timestamp_seconds",
        "When the latest check ended (Unix time).",
        labels,
        registry=registry,
    )
    examined = Gauge(
        "strongroom_check_examined", "How many objects the latest check looked at.", labels, registry=registry
    )
    findings = Gauge(
        "strongroom_check_findings", "What the latest check found.", (*labels, "finding"), registry=registry
    )
    for check in checks:
        # a check of one conversation or day is somebody's question, not a state of the archive
        if check.scope not in {"all", "sample", "a share"}:
            continue
        of = (check.kind, check.scope)
        ended.labels(*of).set(check.ended_at.timestamp())
        examined.labels(*of).set(check.examined)
        # a check that found nothing says so, under no name: an alert must tell it from a check that never ran
        findings.labels(*of, "").set(0)
        for kind, number in Counter(str(finding.get("kind", "")) for finding in check.findings).items():
            findings.labels(*of, kind).set(number)
    return registry


def _add_requests(registry: CollectorRegistry, counts: RequestCounts) -> None:
    by_state = Gauge("strongroom_requests", "Requests of the Legal desk by state.", ("state",), registry=registry)
    for state, number in counts.by_state.items():
        by_state.labels(state).set(number)
    Gauge(
        "strongroom_requests_overdue", "Requests not prepared when Legal had to have the files.", registry=registry
    ).set(counts.overdue)
    Gauge(
        "strongroom_request_files_not_handed_over",
        "Files of requests that are not what was archived, or are missing: each is an alarm.",
        registry=registry,
    ).set(counts.not_handed_over)
