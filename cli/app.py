"""The commands put together: what can't be done is one line on stderr, and the design's exit code."""

import io
import logging
import os
import sys
from collections.abc import Sequence

import structlog
import typer

from cli import (
    api_key,
    archive,
    backfill,
    bundle,
    custody,
    disposition,
    doctor,
    drain,
    erasure,
    health,
    hold,
    index,
    log,
    metrics,
    migrate,
    policy,
    reconcile,
    requeue,
    restore,
    retrieve,
    review,
    seal,
    status,
    user,
    vault,
    verify,
)
from config.environment import SettingsInvalid
from strongroom.errors import StrongroomError

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
EXIT_BROKEN_PIPE = 141
"""128 + SIGPIPE: whoever read our output has gone."""

app = typer.Typer(
    name="strongroom",
    help="Archive every interaction of a Genesys Cloud contact centre into write-once storage.",
    epilog="Exit codes: 0 done, 1 findings, 2 usage or configuration, 3 something it needs is unreachable.",
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=migrate.EXAMPLE)(migrate.migrate)
app.add_typer(vault.app, name="vault")
app.command(epilog=archive.EXAMPLE)(archive.archive)
app.add_typer(backfill.app, name="backfill")
app.command(epilog=status.EXAMPLE)(status.status)
app.command(epilog=review.EXAMPLE)(review.review)
app.command(epilog=requeue.EXAMPLE)(requeue.requeue)
app.add_typer(policy.app, name="policy")
app.command(epilog=bundle.EXAMPLE)(bundle.bundle)
app.command(epilog=metrics.EXAMPLE)(metrics.metrics)
app.command(epilog=health.EXAMPLE)(health.health)
app.command(epilog=seal.EXAMPLE)(seal.seal)
app.command(epilog=reconcile.EXAMPLE)(reconcile.reconcile)
app.command(epilog=verify.EXAMPLE)(verify.verify)
app.add_typer(log.app, name="log")
app.add_typer(index.app, name="index")
app.command(epilog=restore.EXAMPLE)(restore.restore)
app.command(epilog=retrieve.EXAMPLE)(retrieve.retrieve)
app.add_typer(hold.app, name="hold")
app.command(epilog=custody.EXAMPLE)(custody.custody)
app.add_typer(disposition.app, name="disposition")
app.add_typer(erasure.app, name="erasure")
app.add_typer(user.app, name="user")
app.add_typer(api_key.app, name="api-key")
app.command(epilog=drain.EXAMPLE)(drain.drain)
app.command(epilog=doctor.EXAMPLE)(doctor.doctor)


def run_process() -> int:
    """Run the command that this process was started with; its exit code."""
    _quieten_libraries()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a ✓ must not end the command where the locale can't show it
        sys.stdout.reconfigure(errors="replace")
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what went wrong is one line on stderr."""
    try:
        exit_code = _invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # what is still buffered has no reader; without this the interpreter would complain about it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return exit_code


def _invoke(arguments: Sequence[str]) -> int:
    command = typer.main.get_command(app)
    try:
        # not `app()`, which would print its own errors, over several lines and in boxes
        with command.make_context("strongroom", list(arguments) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as ending:
        return ending.exit_code
    except (StrongroomError, SettingsInvalid) as error:
        return _refused(str(error), error.exit_code)
    except typer.TyperException as error:
        return _refused(f"{error.format_message().rstrip('.')}{_see_help(error)}", EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    return 0


def _refused(reason: str, exit_code: int) -> int:
    print(f"strongroom: {' '.join(reason.split())}", file=sys.stderr)  # noqa: T201
    return exit_code


def _see_help(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see {context.command_path} --help)" if context else ""


def _quieten_libraries() -> None:
    """Libraries' warnings (a connection lost, tried again) are for a worker's log; here the outcome is one line."""
    logging.getLogger().addHandler(logging.NullHandler())
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
