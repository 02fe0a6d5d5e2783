"""Spans on their way to a collector: OTLP over HTTP, as protobuf, in batches, by a thread of its own.

OpenTelemetry's SDK has an exporter, but redis-py loads the SDK in every process wherever it is installed, traces or
not. So its messages alone are used here; this module is imported only where STRONGROOM_TRACES_ENDPOINT is set.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from strongroom import __version__

LONGEST_QUEUE = 4_096
"""Some four megabytes. What comes while it is full is dropped: work never waits for a collector."""
BATCH = 512
SENT_EVERY_S = 2.0
TIMEOUT_S = 5.0
LAST_WORDS_S = 5.0
"""How long the end of a process is held up for what is queued."""

_RETRYABLE = frozenset({429, 502, 503, 504})
"""OTLP specification, "Retryable response codes": with any other the batch is dropped."""

_log = structlog.get_logger()


def key_values(told: Mapping[str, str | int | bool]) -> list[KeyValue]:
    """Attributes as OTLP has them."""
    return [KeyValue(key=name, value=_any(value)) for name, value in told.items()]


def _any(value: str | int | bool) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)


class Outbox:
    """The queue of one process and the thread that empties it. Not to be shared with a process that is forked."""

    def __init__(self, endpoint: str, resource: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._resource = Resource(attributes=key_values(resource))
        self._queue: deque[Span] = deque()
        self._batch: list[Span] = []
        self._dropped = 0
        self._failing = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def put(self, span: Span) -> None:
        """Have it sent, or dropped where too much waits already; returns at once."""
        if len(self._queue) >= LONGEST_QUEUE:
            self._dropped += 1
        else:
            self._queue.append(span)

    def close(self) -> None:
        """Send what is queued, once, within LAST_WORDS_S."""
        self._closed.set()
        self._thread.join(LAST_WORDS_S)

    def _run(self) -> None:
        while not self._closed.wait(SENT_EVERY_S):
            self._send_all(None)
        self._send_all(time.monotonic() + LAST_WORDS_S)

    def _send_all(self, until: float | None) -> None:
        """Batch after batch, until one fails or the time is over."""
        while self._batch or self._queue:
            if not self._batch:
                self._batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            if not self._send(self._batch) or (until is not None and time.monotonic() > until):
                return
            self._batch = []

    def _send(self, batch: list[Span]) -> bool:
        """Whether the batch is done with: taken, or refused for good."""
        scope = ScopeSpans(scope=InstrumentationScope(name="strongroom", version=__version__), spans=batch)
        message = ExportTraceServiceRequest(
            resource_spans=[ResourceSpans(resource=self._resource, scope_spans=[scope])]
        )
        # http or https by the settings' own check, and no answer's words are repeated
        request = Request(  # noqa: S310
            self._endpoint, message.SerializeToString(), {"Content-Type": "application/x-protobuf"}, method="POST"
        )
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                answer.read()
        except HTTPError as error:
            error.close()
            self._tell_failure(f"HTTP {error.code}")
            return error.code not in _RETRYABLE
        except (OSError, HTTPException) as error:
            self._tell_failure(type(error).__name__)
            return False
        if self._failing:
            _log.info("traces are sent again", dropped=self._dropped)
        self._failing, self._dropped = False, 0
        return True

    def _tell_failure(self, reason: str) -> None:
        if not self._failing:
            _log.warning("traces can't be sent, and are dropped when too many wait", reason=reason)
        self._failing = True
