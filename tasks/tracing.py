"""Traces of one process: spans within spans, W3C Trace Context between processes, OTLP to whoever collects them.

Imported only where STRONGROOM_TRACES_ENDPOINT is set; the archive itself knows `strongroom.spans` alone.
"""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span as Record
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from strongroom import __version__, spans
from tasks.otlp import Outbox, key_values

CLIENT, SERVER = Record.SPAN_KIND_CLIENT, Record.SPAN_KIND_SERVER
PRODUCER, CONSUMER = Record.SPAN_KIND_PRODUCER, Record.SPAN_KIND_CONSUMER

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_SAMPLED = 1


class _At(NamedTuple):
    """What a thread or coroutine is at."""

    trace_id: bytes
    span_id: bytes


_current: ContextVar[_At | None] = ContextVar("traced", default=None)


class OneSpan:
    """A span under way; `at` is what is within it."""

    def __init__(
        self, outbox: Outbox, name: str, kind: "Record.SpanKind.ValueType", parent: _At | None, told: spans.Told
    ) -> None:
        self._outbox = outbox
        self.at = _At(secrets.token_bytes(16) if parent is None else parent.trace_id, secrets.token_bytes(8))
        self._record = Record(
            trace_id=self.at.trace_id,
            span_id=self.at.span_id,
            parent_span_id=b"" if parent is None else parent.span_id,
            name=name,
            kind=kind,
            start_time_unix_nano=time.time_ns(),
            flags=_SAMPLED,
        )
        self._told = dict(told)

    def rename(self, name: str) -> None:
        """Call it so after all: what it is was not known when it began."""
        self._record.name = name

    def tell(self, name: str, value: str | int) -> None:
        """One more attribute, or another value of it."""
        self._told[name] = value
        # a server has not failed where its client asked for what is not there
        at_fault = 500 if self._record.kind == SERVER else 400
        if name == spans.STATUS and isinstance(value, int) and value >= at_fault:
            self._record.status.code = Status.STATUS_CODE_ERROR

    def end(self, failed: str | None = None) -> None:
        """It is over, and goes to the collector."""
        if failed is not None:
            self._record.status.code = Status.STATUS_CODE_ERROR
            self._told["error.type"] = failed
        self._record.attributes.extend(key_values(self._told))
        self._record.end_time_unix_nano = time.time_ns()
        self._outbox.put(self._record)


class Entered(NamedTuple):
    """A span that this thread or coroutine is at until it leaves it, for what it was at `before`."""

    span: OneSpan
    before: Token[_At | None]

    def leave(self, failed: str | None = None) -> None:
        """Be at what it was at before; the span is over."""
        _current.reset(self.before)
        self.span.end(failed)


class Tracing:
    """The tracer of one process, which sends what it hears to a collector."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def begin(self, name: str, told: spans.Told) -> spans.Span:
        """A request to another server within what is traced; what nothing traced asked for is no trace of its own."""
        parent = _current.get()
        return spans.UNHEARD if parent is None else OneSpan(self._outbox, name, CLIENT, parent, told)

    def traceparent(self) -> str | None:
        """W3C Trace Context, "traceparent header": version, trace, parent, flags."""
        at = _current.get()
        return None if at is None else f"00-{at.trace_id.hex()}-{at.span_id.hex()}-{_SAMPLED:02x}"

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Within it nothing is traced."""
        before = _current.set(None)
        try:
            yield
        finally:
            _current.reset(before)

    def enter(
        self, name: str, kind: "Record.SpanKind.ValueType", told: spans.Told, traceparent: object = None
    ) -> Entered:
        """Be at something new: what its message's header says it follows from, or else the first of a trace."""
        span = OneSpan(self._outbox, name, kind, _at_of(traceparent), told)
        return Entered(span, _current.set(span.at))

    def close(self) -> None:
        """Send what is left. Nobody listens any more."""
        spans.listen(None)
        self._outbox.close()


def start(endpoint: str, process: str, instance: str) -> Tracing:
    """Trace this process from now on, in this process alone: one that forks starts it in each child.

    `process` is what its spans are from, as `worker`; `instance` tells it apart from others of its kind.
    """
    resource: Mapping[str, str] = {
        "service.namespace": "strongroom",
        "service.name": f"strongroom-{process}",
        "service.version": __version__,
        "service.instance.id": instance,
    }
    tracing = Tracing(Outbox(endpoint, resource))
    spans.listen(tracing)
    return tracing


def hand_on(headers: dict[str, Any], **_: Any) -> None:
    """Say in a message's headers what its sender is at, if anything: a receiver of Celery's `before_task_publish`."""
    following = spans.traceparent()
    if following is not None:
        headers[spans.HEADER] = following


def _at_of(traceparent: object) -> _At | None:
    found = _TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    return None if found is None else _At(bytes.fromhex(found[1]), bytes.fromhex(found[2]))
