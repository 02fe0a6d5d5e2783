"""`python -m simulator`: a stand-in for Genesys Cloud. Prints `{"url": …}` once it listens; SIGTERM stops it."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from aiohttp import web

from simulator.app import build_app
from simulator.awkwardness import EVERY, Awkwardness
from simulator.clock import parse_instant
from simulator.control import MAX_AUDIO_BYTES
from simulator.faults import Faults
from simulator.kinds import Outcome
from simulator.limits import WINDOW_S
from simulator.options import Options
from simulator.population import SHARES
from simulator.query import MAX_CONVERSATIONS

SHUTDOWN_S = 1.0
_TURNS_OUT = (*SHARES, Outcome.ARCHIVED)


def main() -> None:
    """Run until told to stop."""
    arguments = _parser().parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_options(arguments), arguments.host, arguments.port))


async def _serve(options: Options, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(build_app(options), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        sys.stdout.write(json.dumps({"url": f"http://{bound_host}:{bound_port}"}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0: a free one")
    add("--seed", type=int, default=1, help="the same seed makes the same conversations")
    add("--day", type=date.fromisoformat, action="append", metavar="YYYY-MM-DD",
        help="a UTC day on which so many conversations end; may be repeated (default: yesterday)")  # fmt: skip
    add("--conversations", type=_whole(0), default=300, help="how many end on each day")
    add("--clients", type=_whole(1), default=1, help="OAuth clients client-1:secret-1, client-2:secret-2, …")
    add("--token-ttl-s", type=_whole(1), default=86_400)
    add("--rate-limit-per-min", type=_whole(0), default=300, help="for each OAuth client; 0: none")
    add(
        "--rate-window-s", type=_whole(1), default=WINDOW_S, help="another window than the minute, for tests in a hurry"
    )
    add("--link-ttl-s", type=_whole(1), default=3_600, help="how long media links are good for")
    add("--late-s", type=float, default=600.0, help="a late recording is ready so long after it was first asked about")
    add("--transcode-s", type=float, default=5.0, help="what a format other than the original takes")
    add("--long-transcode-s", type=float, default=180.0, help="what any format of an awkward recording takes")
    add("--restore-s", type=float, default=1_800.0, help="what the restore of an archived recording takes")
    add("--restorations", type=_whole(0), default=100, help="how many restores the organisation may ask for")
    add("--job-s", type=float, default=10.0, help="what a details job or a recording job takes")
    add("--availability-lag-s", type=float, default=43_200.0, help="how far the details jobs' source lags behind")
    add("--batch-s", type=float, default=5.0, help="what a batch request takes")
    add("--total-hits-cap", type=_whole(1), default=MAX_CONVERSATIONS, help="the most conversations a query can reach")
    add("--awkward", action="store_true", help="be as awkward as the real one; without it all goes well")
    add("--awkward-only", type=_awkward, metavar="NAME,NAME", help=f"be so in these ways only: {', '.join(EVERY)}")
    add(
        "--shown-late-s", type=float, default=10_800.0, help="how long after its end a late_shown conversation shows up"
    )
    add("--audio-bytes", type=_whole(1, MAX_AUDIO_BYTES), help="make every audio about so long")
    add(
        "--path-prefix", type=_path_prefix, default="", metavar="/gateway", help="serve the API below this path as well"
    )
    add("--now", type=_instant, metavar="ISO-8601", help="put the clock (default: the machine's)")
    add("--outcome", type=_outcome, action="append", default=[], metavar="late=0.05",
        help=f"share of recordings that turn out so: {', '.join(_TURNS_OUT)}")  # fmt: skip
    add("--fault", type=_fault, action="append", default=[], metavar="rate_500=0.01",
        help=f"a fault to start with: {', '.join(Faults().shown())}")  # fmt: skip
    return parser


def _options(arguments: argparse.Namespace) -> Options:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    return Options(
        days=tuple(sorted(set(arguments.day or [yesterday]))),
        seed=arguments.seed,
        conversations=arguments.conversations,
        clients=arguments.clients,
        token_ttl_s=arguments.token_ttl_s,
        rate_limit_per_min=arguments.rate_limit_per_min,
        rate_window_s=arguments.rate_window_s,
        link_ttl_s=arguments.link_ttl_s,
        late_s=arguments.late_s,
        transcode_s=arguments.transcode_s,
        long_transcode_s=arguments.long_transcode_s,
        restore_s=arguments.restore_s,
        restorations=arguments.restorations,
        job_s=arguments.job_s,
        availability_lag_s=arguments.availability_lag_s,
        batch_s=arguments.batch_s,
        awkward=arguments.awkward_only or (EVERY if arguments.awkward else ()),
        shown_late_s=arguments.shown_late_s,
        total_hits_cap=arguments.total_hits_cap,
        audio_bytes=arguments.audio_bytes,
        path_prefix=arguments.path_prefix,
        now=arguments.now,
        shares=SHARES | dict(arguments.outcome),
        faults=Faults().merged(dict(arguments.fault)),
    )


def _whole(least: int, most: int = 10_000_000) -> Callable[[str], int]:
    """The type of an argument that is a whole number within bounds."""

    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not from {least} to {most}")
        return value

    return number


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not an instant in ISO-8601") from None


def _path_prefix(text: str) -> str:
    if text and (not text.startswith("/") or text.endswith("/")):
        raise argparse.ArgumentTypeError("a path prefix begins with a slash and doesn't end with one")
    return text


def _awkward(text: str) -> tuple[Awkwardness, ...]:
    names = set(text.split(","))
    if unknown := names - set(EVERY):
        raise argparse.ArgumentTypeError(f"no awkwardness is called {', '.join(sorted(unknown))}")
    return tuple(name for name in EVERY if name in names)


def _outcome(text: str) -> tuple[Outcome, float]:
    name, _, share = text.partition("=")
    if name not in set(_TURNS_OUT) or not 0 <= float(share) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not one of {', '.join(_TURNS_OUT)} with a share from 0 to 1")
    return Outcome(name), float(share)


def _fault(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    try:
        return name, Faults().merged({name: json.loads(value)}).shown()[name]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    main()
