"""`strongroom vault …`."""

from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import open_console, print_json
from strongroom.house import open_store
from strongroom.vault.provision import create_bucket

app = typer.Typer(help="The bucket that records are locked in.", rich_markup_mode=None)

RegionOption = Annotated[
    str | None,
    typer.Option(
        "--region", metavar="REGION", help="AWS region of a new bucket; the AWS configuration's if not given."
    ),
]


@app.command(epilog="Example: strongroom vault create --region eu-west-1")
def create(region: RegionOption = None, as_json: AsJson = False) -> None:
    """Make the bucket of STRONGROOM_BUCKET write-once and private.

    Object Lock from its creation, versioning, a default retention, no public access, no plain deletes. What is so
    already, or stricter, is left: run again, it changes nothing. A bucket that was made without Object Lock is refused.
    """
    store = open_store(settings_of_process())
    chosen = region or store.patient.meta.region_name
    done = create_bucket(store, chosen)
    if as_json:
        print_json({"bucket": store.bucket, "region": chosen, "done": done})
        return
    for words in done or [f"nothing to do: bucket {store.bucket} is as it must be"]:
        open_console().print(words)
