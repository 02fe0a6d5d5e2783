"""`strongroom health`."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import open_console, print_json
from strongroom.errors import Misconfigured, Unreachable

EXAMPLE = "Example: strongroom health --live"

LiveOption = Annotated[bool, typer.Option("--live", help="Only whether the process works, not what it needs.")]
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing listens here
_PATIENCE_S = 15.0


def health(live: LiveOption = False, as_json: AsJson = False) -> None:
    """Ask the worker, Beat or desk on this machine whether it is well: for a container's health check.

    It is asked at STRONGROOM_METRICS_PORT. Exit code 0: well; 1: not; 3: it does not answer.
    """
    settings = settings_of_process()
    port = settings.metrics_port
    if port is None:
        raise Misconfigured(
            "no process serves its health", where="STRONGROOM_METRICS_PORT", todo="give each process a port of its own"
        )
    host = _ANY_ADDRESS.get(settings.metrics_host, settings.metrics_host)
    connection = HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/health/live" if live else "/health/ready")
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(
            f"the process does not answer: {type(error).__name__}",
            where=f"{host}:{port}",
            todo="start it, or restart it",
        ) from error
    finally:
        connection.close()
    if as_json:
        print_json(answer)
    else:
        for name, well in answer.items():
            open_console().print(f"{'✓' if well else '✗'} {name}")
    raise typer.Exit(0 if response.status == 200 else 1)
