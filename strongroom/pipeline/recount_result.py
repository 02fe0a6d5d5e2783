"""The result of a recount: an object in the vault, `evidence/recounts/{day}/{number}.json`, and a leaf of the log.

Its format is docs/evidence.md's. It holds ids, counts and digests, and the reasons that manifests tell.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from strongroom import __version__
from strongroom.canonical import canonical_json
from strongroom.evidence.entries import RecountEntry
from strongroom.evidence.errors import ProofRefused
from strongroom.house import House
from strongroom.ledger.activity import ActivityRead
from strongroom.ledger.evidence_objects import EvidenceObject
from strongroom.ledger.recounts import (
    Recount,
    conversations_of,
    count_lines,
    differing,
    recounts_not_logged,
    unknown_to_job,
    vanished_since,
)
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.pipeline.recount_extract import Extract
from strongroom.pipeline.recount_named import MOST_NAMED, Named, named
from strongroom.pipeline.recount_sessions import Sessions
from strongroom.pipeline.recount_vault import VaultSide
from strongroom.times import format_instant, parse_instant, start_of
from strongroom.vault.evidence_keys import recount_key

KIND = "recount"
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


def store_recount(house: House, recount: Recount) -> EvidenceObject:
    """Make a result stand in the vault, once however often. Raises the vault's and the ledger's errors."""
    return store_evidence(
        house,
        KIND,
        recount_key(recount.day, recount.number),
        recount.document,
        content_type="application/json",
        day=recount.day,
    )


def recount_entries(house: House) -> list[RecountEntry]:
    """The entries of those results that stand in the vault and are not in the log yet, the first day first."""
    return [
        RecountEntry(
            trial=house.settings.trial,
            key=stored.key,
            version_id=stored.standing_version,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            day=one.day,
            number=one.number,
            conversations=one.conversations,
            differences=one.differences,
        )
        for one in recounts_not_logged(house.engine)
        for stored in [store_recount(house, one)]
    ]


def read_result(content: bytes, where: str) -> Mapping[str, Any]:
    """A result as it stands. Raises ProofRefused when the bytes are not one."""
    try:
        document = json.loads(content)
        if document["kind"] == KIND and canonical_json(document) == content:
            return dict(document)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise ProofRefused("not the result of a recount", where=where, expected="its JSON", found="something else")


def recount_row(day: date, number: int, content: bytes, written_at: datetime) -> dict[str, Any]:
    """The ledger's row of a result that stands in the vault. Raises ProofRefused."""
    where = recount_key(day, number)
    told = read_result(content, where)
    if (told.get("day"), told.get("number")) != (day.isoformat(), number):
        raise ProofRefused(
            "a result stands at another's key", where=where, expected=f"{day}, {number}", found="another day or number"
        )
    return {
        "day": day,
        "number": number,
        "counted_at": parse_instant(told["countedAt"]),
        "conversations": told["conversations"],
        "differences": told["differencesFound"],
        "document": content.decode(),
        "reconciled_at": written_at,
    }
