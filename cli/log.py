"""`strongroom log`: the transparency log's keys, its checkpoints, and the log itself for others to read."""

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import open_console, print_json
from config.settings import Settings
from strongroom.errors import Misconfigured
from strongroom.evidence.keys import new_key_file
from strongroom.house import open_store
from strongroom.pipeline.log_export import export_log, read_checkpoint
from strongroom.pipeline.log_keys import Signers, open_signers, origin_of

app = typer.Typer(
    name="log", help="The transparency log: its keys, its checkpoints, and the log itself for others to read."
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")]
SizeOption = Annotated[int | None, typer.Option("--size", min=1, metavar="N", help="That of N leaves.")]


@app.command("new-key", epilog="Example: strongroom log new-key /etc/strongroom/log.pem")
def new_key(file: FileArgument, as_json: AsJson = False) -> None:
    """Make a key that signs the log's checkpoints: Ed25519, PKCS#8 PEM, readable by you only. Never overwrites a file.

    Keep a copy where the vault's operators can't change it: whoever has it can sign in the log's name. Name the file in
    STRONGROOM_LOG_KEY_FILE. To change keys, name the one before in STRONGROOM_LOG_OLD_KEY_FILE as well until a day has
    been sealed: that checkpoint is signed by both.
    """
    signer = new_key_file(file, origin_of(settings_of_process()))
    if as_json:
        print_json({"file": str(file), "verifier_key": str(signer.verifier_key)})
    else:
        console = open_console()
        console.print(f"made {file}; name it in STRONGROOM_LOG_KEY_FILE, and give the public key to those who verify:")
        console.print(str(signer.verifier_key), soft_wrap=True)


@app.command("public-key", epilog="Example: strongroom log public-key")
def public_key(as_json: AsJson = False) -> None:
    """Print the public key that checkpoints are verified with, as clients of transparency logs take it."""
    key = _signers(settings_of_process()).current.verifier_key
    if as_json:
        print_json({"verifier_key": str(key), "key_id": key.key_id, "origin": key.name})
    else:
        print(key)  # noqa: T201  # exactly this line, for a file


@app.command("checkpoint", epilog="Example: strongroom log checkpoint > checkpoint")
def checkpoint(size: SizeOption = None) -> None:
    """Print the newest checkpoint, or that of a size, as it stands in the vault: a signed note, byte for byte."""
    typer.echo(read_checkpoint(open_store(settings_of_process()), size), nl=False)


@app.command("export", epilog="Example: strongroom log export /tmp/log")
def export(folder: FolderArgument, as_json: AsJson = False) -> None:
    """Write the log into a folder, as C2SP tlog-tiles lays it out, from the vault alone.

    Served by any web server it is a log that clients of transparency logs read. The tiles are held against the
    checkpoint, and the checkpoint against its key, before it is given.
    """
    settings = settings_of_process()
    exported = export_log(open_store(settings), folder, _signers(settings).keys, origin_of(settings))
    if as_json:
        print_json(
            {"folder": str(folder), "origin": exported.origin, "size": exported.size, "root": exported.root.hex()}
        )
    else:
        open_console().print(f"{exported.size:,} entries of {exported.origin}, root {exported.root.hex()}: {folder}")


def _signers(settings: Settings) -> Signers:
    signers = open_signers(settings)
    if signers is None:
        raise Misconfigured(
            "there is no key to sign the log with",
            where="STRONGROOM_LOG_KEY_FILE",
            todo="make one with `strongroom log new-key FILE`, and name it there",
        )
    return signers
