"""`strongroom policy …`."""

import typer

from cli import policy_apply, policy_check, policy_document, policy_explain, policy_what_if

app = typer.Typer(
    help="The retention policy: is it valid, what does it decide, what would another change.", rich_markup_mode=None
)
app.command(epilog=policy_check.EXAMPLE)(policy_check.check)
app.command(epilog=policy_explain.EXAMPLE)(policy_explain.explain)
app.command("what-if", epilog=policy_what_if.EXAMPLE)(policy_what_if.what_if)
app.command(epilog=policy_apply.EXAMPLE)(policy_apply.apply)
app.command(epilog=policy_document.EXAMPLE)(policy_document.document)
