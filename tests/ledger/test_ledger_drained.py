"""Workers told to take no more: what each took is forgotten once it takes it again, and not before."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from strongroom.ledger.drained import drained, record_drained
from strongroom.ledger.engine import Engine
from tasks.draining import undo


class Workers:
    """Those who answer, and what each takes: as much of Celery's control as is asked for."""

    def __init__(self, **taking: list[str]) -> None:
        self.taking, self.deaf, self.busy = taking, set[str](), set[str]()
        self.control = self

    def inspect(self, **_: object) -> Any:
        """The question to all of them."""
        answers = {
            node: [{"name": queue} for queue in queues] for node, queues in self.taking.items() if node not in self.deaf
        }
        return SimpleNamespace(active_queues=lambda: answers)

    def add_consumer(self, queue: str, *, destination: Sequence[str], **_: object) -> list[dict[str, object]]:
        """Tell one to take a queue."""
        [node] = destination
        if node in self.deaf | self.busy:
            return []
        self.taking[node].append(queue)
        return [{node: {"ok": f"add consumer {queue}"}}]


def test_who_does_not_answer_stays_drained_and_known(engine: Engine) -> None:
    record_drained(engine, {"one": ["bulk"], "deaf": ["bulk", "records"], "busy": ["control"]})
    workers: Any = Workers(one=[], deaf=[], busy=[])
    workers.deaf, workers.busy = {"deaf"}, {"busy"}
    assert undo(workers, engine) == ["one"]
    assert drained(engine) == {"deaf": ["bulk", "records"], "busy": ["control"]}
    workers.deaf = workers.busy = set()
    assert undo(workers, engine) == ["busy", "deaf"]
    assert workers.taking == {"one": ["bulk"], "deaf": ["bulk", "records"], "busy": ["control"]}
    assert drained(engine) == {}
    assert undo(workers, engine) == []
