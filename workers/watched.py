"""What a worker and Beat serve of themselves: health, and metrics. STRONGROOM_METRICS_PORT says where."""

import time
from typing import Any

from celery.signals import beat_init, heartbeat_sent, worker_ready

from strongroom.errors import StrongroomError
from strongroom.house import open_store
from strongroom.ledger.engine import connect
from strongroom.ledger.revision import require_current_schema
from strongroom.vault.fitness import require_there
from tasks.exporter import Check, Exporter, LedgerCollector, registry_of_process
from tasks.fleet import Fleet, waiting_messages

LONGEST_PULSE_S = 300.0
"""A worker's event loop beats every two seconds while the broker is there; silent for so long, it hangs."""


class Pulse:
    """When the worker's event loop was last seen to turn."""

    def __init__(self) -> None:
        self._beaten_at = time.monotonic()

    def beat(self, **_: Any) -> None:
        """It turns."""
        self._beaten_at = time.monotonic()

    def require(self, fleet: Fleet) -> None:
        """Raises StrongroomError when it has not turned for long though the broker answers."""
        silent_s = time.monotonic() - self._beaten_at
        if silent_s > LONGEST_PULSE_S:
            waiting_messages(fleet)  # without a broker nothing beats, and a restart would not help
            raise StrongroomError(
                f"the event loop has not turned for {silent_s:.0f} s", where=fleet.instance, todo="restart this worker"
            )


def attach(fleet: Fleet) -> None:
    """Serve at the port of the settings, if there is one, from when a worker or Beat is ready."""
    port = fleet.settings.metrics_port
    if port is None:
        return
    pulse = Pulse()

    def worker_serves(**_: Any) -> None:
        checks: dict[str, Check] = {"ledger": lambda: _require_ledger(fleet), "store": lambda: _require_store(fleet)}
        live: dict[str, Check] = {"loop": lambda: _live(pulse, fleet)}
        ready = live | checks | {"broker": lambda: _require_broker(fleet)}
        Exporter(registry_of_process(), live, ready).start(fleet.settings.metrics_host, port)

    def beat_serves(**_: Any) -> None:
        settings = fleet.settings
        engine = connect(settings.database_url.get_secret_value(), connect_timeout_s=settings.connect_timeout_s)
        ready: dict[str, Check] = {
            "ledger": lambda: require_current_schema(engine),
            "broker": lambda: _require_broker(fleet),
        }
        collector = LedgerCollector(settings, engine, fleet)
        Exporter(registry_of_process(collector), {}, ready).start(settings.metrics_host, port)

    heartbeat_sent.connect(pulse.beat, weak=False)
    worker_ready.connect(worker_serves, weak=False)
    beat_init.connect(beat_serves, weak=False)


def _live(pulse: Pulse, fleet: Fleet) -> None:
    try:
        pulse.require(fleet)
    except StrongroomError as error:
        if error.exit_code != 3:
            raise


def _require_broker(fleet: Fleet) -> None:
    waiting_messages(fleet)


def _require_store(fleet: Fleet) -> None:
    require_there(open_store(fleet.settings))


def _require_ledger(fleet: Fleet) -> None:
    settings = fleet.settings
    # closed at once: this process forks its pool's, and no connection may be shared with them
    engine = connect(settings.database_url.get_secret_value(), connect_timeout_s=settings.connect_timeout_s)
    try:
        require_current_schema(engine)
    finally:
        engine.dispose()
