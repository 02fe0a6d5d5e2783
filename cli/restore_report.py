"""A restore as it is shown: what was asked for, when it can be read and until when, what it costs."""

from collections.abc import Sequence

from rich.console import Console

from cli.output import columns, count, instant, json_instant, printable
from strongroom.ledger.restore_objects import RestoreObject
from strongroom.pipeline.restore_outlook import RestoreStatus


def as_document(status: RestoreStatus) -> dict[str, object]:
    """One restore for machines; docs/commands.md has the keys."""
    row = status.restore
    return {
        "restore": row.restore_id,
        "conversation_id": str(row.conversation_id),
        "needed_by": json_instant(row.needed_by),
        "needed_until": json_instant(row.needed_until),
        "requester": row.requester,
        "reason": row.reason,
        "state": row.state,
        "since": json_instant(row.state_at),
        "cause": row.cause,
        "late": status.late,
        "usd": float(round(status.usd, 4)),
        "objects": [
            {
                "key": each.key,
                "version_id": each.version_id,
                "size_bytes": each.size_bytes,
                "storage_class": each.storage_class,
                "state": each.state,
                "cause": each.cause,
                "tier": each.tier,
                "asks": each.asks,
                "asked_at": json_instant(each.asked_at),
                "expected_at": json_instant(each.expected_at),
                "readable_at": json_instant(each.readable_at),
                "readable_until": json_instant(each.readable_until),
            }
            for each in row.objects
        ],
    }


def print_whole(console: Console, status: RestoreStatus) -> None:
    """One restore with every object, by its name below the conversation's folder."""
    row = status.restore
    console.print(f"conversation {row.conversation_id}")
    console.print(f"  restore {row.restore_id}, due {instant(row.needed_by)}, kept until {instant(row.needed_until)}")
    said_below = status.late is not None
    console.print(f"  {row.state} since {instant(row.state_at)}{'' if said_below else f': {printable(row.cause)}'}")
    console.print(f"  retrieval costs about ${status.usd:.4f}")
    table = columns("object", "stored in", "state", "tier", "readable")
    for each in row.objects:
        name = each.key.partition(f"{row.conversation_id}/")[2] or each.key
        table.add_row(
            printable(name), printable(each.storage_class or "–"), each.state, each.tier or "–", _readable(each)
        )
    console.print(table)
    if status.late:
        console.print(f"! {printable(status.late)}", style="yellow")


def print_listed(console: Console, statuses: Sequence[RestoreStatus]) -> None:
    """Restores, one row each, and below them what is late."""
    if not statuses:
        console.print("nothing is being restored")
        return
    table = columns("restore", "conversation", "due", "state", "readable", "cost", right=("restore", "cost"))
    for status in statuses:
        row = status.restore
        readable = sum(each.state == "readable" for each in row.objects)
        table.add_row(
            str(row.restore_id),
            str(row.conversation_id),
            instant(row.needed_by),
            row.state,
            f"{readable} of {count(len(row.objects), 'object')}",
            f"${status.usd:.4f}",
        )
    console.print(table)
    for status in statuses:
        if status.late:
            console.print(f"! restore {status.restore.restore_id}: {printable(status.late)}", style="yellow")


def _readable(each: RestoreObject) -> str:
    if each.state == "readable":
        return "now" if each.readable_until is None else f"now, until {instant(each.readable_until)}"
    if each.state == "asked" and each.expected_at is not None:
        return f"by {instant(each.expected_at)}"
    return printable(each.cause) or "–"
