"""What a tracer hears, where this process has one: each request to another server, as a span of the task it is made in.

Nothing of OpenTelemetry is known here, so that nothing of it is loaded where STRONGROOM_TRACES_ENDPOINT is not set; a
span costs a look then. What is told is an operation, a route, a status or a length: never an id, name, number or query.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar, Protocol

Told = Mapping[str, str | int]
"""Attributes of a span by their names, which are OpenTelemetry's where it has one."""

STATUS = "http.response.status_code"
HEADER = "traceparent"
"""Of a message between our own processes, and of nothing else: no other company's server is told of our traces."""


class Span(Protocol):
    """Something that takes time."""

    def tell(self, name: str, value: str | int) -> None:
        """One more attribute. A STATUS from 400 on makes the span a failed one."""

    def end(self, failed: str | None = None) -> None:
        """It is over; `failed` is the kind of its error, never the error's text."""


class Tracer(Protocol):
    """Who hears of spans."""

    def begin(self, name: str, told: Told) -> Span:
        """A request to another server begins, within what this thread or coroutine is at."""

    def traceparent(self) -> str | None:
        """What this thread or coroutine is at, as W3C Trace Context writes it for whoever goes on with it."""

    def apart(self) -> AbstractContextManager[None]:
        """Within it nothing is part of what this thread or coroutine is at."""


class _Unheard:
    def tell(self, name: str, value: str | int) -> None:
        pass

    def end(self, failed: str | None = None) -> None:
        pass


UNHEARD: Span = _Unheard()
"""The span of whoever has no tracer."""


class _Process:
    tracer: ClassVar[Tracer | None] = None


def listen(tracer: Tracer | None) -> None:
    """From now on this process's spans are told to the tracer; None: to nobody."""
    _Process.tracer = tracer


def is_traced() -> bool:
    """Whether somebody listens."""
    return _Process.tracer is not None


def begin(name: str, told: Told) -> Span:
    """A request to another server begins; whoever began it ends it."""
    return UNHEARD if _Process.tracer is None else _Process.tracer.begin(name, told)


@contextmanager
def span(name: str, told: Told) -> Iterator[Span]:
    """A request to another server, as long as the block takes; failed when an exception leaves it."""
    begun = begin(name, told)
    try:
        yield begun
    except BaseException as error:
        begun.end(type(error).__name__)
        raise
    begun.end()


def traceparent() -> str | None:
    """For the header of a message: what its sender is at. None where nobody listens, or nothing is traced."""
    return None if _Process.tracer is None else _Process.tracer.traceparent()


def apart() -> AbstractContextManager[None]:
    """What is sent within it begins traces of its own: work that was due anyway does not follow from its sender."""
    return nullcontext() if _Process.tracer is None else _Process.tracer.apart()
