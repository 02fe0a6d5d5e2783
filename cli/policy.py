"""`strongroom policy …`."""

import typer

from cli import policy_check, policy_explain

app = typer.Typer(help="The retention policy: is it valid, what does it decide.", rich_markup_mode=None)
app.command(epilog=policy_check.EXAMPLE)(policy_check.check)
app.command(epilog=policy_explain.EXAMPLE)(policy_explain.explain)
