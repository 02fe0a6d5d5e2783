"""`strongroom vault …`."""

import typer

from cli import vault_check, vault_cost, vault_create, vault_iam

app = typer.Typer(help="The bucket that records are locked in.", rich_markup_mode=None)
app.command(epilog=vault_create.EXAMPLE)(vault_create.create)
app.command(epilog=vault_check.EXAMPLE)(vault_check.check)
app.command(epilog=vault_cost.EXAMPLE)(vault_cost.cost)
app.command(epilog=vault_iam.EXAMPLE)(vault_iam.iam)
