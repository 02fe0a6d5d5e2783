"""Results of recounts in the vault, `evidence/recounts/{day}/{number}.json`: put once each, and a leaf of the log."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from strongroom.canonical import canonical_json
from strongroom.evidence.entries import RecountEntry
from strongroom.evidence.errors import ProofRefused
from strongroom.house import House
from strongroom.ledger.evidence_objects import EvidenceObject
from strongroom.ledger.recounts import Recount, recounts_not_logged
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.times import parse_instant
from strongroom.vault.evidence_keys import recount_key

KIND = "recount"


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
