"""Spans wait in a bounded queue and are sent in batches; what a collector does wrong is its own affair."""

import threading
from types import SimpleNamespace

import pytest
from archives import wait_until
from collecting import running_collector
from structlog.testing import capture_logs

from strongroom import spans
from tasks import otlp
from tasks.otlp import Outbox
from tasks.tracing import CONSUMER, SERVER, Tracing


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "SENT_EVERY_S", 0.05)
    monkeypatch.setattr(otlp, "LAST_WORDS_S", 2.0)


def some(outbox: Outbox, number: int) -> None:
    for each in range(number):
        Tracing(outbox).enter(f"task {each}", CONSUMER, {}).leave()


def test_everything_is_sent_in_batches_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "BATCH", 10)
    with running_collector() as collector:
        outbox = Outbox(collector.url, {"service.name": "a test"})
        some(outbox, 25)
        outbox.close()
        assert [one.name for one in collector.spans] == [f"task {each}" for each in range(25)]
        assert collector.posts == 3
        assert {one.of["service.name"] for one in collector.spans} == {"a test"}


def test_a_busy_collector_is_asked_again_and_one_that_refuses_is_not() -> None:
    with running_collector() as collector, capture_logs() as logs:
        collector.answers = [503, 503, 400]
        outbox = Outbox(collector.url, {})
        some(outbox, 1)
        wait_until(lambda: collector.posts == 3, "refused at last")
        some(outbox, 1)
        wait_until(lambda: collector.spans, "the next is taken")
        outbox.close()
        assert (collector.posts, len(collector.spans)) == (4, 1)
    told = [line["event"] for line in logs]
    assert told == ["traces can't be sent, and are dropped when too many wait", "traces are sent again"]


def test_what_is_too_much_is_dropped_and_nobody_waits(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "LONGEST_QUEUE", 5)
    outbox = Outbox(f"http://127.0.0.1:{closed_port}/v1/traces", {})
    some(outbox, 1_000)
    assert len(outbox._queue) <= 5
    outbox.close()
    assert not outbox._thread.is_alive()


def test_what_a_thread_is_at_is_its_own() -> None:
    sent: list[object] = []
    traces = Tracing(SimpleNamespace(put=sent.append))  # type: ignore[arg-type]  # all that is asked of it
    entered = traces.enter("task", CONSUMER, {})
    elsewhere: list[str | None] = []
    thread = threading.Thread(target=lambda: elsewhere.append(traces.traceparent()))
    thread.start()
    thread.join()
    assert elsewhere == [None]
    assert traces.begin("POST x", {}) is not spans.UNHEARD
    with traces.apart():
        assert traces.traceparent() is None
        assert traces.begin("POST x", {}) is spans.UNHEARD
    header = traces.traceparent()
    entered.leave()
    assert header is not None
    assert traces.traceparent() is None
    follows = traces.enter("next", CONSUMER, {}, header)
    assert header.split("-")[1:3] == [follows.span.at.trace_id.hex(), sent[0].span_id.hex()]  # type: ignore[attr-defined]
    follows.leave()


@pytest.mark.parametrize("header", [None, 7, "", "00-xyz", "00-" + "a" * 31 + "-" + "b" * 16 + "-01"])
def test_a_header_that_is_none_begins_a_trace(header: object) -> None:
    traces = Tracing(SimpleNamespace(put=lambda _: None))  # type: ignore[arg-type]
    entered = traces.enter("task", CONSUMER, {}, header)
    assert entered.span._record.parent_span_id == b""
    entered.leave()


def test_a_server_is_at_fault_from_500_on_and_whoever_asks_from_400_on() -> None:
    sent: list[object] = []
    traces = Tracing(SimpleNamespace(put=sent.append))  # type: ignore[arg-type]
    entered = traces.enter("GET /x", SERVER, {})
    asked = traces.begin("GET /y", {})
    for one in (asked, entered.span):
        one.tell(spans.STATUS, 404)
    asked.end()
    entered.leave()
    assert [bool(one.status.code) for one in sent] == [True, False]  # type: ignore[attr-defined]


def test_an_error_is_told_by_its_kind_alone() -> None:
    sent: list[object] = []
    spans.listen(traces := Tracing(SimpleNamespace(put=sent.append)))  # type: ignore[arg-type]
    try:
        entered = traces.enter("task", CONSUMER, {})
        with pytest.raises(ValueError, match="Jane"), spans.span("GET media", {}):
            raise ValueError("Jane Doe")
        entered.leave()
    finally:
        spans.listen(None)
    assert "ValueError" in str(sent[0])
    assert "Jane" not in str(sent)


def test_without_a_tracer_a_span_is_nothing() -> None:
    assert spans.begin("GET media", {"x": 1}) is spans.UNHEARD
    assert spans.traceparent() is None
    assert not spans.is_traced()
    with spans.apart(), spans.span("GET media", {}) as span:
        span.tell("x", 1)
