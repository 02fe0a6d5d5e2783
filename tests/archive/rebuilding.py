"""A ledger that was made anew from the vault, held against the one that was lost."""

from collections.abc import Callable

from archives import Archive

from strongroom.pipeline.rebuild import Rebuilt, rebuild

NewLedger = Callable[[Archive], Archive]
"""What the fixture `new_ledger` is."""

# What only the ledger knew: when work was due and who did it, what the policy decided beside what a manifest tells,
# when Genesys was asked to restore. docs/format.md has the whole list.
LOST = {
    "conversations": {
        "state_at", "first_seen_at", "due_at", "enqueued_at", "lease_owner", "lease_until", "attempts", "deadline_at",
        "decision", "retain_until", "indexed_at", "batch_id", "batch_asks",
    },
    "recordings": {
        "state_at", "first_seen_at", "due_at", "enqueued_at", "lease_owner", "lease_until", "attempts", "deadline_at",
        "restore_asked_at", "duration_s",
    },
    "objects": {"object_id", "stored_at"},
    "log_entries": {"appended_at"},
    "checkpoints": {"created_at", "timestamp_stored_at", "witnessed_at"},
    "evidence_objects": {"intended_at", "stored_at"},
    "sealed_days": {"sealed_at"},
    "custody_events": set(),
    "custody_days": set(),
}  # fmt: skip


def rebuilt(archive: Archive) -> Rebuilt:
    """Rebuild, telling nobody of the progress."""
    return rebuild(archive.house, lambda revisions: None)


_IDENTITY = ("conversation_id", "revision", "recording_id", "key", "leaf_index", "size", "position", "day")


def table(archive: Archive, name: str) -> list[dict[str, object]]:
    """A table's rows without what does not come back, by what identifies them."""
    rows = [dict(row._mapping) for row in archive.rows(f"SELECT * FROM {name}")]
    return sorted(
        (
            {column: value for column, value in row.items() if column not in LOST[name]}
            for row in rows
            if row.get("state") != "review" or name != "conversations"
        ),
        key=lambda row: [str(row.get(column)).rjust(20) for column in _IDENTITY],
    )


def differing(anew: Archive, archive: Archive) -> set[tuple[str, str, str, str]]:
    """Table, column and both values, wherever a rebuilt ledger tells something else than the one that was lost."""
    return {
        (name, column, str(ours), str(theirs))
        for name in LOST
        for one, other in zip(table(anew, name), table(archive, name), strict=True)
        for (column, ours), theirs in zip(one.items(), other.values(), strict=True)
        if ours != theirs
    }


def everything(archive: Archive) -> dict[str, int]:
    """Every key in the bucket with how many versions and markers it has."""
    found: dict[str, int] = {}
    for page in archive.house.store.patient.get_paginator("list_object_versions").paginate(Bucket=archive.bucket):
        for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            found[one["Key"]] = found.get(one["Key"], 0) + 1
    return found
