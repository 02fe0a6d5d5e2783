"""The Celery app that every process of the fleet shares, and the one way messages are sent."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from config.celery import BULK, QUEUE_OF_TASK, celery_settings
from config.settings import Settings
from strongroom.errors import Unreachable
from strongroom.house import House, new_instance, open_house

T = TypeVar("T")

TASK_MODULES = tuple(f"tasks.{name}" for name in sorted(QUEUE_OF_TASK))


class Fleet(Celery):  # type: ignore[misc]  # Celery is untyped
    """Celery with the house of this process: built in each process of the pool when its first task needs it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("strongroom", include=TASK_MODULES, set_as_current=True)
        self.settings = settings
        self.instance = new_instance()
        self.conf.update(celery_settings(settings))

    @cached_property
    def house(self) -> House:
        """Everything the pipeline works with."""
        return open_house(self.settings, self.instance)


class BrokerUnreachable(Unreachable):
    """Redis does not answer. Nothing is lost: the ledger knows what is due, and the sweeper enqueues it."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Redis does not answer: {reason}",
            where="STRONGROOM_REDIS_URL",
            todo="start the server, or correct the address",
        )


def send(fleet: Celery, task: str, messages: Iterable[Sequence[Any]]) -> int:
    """Send a message for each tuple of arguments, over one connection; how many. Raises BrokerUnreachable.

    For many at once there is `fan_out.send_many`.
    """
    sent = 0
    try:
        with fleet.producer_or_acquire() as producer:
            for arguments in messages:
                fleet.send_task(
                    task,
                    args=list(arguments),
                    producer=producer,
                    retry=True,
                    retry_policy={"max_retries": 2, "interval_start": 0.2, "interval_max": 1.0},
                )
                sent += 1
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerUnreachable(type(error.__cause__ or error).__name__) from error
    return sent


def waiting_messages(fleet: Celery, queue: str = BULK) -> int:
    """How many messages wait in a queue, not counting those a worker holds already. Raises BrokerUnreachable."""
    return redis_of(fleet, lambda client: client.llen(queue))


def redis_of(fleet: Celery, ask: Callable[[Redis], T]) -> T:
    """Ask the broker's Redis itself, over a connection of the pool that messages are sent with.

    Raises BrokerUnreachable.
    """
    try:
        with fleet.producer_or_acquire() as producer:
            return ask(producer.channel.client)
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerUnreachable(type(error.__cause__ or error).__name__) from error
