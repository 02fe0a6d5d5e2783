"""Many messages of one task, put into Redis together: the fan-out of a day is hundreds of thousands.

Celery makes the first message of a task itself, on a broker in memory; the others are that one with their own ids and
arguments, so they are Celery's messages whatever its version. What is left out is the event that Flower shows as sent.
"""

import base64
import json
import re
import threading
import uuid
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.celery import QUEUE_OF_TASK
from strongroom import spans
from tasks.fleet import BrokerUnreachable

CHUNK = 500
"""Messages in one round trip: half a megabyte."""
_LONGEST_REPR = 1_024
"""As Celery's own: what a worker's log shows of the arguments."""

_ID, _TAG, _BODY, _ARGUMENTS = "{task id}", "{delivery tag}", "{body}", "{arguments}"
_ROOT, _PARENT, _TRACE = "{root}", "{parent}", "{trace}"
_PLACES = (_ID, _TAG, _BODY, _ARGUMENTS, *map(json.dumps, (_ROOT, _PARENT, _TRACE)))
"""Of the last three the quotes as well: who is not within a task has no parent."""
_making = threading.Lock()


def send_many(fleet: Celery, task: str, messages: Iterable[Sequence[Any]]) -> int:
    """Send a message for each tuple of arguments; how many. Raises BrokerUnreachable; some may have been sent then."""
    queue = QUEUE_OF_TASK[task]
    rest = iter(messages)
    sent = 0
    try:
        while chunk := list(islice(rest, CHUNK)):
            template = _template_of(fleet, task)
            with fleet.producer_or_acquire() as producer, producer.channel.client.pipeline(transaction=False) as pipe:
                # the list's other end is where workers take from
                sender = _Sender.now(fleet)
                pipe.lpush(queue, *(_filled(template, sender, arguments) for arguments in chunk))
                pipe.execute()
            sent += len(chunk)
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerUnreachable(type(error.__cause__ or error).__name__) from error
    return sent


class _Template:
    """A task's message in pieces, with places for what differs; `embed` ends the body."""

    def __init__(self, message: dict[str, Any]) -> None:
        # positional and named arguments, both empty, and what else a body holds
        *_, embed = json.loads(base64.b64decode(message["body"]))
        self.embed = json.dumps(embed)
        message["body"] = _BODY
        message["headers"]["argsrepr"] = _ARGUMENTS
        message["properties"]["delivery_tag"] = _TAG
        if spans.is_traced():
            message["headers"][spans.HEADER] = _TRACE
        places = "|".join(map(re.escape, _PLACES))
        self.pieces = re.split(f"({places})", json.dumps(message))


def _template_of(fleet: Celery, task: str) -> _Template:
    known: dict[str, _Template] = fleet.__dict__.setdefault("message_templates", {})
    with _making:
        if task not in known:
            known[task] = _Template(_made_by_celery(fleet, task))
        return known[task]


def _made_by_celery(fleet: Celery, task: str) -> dict[str, Any]:
    memory = Connection("memory://")  # type: ignore[no-untyped-call]
    with memory, fleet.amqp.Producer(memory) as producer:
        fleet.send_task(task, args=[], task_id=_ID, root_id=_ROOT, parent_id=_PARENT, producer=producer)
        made: dict[str, Any] = producer.channel.basic_get(QUEUE_OF_TASK[task], no_ack=True).serializable()
        return made


class _Sender(NamedTuple):
    """What the messages follow from, as Celery tells it: the task that is running here, and what that began with."""

    task_id: str | None
    root_id: str | None
    trace: str | None

    @classmethod
    def now(cls, fleet: Celery) -> "_Sender":
        """As it is for this thread."""
        task = fleet.current_worker_task
        if task is None:
            return cls(None, None, spans.traceparent())
        return cls(task.request.id, task.request.root_id or task.request.id, spans.traceparent())


def _filled(template: _Template, sender: _Sender, arguments: Sequence[Any]) -> str:
    body = f"[{json.dumps(list(arguments))}, {{}}, {template.embed}]"
    shown = json.dumps(repr(list(arguments))[:_LONGEST_REPR])[1:-1]
    task_id = str(uuid.uuid4())
    values = {
        _ID: task_id,
        _TAG: str(uuid.uuid4()),
        _BODY: base64.b64encode(body.encode()).decode(),
        _ARGUMENTS: shown,
        json.dumps(_ROOT): json.dumps(sender.root_id or task_id),
        json.dumps(_PARENT): json.dumps(sender.task_id),
        json.dumps(_TRACE): json.dumps(sender.trace),
    }
    return "".join([values.get(piece, piece) for piece in template.pieces])
