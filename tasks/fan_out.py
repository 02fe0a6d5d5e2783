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
from typing import Any

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.celery import QUEUE_OF_TASK
from tasks.fleet import BrokerUnreachable

CHUNK = 500
"""Messages in one round trip: half a megabyte."""
_LONGEST_REPR = 1_024
"""As Celery's own: what a worker's log shows of the arguments."""

_ID, _TAG, _BODY, _ARGUMENTS = "{task id}", "{delivery tag}", "{body}", "{arguments}"
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
                pipe.lpush(queue, *(_filled(template, arguments) for arguments in chunk))
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
        places = "|".join(re.escape(place) for place in (_ID, _TAG, _BODY, _ARGUMENTS))
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
        fleet.send_task(task, args=[], task_id=_ID, producer=producer)
        made: dict[str, Any] = producer.channel.basic_get(QUEUE_OF_TASK[task], no_ack=True).serializable()
        return made


def _filled(template: _Template, arguments: Sequence[Any]) -> str:
    body = f"[{json.dumps(list(arguments))}, {{}}, {template.embed}]"
    shown = json.dumps(repr(list(arguments))[:_LONGEST_REPR])[1:-1]
    values = {
        _ID: str(uuid.uuid4()),
        _TAG: str(uuid.uuid4()),
        _BODY: base64.b64encode(body.encode()).decode(),
        _ARGUMENTS: shown,
    }
    return "".join([values.get(piece, piece) for piece in template.pieces])
