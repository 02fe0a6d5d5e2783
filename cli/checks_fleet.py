"""The doctor's look at the fleet: does Beat run, is every queue taken, is a drain forgotten, how is Redis set up."""

from urllib.parse import urlsplit

import redis
from redis.exceptions import RedisError, ResponseError

from cli.connections import fleet, ledger
from config.celery import QUEUES
from config.settings import Settings
from strongroom.errors import Misconfigured, StrongroomError
from strongroom.ledger.drained import drained
from strongroom.ledger.gauges import signs_of_life_shown
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.privileges import missing_privileges
from tasks.draining import queues_of_workers

LONGEST_SILENCE_S = 300.0
_KEEPING = "noeviction"


def privileges(settings: Settings) -> str:
    """May this role use every table of the ledger."""
    with ledger(settings) as engine:
        missing = missing_privileges(engine)
        role = engine.url.username or "this role"
    if missing:
        raise Misconfigured(
            f"{role} may not {', '.join(missing[:3])}{' and more' if missing[3:] else ''}",
            where="STRONGROOM_DATABASE_URL",
            todo=f"run: psql -c 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO \"{role}\"'",
        )
    return f"{role} may use every table"


def redis_keeps(settings: Settings) -> str:
    """A full Redis must refuse a message, not forget one: the sweep would send it again, half an hour later."""
    url = settings.redis_url.get_secret_value()
    if urlsplit(url).scheme not in {"redis", "rediss"}:
        return "its eviction policy was not looked at"
    with redis.Redis.from_url(url, socket_timeout=settings.connect_timeout_s) as client:
        try:
            policy = str(client.config_get("maxmemory-policy").get("maxmemory-policy", _KEEPING))
        except ResponseError:
            return "does not tell its eviction policy"
        except RedisError as error:
            raise StrongroomError(
                f"Redis does not answer: {type(error).__name__}", where="STRONGROOM_REDIS_URL", todo="start the server"
            ) from error
    if policy != _KEEPING:
        raise StrongroomError(
            f"Redis drops messages when it is full ({policy})",
            where="STRONGROOM_REDIS_URL",
            todo="run: redis-cli CONFIG SET maxmemory-policy noeviction",
        )
    return "refuses messages when it is full, and drops none"


def workers(settings: Settings) -> str | None:
    """Is every queue taken by some worker; None where none was ever started."""
    try:
        with ledger(settings) as engine:
            started, stopped_before = bool(signs_of_life_shown(engine)), drained(engine)
    except StrongroomError:
        started, stopped_before = True, {}  # what is wrong with the ledger was said
    with fleet(settings) as app:
        taking = queues_of_workers(app)
    if not taking and not started:
        return None
    stopped = {node for node in stopped_before if not taking.get(node, ["gone"])}
    untaken = sorted(set(QUEUES) - {queue for queues in taking.values() for queue in queues})
    if untaken and stopped:
        raise StrongroomError(
            f"{len(stopped)} workers were drained, and nobody takes {', '.join(untaken)}",
            where="STRONGROOM_REDIS_URL",
            todo="run: strongroom drain --undo",
        )
    if untaken:
        raise StrongroomError(
            f"no worker takes {', '.join(untaken)}; {len(taking)} workers answer",
            where="STRONGROOM_REDIS_URL",
            todo=f"run: celery --app workers.app worker --detach --queues {','.join(untaken)}",
        )
    return f"{len(taking)} workers answer, every queue is taken"


def beat(settings: Settings) -> str | None:
    """Has Beat rung lately, and did somebody answer the bell; None where nobody ever did."""
    with ledger(settings) as engine:
        seen_at = signs_of_life_shown(engine).get("sweep")
        now = database_clock(engine)
    longest_s = max(LONGEST_SILENCE_S, 3 * settings.sweep_interval_s)
    if seen_at is None:
        return None
    silent_s = (now - seen_at).total_seconds()
    if silent_s > longest_s:
        raise StrongroomError(
            f"there was no sweep for {silent_s:.0f} s",
            where="Beat",
            todo="run: celery --app workers.app beat --detach",
        )
    return f"the last sweep was {silent_s:.0f} s ago"
