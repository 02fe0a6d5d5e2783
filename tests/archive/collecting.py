"""A collector of traces: takes OTLP over HTTP, and keeps the spans as a test looks at them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True)
class Seen:
    """One span. `told` are its attributes, `of` those of the process it is from."""

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    seconds: float
    told: dict[str, str | int | bool]
    of: dict[str, str | int | bool]


@dataclass
class Collector:
    """What came. `answers` are the statuses of the next answers, then 200; `raw` is all bytes that came."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    posts: int = 0
    raw: bytes = b""

    def named(self, name: str) -> list[Seen]:
        """The spans of a name."""
        return [one for one in self.spans if one.name == name]

    def within(self, span: Seen) -> list[Seen]:
        """The spans whose parent it is."""
        return [one for one in self.spans if (one.trace_id, one.parent_id) == (span.trace_id, span.span_id)]

    def take(self, body: bytes) -> int:
        """One POST, and the status of its answer."""
        self.posts += 1
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.raw += body
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                of = _plain(list(resource.resource.attributes))
                self.spans += [_seen(span, of) for scope in resource.scope_spans for span in scope.spans]
        return status


def _seen(span: Span, of: dict[str, str | int | bool]) -> Seen:
    return Seen(
        span.name,
        span.kind,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.status.code == Status.STATUS_CODE_ERROR,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        _plain(list(span.attributes)),
        of,
    )


def _plain(attributes: list[KeyValue]) -> dict[str, str | int | bool]:
    plain = {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in attributes}
    assert len(plain) == len(attributes), "an attribute is there once"
    return plain


@contextmanager
def running_collector() -> Iterator[Collector]:
    """One that listens on a free port of this machine."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            right = (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            self.send_response(collector.take(body) if right else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        collector.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
