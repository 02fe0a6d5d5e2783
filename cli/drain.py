"""`strongroom drain`."""

import time
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import fleet, ledger, settings_of_process
from cli.output import count, open_console, print_json
from tasks.draining import drain as tell_to_stop
from tasks.draining import in_hand, undo

EXAMPLE = "Example: strongroom drain --timeout 600 && systemctl restart 'strongroom-*'"
_LOOK_EVERY_S = 1.0

UndoOption = Annotated[bool, typer.Option("--undo", help="Have the workers take messages again.")]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait for what is in hand.")
]


def drain(take_again: UndoOption = False, timeout_s: TimeoutOption = 900.0, as_json: AsJson = False) -> None:
    """Before a deployment: have every worker take no more, and wait until nothing is in hand.

    Then stop them; the new ones take messages by themselves. Nothing that is due is lost or forgotten, drained or not:
    this only saves the work in hand from being done again. Exit code 0: safe to stop; 1: not yet, after the timeout.
    """
    settings = settings_of_process()
    with ledger(settings) as engine, fleet(settings) as app:
        if take_again:
            nodes = undo(app, engine)
            _say(as_json, {"taking": nodes}, f"{count(len(nodes), 'worker')} told to take messages again")
            return
        nodes = tell_to_stop(app, engine)
        deadline = time.monotonic() + timeout_s
        while (left := in_hand(app, engine, nodes)) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
    told = f"{count(len(nodes), 'worker')} drained"
    if left:
        _say(as_json, {"drained": nodes, "in_hand": left}, f"{told}; {left:,} in hand still: not safe to stop yet")
        raise typer.Exit(1)
    _say(as_json, {"drained": nodes, "in_hand": 0}, f"{told}; nothing is in hand: safe to stop")


def _say(as_json: bool, document: dict[str, object], words: str) -> None:
    if as_json:
        print_json(document)
    else:
        open_console().print(words)
