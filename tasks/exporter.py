"""What a running process tells of itself over HTTP: `/metrics`, `/health/live`, `/health/ready`.

The ledger is the source of all that is counted, so the numbers are the same whichever process is asked, and survive
each of them. Beat and the desk serve them; a worker, of which there are many, serves only what concerns itself.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from celery import Celery
from prometheus_client import CollectorRegistry, Metric, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from config.celery import QUEUES
from config.settings import Settings
from strongroom.errors import StrongroomError
from strongroom.house import allowance_used, requests_counted
from strongroom.ledger.engine import Engine
from strongroom.pipeline.measures import ledger_metrics, slow_metrics
from tasks.fleet import BrokerUnreachable, waiting_messages

KEPT_S = 15.0
"""For how long what was counted is served again: several Prometheus servers count the ledger once."""

SLOW_KEPT_S = 3_600.0
"""For how long what all records were looked through for is."""

TRIED_AGAIN_S = 5.0

_log = structlog.get_logger()
Check = Callable[[], None]
"""Raises StrongroomError when what it looks at is not as it must be."""


class LedgerCollector(Collector):
    """The ledger's metrics and the queues' lengths. Where one doesn't answer, that itself is a metric."""

    def __init__(self, settings: Settings, engine: Engine, fleet: Celery | None) -> None:
        self._settings, self._engine, self._fleet = settings, engine, fleet
        self._lock = threading.Lock()
        self._counted_at = -KEPT_S
        self._counted: list[Metric] = []
        self._looked_through_at = -SLOW_KEPT_S
        self._looked_through: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: else the registry would count all of it to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What was counted in the last quarter of a minute, or now."""
        with self._lock:
            if time.monotonic() - self._counted_at >= KEPT_S:
                self._counted = [*self._of_ledger(), *self._of_broker(), *self._of_allowance(), *self._of_genesys()]
                self._counted_at = time.monotonic()
            yield from self._counted

    def _of_ledger(self) -> list[Metric]:
        up = GaugeMetricFamily("strongroom_ledger_up", "Whether PostgreSQL answers with this version's schema.")
        counted: list[Metric] = []
        try:
            counted = [*ledger_metrics(self._settings, self._engine), *self._slow()]
        except StrongroomError as error:
            _log.warning("the ledger can't be counted", reason=str(error))
        up.add_metric([], bool(counted))
        return [up, *counted]

    def _slow(self) -> list[Metric]:
        if time.monotonic() - self._looked_through_at >= SLOW_KEPT_S:
            self._looked_through = list(slow_metrics(self._engine))
            self._looked_through_at = time.monotonic()
        return self._looked_through

    def _of_broker(self) -> list[Metric]:
        if self._fleet is None:
            return []
        up = GaugeMetricFamily("strongroom_broker_up", "Whether Redis answers.")
        waiting = GaugeMetricFamily(
            "strongroom_messages_waiting", "Messages that no worker has taken.", labels=["queue"]
        )
        try:
            for queue in QUEUES:
                waiting.add_metric([queue], waiting_messages(self._fleet, queue))
        except BrokerUnreachable:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, waiting]

    def _of_allowance(self) -> list[Metric]:
        """Of each OAuth client, by its place in STRONGROOM_GENESYS_CLIENTS, how much of its minute is used."""
        used = GaugeMetricFamily(
            "strongroom_allowance_used_ratio", "How much of an OAuth client's allowance is used.", labels=["client"]
        )
        try:
            for position, ratio in enumerate(allowance_used(self._settings), start=1):
                used.add_metric([str(position)], ratio)
        except StrongroomError:
            return []  # Redis does not answer, which is a metric of its own
        return [used]

    def _of_genesys(self) -> list[Metric]:
        """All requests of the fleet, counted in Redis with the allowance: no process's end loses any of them."""
        sent = CounterMetricFamily(
            "strongroom_genesys_requests",
            "Requests to Genesys by endpoint and HTTP status; none: without an answer.",
            labels=["endpoint", "status"],
        )
        try:
            for labels, number in sorted(requests_counted(self._settings).items()):
                sent.add_metric(labels, number)
        except StrongroomError:
            return []  # as above
        return [sent]


def registry_of_process(*collectors: Collector) -> CollectorRegistry:
    """A registry with what the operating system knows of this process (memory, files, CPU) and these."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    return registry


class Exporter:
    """The HTTP server of one process, in a thread of its own that ends with it."""

    def __init__(self, registry: CollectorRegistry, live: Mapping[str, Check], ready: Mapping[str, Check]) -> None:
        self._registry, self._live, self._ready = registry, live, ready

    def start(self, host: str, port: int) -> None:
        """Serve from now on. Where the port is taken the log says so, and it is served as soon as it is free.

        It may be taken by another process of the same desk, or by what is left of a worker that was killed.
        """
        threading.Thread(target=self._serve, args=(host, port), name="exporter", daemon=True).start()

    def _serve(self, host: str, port: int) -> None:
        told = False
        while True:
            try:
                server = make_server(host, port, self.answer, server_class=_Threading, handler_class=_Silent)
            except OSError as error:
                if not told:
                    _log.warning("metrics are not served yet", host=host, port=port, reason=error.strerror)
                told = True
                time.sleep(TRIED_AGAIN_S)
            else:
                server.serve_forever()

    def answer(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """One request, as WSGI has it."""
        path = environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"} or path not in _PATHS:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b""]
        if path == METRICS:
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest(self._registry)]
        checks = self._live if path == LIVE else self._ready
        answer = {name: _holds(name, check) for name, check in checks.items()}
        whole = all(answer.values())
        start_response("200 OK" if whole else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [json.dumps({path.rpartition("/")[2]: whole, **answer}).encode()]


METRICS, LIVE, READY = "/metrics", "/health/live", "/health/ready"
_PATHS = frozenset({METRICS, LIVE, READY})


def _holds(name: str, check: Check) -> bool:
    try:
        check()
    except StrongroomError as error:
        _log.error("not healthy", check=name, reason=str(error))
        return False
    return True


class _Threading(ThreadingMixIn, WSGIServer):
    """A slow count of the ledger must not hold up a health check."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Without the name look-up of the standard library's, which may take long where there is no resolver."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Silent(WSGIRequestHandler):
    """Whoever asks every few seconds is not worth a line each time."""

    def log_message(self, format: str, *args: Any) -> None:  # the standard library's name
        """Nothing."""
