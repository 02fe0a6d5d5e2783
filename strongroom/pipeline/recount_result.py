"""The result of a recount, one JSON object. Its format is docs/format.md's.

It holds ids, counts and digests, and the reasons that manifests tell.
"""

from dataclasses import dataclass
from datetime import timedelta

from strongroom import __version__
from strongroom.canonical import canonical_json
from strongroom.house import House
from strongroom.ledger.activity import ActivityRead
from strongroom.ledger.recounts import (
    conversations_of,
    count_lines,
    differing,
    unknown_to_job,
    vanished_since,
)
from strongroom.pipeline.recount_extract import Extract
from strongroom.pipeline.recount_named import MOST_NAMED, Named, named
from strongroom.pipeline.recount_sessions import Sessions
from strongroom.pipeline.recount_store import KIND
from strongroom.pipeline.recount_vault import VaultSide
from strongroom.times import format_instant, start_of

_OF_LINES = ("missed", "broughtBack", "endedLater", "otherEnd", "changed")


@dataclass(frozen=True)
class Result:
    """What a recount found: its document's bytes, and the two numbers everybody asks for."""

    document: bytes
    conversations: int
    differences: int


def result_of(house: House, read: ActivityRead, extract: Extract, vault: VaultSide, sessions: Sessions) -> Result:
    """Put together what was counted; the differences that were mended are those that were found before it."""
    differences = _differences(house, read, extract, vault, sessions)
    held, ended = count_lines(
        house.engine, read.day, extract.job_id, start_of(read.day), start_of(read.day + timedelta(days=1))
    )
    found = sum(one.count for one in differences.values()) + extract.unreadable
    document = {
        "kind": KIND,
        "day": read.day.isoformat(),
        "number": read.number,
        "countedAt": format_instant(read.taken_at),
        "pipelineVersion": __version__,
        "conversations": ended,
        "differencesFound": found,
        "genesys": {
            "jobId": extract.job_id,
            "dataAvailabilityDate": extract.available_until and format_instant(extract.available_until),
            "pages": extract.pages,
            "cursorsSha256": extract.cursors_sha256,
            "withActivity": held,
            "unreadable": extract.unreadable,
        },
        "ledger": {"conversations": conversations_of(house.engine, read.day)},
        "vault": {"conversations": vault.conversations, "objects": vault.objects},
        "sessions": {
            "recorded": sessions.recorded,
            "stored": sessions.stored,
            "underWay": sessions.under_way,
            "explained": sessions.explained.document(),
        },
        "differences": {kind: one.document() for kind, one in differences.items()},
    } | ({"trial": True} if house.settings.trial else {})
    return Result(canonical_json(document), ended, found)


def _differences(
    house: House, read: ActivityRead, extract: Extract, vault: VaultSide, sessions: Sessions
) -> dict[str, Named]:
    found = {kind: Named() for kind in _OF_LINES}
    for lines in differing(house.engine, read.day, _OF_LINES):
        for line in lines:
            if line.difference is not None:
                end = None if line.conversation_end is None else format_instant(line.conversation_end)
                found[line.difference].add({"conversationId": str(line.conversation_id), "conversationEnd": end})
    unknown, ids = unknown_to_job(house.engine, read.day, extract.job_id, MOST_NAMED)
    vanished, rows = vanished_since(house.engine, read.day, read.wanted_at, MOST_NAMED)
    return found | {
        "unknownToGenesys": named(unknown, [{"conversationId": str(one)} for one in ids]),
        "notInVault": named(
            vanished,
            [
                {
                    "conversationId": str(row.conversation_id),
                    "revision": row.revision,
                    "key": row.key,
                    "versionId": row.version_id,
                }
                for row in rows
            ],
        ),
        "deleteMarkers": vault.delete_markers,
        "unknownToLedger": vault.unknown,
        "sessionsWithoutMedia": sessions.unexplained,
    }
