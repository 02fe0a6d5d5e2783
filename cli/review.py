"""`strongroom review`."""

from cli.arguments import AsJson, OfConversation, OfDay, WithKind, WithReason
from cli.connections import ledger, settings_of_process
from cli.output import count, open_console, print_json
from cli.rows import as_document, print_rows
from strongroom.ledger.review import Selection, of_kind, review_list

EXAMPLE = "Example: strongroom review --day 2025-05-14 --reason 'not ready'"


def review(
    day: OfDay = None,
    conversation: OfConversation = None,
    reason: WithReason = None,
    kind: WithKind = None,
    as_json: AsJson = False,
) -> None:
    """List what a person must look at, and why.

    The longest waiting comes first. Nothing on it is lost: put rows back to work with `strongroom requeue` once the
    reason is dealt with.
    """
    selection = Selection(conversation_id=conversation, first_day=day, last_day=day, reason=reason)
    with ledger(settings_of_process()) as engine:
        rows = review_list(engine, selection)
        chosen = of_kind(selection, kind, rows)
        rows = rows if kind is None else review_list(engine, chosen)
    if as_json:
        print_json({"rows": [as_document(row) for row in rows]})
        return
    console = open_console()
    if not rows:
        console.print("nothing is in review" if chosen == Selection() else "nothing chosen is in review")
        return
    print_rows(console, rows)
    console.print(f"{count(len(rows), 'row')} in review")
    console.print(
        "put back to work with: strongroom requeue --conversation ID  (or --recording, --day, --reason, --kind, --all)"
    )
