"""Telling the workers to take no more, and to take again: what a deployment begins and ends with.

Nothing depends on it: a worker that is killed in the middle of its work harms no record. It saves the work in hand from
being done again.
"""

from collections.abc import Collection, Mapping, Sequence

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from strongroom.ledger.drained import drained, forget_drained, leases_held, record_drained
from strongroom.ledger.engine import Engine
from tasks.fleet import BrokerUnreachable

ANSWER_S = 2.0
"""For how long workers may take to answer. One that is busy answers as quickly: its tasks run in other processes."""


def queues_of_workers(fleet: Celery, answer_s: float = ANSWER_S) -> dict[str, list[str]]:
    """Each worker that answers, with the queues it takes messages of. Raises BrokerUnreachable."""
    answers = _asked(fleet, "active_queues", answer_s)
    return {node: sorted(queue["name"] for queue in queues) for node, queues in answers.items()}


def drain(fleet: Celery, engine: Engine) -> list[str]:
    """Tell every worker that answers to take no more; their names. Raises BrokerUnreachable, LedgerUnreachable."""
    queues_of = queues_of_workers(fleet)
    record_drained(engine, queues_of)
    for node, queues in queues_of.items():
        for queue in queues:
            fleet.control.cancel_consumer(queue, destination=[node], reply=True, timeout=ANSWER_S)
    return sorted(queues_of)


def undo(fleet: Celery, engine: Engine) -> list[str]:
    """Have every drained worker that answers take again what it took; their names. Twice does no harm.

    One that does not answer stays written down: the next time tells it.
    """
    taking, told = queues_of_workers(fleet), drained(engine)
    again = [
        node for node in sorted(set(told) & set(taking)) if _taken(fleet, node, set(told[node]) - set(taking[node]))
    ]
    forget_drained(engine, again)
    return again


def _taken(fleet: Celery, node: str, queues: Collection[str]) -> bool:
    """Tell a worker to take these queues; whether it has answered for each."""
    answers = [
        fleet.control.add_consumer(queue, destination=[node], reply=True, timeout=ANSWER_S) for queue in sorted(queues)
    ]
    return all(answers)


def in_hand(fleet: Celery, engine: Engine, nodes: Sequence[str]) -> int:
    """How much these workers still have in hand: tasks that run or were taken, or rows that are held if those are more.

    0: they can be stopped and nothing is done again. What one has with a countdown is sent again, and counts not.
    """
    tasks = sum(
        len(each)
        for what in ("active", "reserved")
        for node, each in _asked(fleet, what, ANSWER_S).items()
        if node in nodes
    )
    return max(tasks, leases_held(engine))


def _asked(fleet: Celery, what: str, answer_s: float) -> Mapping[str, Sequence[Mapping[str, str]]]:
    try:
        answers: Mapping[str, Sequence[Mapping[str, str]]] = getattr(fleet.control.inspect(timeout=answer_s), what)()
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerUnreachable(type(error.__cause__ or error).__name__) from error
    return answers or {}
