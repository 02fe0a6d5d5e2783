"""`strongroom bundle`."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.operator import operator
from cli.output import count, open_console, print_json
from strongroom.house import new_instance, open_house
from strongroom.ledger.revision import require_current_schema
from strongroom.pipeline.bundle import make_bundle

EXAMPLE = "Example: strongroom bundle 0a8bd5e2-… -o subpoena-17.zip --reason 'Subpoena 17'"

ConversationsArgument = Annotated[
    list[UUID], typer.Argument(metavar="CONVERSATION…", help="Ids of conversations.", show_default=False)
]
OutputOption = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="A new ZIP file.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes on the record.")]


def bundle(
    conversations: ConversationsArgument, output: OutputOption, reason: ReasonOption, as_json: AsJson = False
) -> None:
    """Write conversations, with all that proves them, into a file to hand over.

    A BagIt bag in a ZIP: the records, their manifests, inclusion proofs, the signed checkpoint with its timestamp, a
    cover report with the custody chain, and a script of one page that checks it all without Strongroom. Every file is
    hashed while it is copied; one that is not what was archived stops it. Who made it, and why, goes on the record.
    """
    if not reason.strip():
        raise typer.BadParameter("it can't be blank", param_hint="--reason")
    house = open_house(settings_of_process(), new_instance())
    try:
        require_current_schema(house.engine)
        made = make_bundle(house, conversations, output, operator(), reason.strip())
    finally:
        house.engine.dispose()
    if as_json:
        print_json(
            {
                "path": str(made.path),
                "sha256": made.sha256,
                "conversations": made.conversations,
                "files": made.files,
                "size_bytes": made.size_bytes,
                "checkpoint_size": made.checkpoint_size,
                "timestamped": made.timestamped,
            }
        )
        return
    console = open_console()
    console.print(f"{made.path}: {count(made.conversations, 'conversation')}, {count(made.files, 'file')}")
    console.print(f"SHA-256 {made.sha256}")
    if not made.timestamped:
        console.print("its checkpoint has no timestamp yet; a bundle made later will have one")
    console.print(f"check it: unzip {made.path} && python3 {made.path.stem}/data/verify.py")
