"""How each blow is struck."""

import random
from contextlib import suppress

import redis

from chaos.next_version import make_next_version
from chaos.night import Night, wait
from chaos.plan import Blow
from embedded.command import strongroom

_GENESYS = {
    "rate_429": 0.03,
    "rate_500": 0.03,
    "rate_503": 0.03,
    "rate_slow": 0.02,
    "slow_s": 3.0,
    "rate_reset": 0.03,
    "rate_truncated": 0.05,
    "rate_overlong": 0.03,
    "rate_expired_link": 0.05,
    "rate_token_refused": 0.005,
    "rate_job_failed": 0.3,
    "unstable_bytes": True,
}
_S3 = {
    "error_500": {"times": 25},
    "error_503": {"times": 25},
    "slow": {"times": 8, "seconds": 25.0},  # longer than the read time-out
    "reset": {"times": 25},
    "lose_put_answer": {"times": 25},
}


def strike(night: Night, blow: Blow, chance: random.Random, gone_s: float) -> str | None:
    """Do it, and say to what; None where it fell on nothing. `gone_s` is how long a server stays away."""
    match blow:
        case Blow.KILL_POOL_PROCESS:
            return night.fleet.kill_pool_process(chance)
        case Blow.KILL_WORKER:
            return night.fleet.kill(chance, "worker")
        case Blow.KILL_CONTROL:
            return night.fleet.kill(chance, "control")
        case Blow.KILL_BEAT:
            return night.fleet.kill(chance, "beat")
        case Blow.FLUSH_REDIS:
            with redis.Redis(port=night.redis.port) as client:
                client.flushall()
            return "all of it"
        case Blow.REDIS_GONE | Blow.POSTGRES_GONE | Blow.POSTGRES_RESTARTED:
            return _take_away(night, blow, gone_s)
        case Blow.S3_FAULTS:
            night.proxy.faults(**_S3)
            return "the next hundred requests and puts"
        case Blow.GENESYS_FAULTS:
            night.simulator.faults(**_GENESYS)
            return "from now on"
        case Blow.SPOOL_FULL:
            return _fill_spool(night, gone_s)
        case Blow.NEXT_VERSION:
            return _roll_out(night)


def clear(night: Night) -> None:
    """End what goes on: no further request meets a fault."""
    night.proxy.faults()
    night.simulator.faults(**dict.fromkeys(_GENESYS, 0.0) | {"slow_s": 3.0, "unstable_bytes": True})


def _take_away(night: Night, blow: Blow, gone_s: float) -> str:
    server = night.redis if blow is Blow.REDIS_GONE else night.postgres
    away_s = 0.0 if blow is Blow.POSTGRES_RESTARTED else gone_s
    server.take_away()
    try:
        wait(night, away_s)
    finally:
        server.bring_back()
    return f"for {away_s:g} s"


def _fill_spool(night: Night, full_s: float) -> str | None:
    if night.spool is None:
        return None
    filler = night.spool / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65_536)
            file.flush()
    wait(night, full_s)
    filler.unlink()
    return f"the first worker's, for {full_s:g} s"


def _roll_out(night: Night) -> str:
    """First the schema, which the running version doesn't mind, then one process after the other."""
    tree = make_next_version(night.next_version)
    environment = night.environment | {"PYTHONPATH": str(tree)}
    strongroom(environment, "migrate")
    for process in night.fleet.processes:
        night.fleet.move_to(process, tree)
        wait(night, 1.0)
    return f"to {len(night.fleet.processes)} processes"
