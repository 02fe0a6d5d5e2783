"""`strongroom verify`."""

import re
from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from cli.arguments import AsJson, known_day, require_order
from cli.connections import settings_of_process
from cli.operator import operator
from cli.output import count, open_console, print_json, printable
from strongroom.evidence.findings import PROMISES
from strongroom.house import new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.pipeline.verify.run import Verified
from strongroom.pipeline.verify.run import verify as verify_vault
from strongroom.pipeline.verify.scope import Depth, Scope

EXAMPLE = "Example: strongroom verify yesterday --depth hashed"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|today|yesterday")


def _depth(text: str) -> Depth:
    try:
        return Depth[text.upper()]
    except KeyError:
        raise typer.BadParameter(f"{text!r} is none of listed, hashed, proven") from None


WhatArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CONVERSATION...|DAY]", help="Conversations by id, or a day (UTC).", show_default=False),
]
ToOption = Annotated[
    date | None,
    typer.Option("--to", metavar="DAY", parser=known_day, help="The last day, with a first one.", show_default=False),
]
AllOption = Annotated[bool, typer.Option("--all", help="Everything there is.")]
DepthOption = Annotated[
    str, typer.Option("--depth", metavar="DEPTH", help="listed, hashed or proven, each with the one before.")
]


def verify(
    what: WhatArgument = None,
    to: ToOption = None,
    everything: AllOption = False,
    depth: DepthOption = str(Depth.PROVEN),
    as_json: AsJson = False,
) -> None:
    """Verify that the vault holds what was archived: a conversation, a day, a range of days or everything.

    listed: vault, ledger, manifests and log agree. hashed: every byte is read and hashed as well. proven: and the log's
    proofs, signatures and timestamps hold, the custody chain and the witness too. A line for each finding, with the
    promise it breaks. Nothing is written to the vault; that it was verified, and by whom, is on the record. Exit code
    0: it holds; 1: findings.
    """
    scope, how_deep = _scope(what or [], to, everything=everything), _depth(depth)
    house = open_house(settings_of_process(), new_instance())
    try:
        require_current_schema(house.engine)
        done = verify_vault(house, scope, how_deep, operator())
    finally:
        house.engine.dispose()
    if as_json:
        print_json(_document(done))
    else:
        _print(done)
    raise typer.Exit(1 if done.findings else 0)


def _scope(what: list[str], to: date | None, *, everything: bool) -> Scope:
    if everything == bool(what):
        raise typer.BadParameter("name conversations or a day, or say --all")
    if everything:
        if to is not None:
            raise typer.BadParameter("--to goes with a first day, not with --all")
        return Scope()
    if len(what) == 1 and _DAY.fullmatch(what[0]):
        first = known_day(what[0])
        last = to or first
        require_order(first, last)
        return Scope(first=first, last=last)
    if to is not None:
        raise typer.BadParameter("--to goes with one first day")
    return Scope(tuple(dict.fromkeys(map(_conversation, what))))


def _conversation(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither a conversation's id nor a day as YYYY-MM-DD") from None


def _document(done: Verified) -> dict[str, object]:
    return {
        "scope": str(done.scope),
        "depth": str(done.depth),
        "holds": not done.findings,
        "conversations": done.conversations,
        "objects": done.objects,
        "bytes_hashed": done.bytes_hashed,
        "cold": done.cold,
        "unsealed": done.unsealed,
        "checkpoints": done.checkpoints,
        "entries": done.entries,
        "timestamps": done.timestamps,
        "custody_events": done.custody_events,
        "ended": [
            {"conversation_id": str(one.conversation_id), "revision": one.revision, "what": one.words}
            for one in done.ended
        ],
        "findings": [finding.document() for finding in done.findings],
    }


def _print(done: Verified) -> None:
    console = open_console()
    for finding in done.findings:
        whose = "" if finding.conversation_id is None else f" (conversation {finding.conversation_id})"
        console.print(
            printable(
                f"finding: {finding.what} [{finding.where}]{whose}: expected {finding.expected}, found {finding.found};"
                f" breaks promise {finding.promise}, {PROMISES[finding.promise]}"
            )
        )
    looked_at = f"{count(done.conversations, 'conversation')}, {count(done.objects, 'object')}"
    if done.depth >= Depth.HASHED:
        looked_at += f", {count(done.bytes_hashed, 'byte')} hashed"
    if done.depth >= Depth.PROVEN:
        looked_at += (
            f", {count(done.checkpoints, 'checkpoint')}, {count(done.timestamps, 'timestamp')},"
            f" {count(done.custody_events, 'custody event')}"
        )
    verdict = f"{count(len(done.findings), 'finding')} in" if done.findings else f"{done.depth}, and it holds:"
    console.print(f"{done.scope}: {verdict} {looked_at}")
    if done.scope.conversations:
        for one in done.ended:
            console.print(f"conversation {one.conversation_id} revision {one.revision}: {one.words}")
    elif done.ended:
        console.print(
            f"{count(len(done.ended), 'revision')} disposed of or erased, each under a certificate that holds"
        )
    if done.unsealed:
        console.print(f"{count(done.unsealed, 'manifest')} not sealed in the log yet: not proven")
    if done.cold:
        console.print(f"{count(done.cold, 'object')} in a cold tier: not read; `strongroom restore` brings them back")
