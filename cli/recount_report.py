"""A day's recount: whether it is reconciled, what the last one found, and what the next one waits for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cli.output import count, instant, json_instant, printable
from strongroom.ledger.activity import ReadState, read_state
from strongroom.ledger.engine import Engine
from strongroom.ledger.log import is_logged
from strongroom.ledger.recounts import Recount, latest_recount
from strongroom.vault.evidence_keys import recount_key

_WORDS = {
    "missed": "in Genesys, not in the ledger: archived now",
    "broughtBack": "in the vault, lost from the ledger: brought back",
    "endedLater": "ended later than the ledger knew: archived now",
    "otherEnd": "ended otherwise than Genesys says now",
    "changed": "changed since: a revision of it is archived",
    "unknownToGenesys": "in the ledger, not in Genesys's extract",
    "notInVault": "objects that do not stand in the vault: archived again",
    "deleteMarkers": "keys under a delete marker: their data stands",
    "unknownToLedger": "objects in the vault that nobody knows",
    "sessionsWithoutMedia": "recorded sessions with nothing stored and no reason: archived once more",
}
_NAMED = 5


@dataclass(frozen=True)
class RecountReport:
    """The last result, whether the log holds it, and how far the read is."""

    last: Recount | None = None
    logged: bool = False
    read: ReadState | None = None

    @property
    def under_way(self) -> bool:
        """A recount was asked for and is not finished."""
        return self.read is not None and self.read.state != "read"


def recount_of(engine: Engine, day: date) -> RecountReport:
    """Read one day's. Raises LedgerUnreachable."""
    last = latest_recount(engine, day)
    return RecountReport(
        last, last is not None and is_logged(engine, f"recount/{day}/{last.number}"), read_state(engine, day)
    )


def recount_document(report: RecountReport) -> dict[str, object] | None:
    """It for machines; docs/commands.md has the keys. None: nobody asked for one yet."""
    last, read = report.last, report.read
    if last is None and read is None:
        return None
    return {
        "at": last and json_instant(last.reconciled_at),
        "recount": last and last.number,
        "key": last and recount_key(last.day, last.number),
        "logged": report.logged,
        "result": last and json.loads(last.document),
        "state": read and read.state,
        "cause": read and read.cause,
    }


def recount_lines(report: RecountReport) -> list[str]:
    """It for people, a line each; what is not as it should be begins with an exclamation mark."""
    lines = [] if report.last is None else _lines_of(report.last, logged=report.logged)
    if report.under_way and report.read is not None:
        lines.append(f"recount {report.read.number} is {report.read.state}: {printable(report.read.cause)}")
    return lines or ["not yet: the next sweep asks for it"]


def _lines_of(last: Recount, *, logged: bool) -> list[str]:
    result = json.loads(last.document)
    where = "in the log" if logged else "waits for the next checkpoint"
    lines = [
        f"recount {last.number} of {instant(last.counted_at)}: {count(last.conversations, 'conversation')} in Genesys,"
        f" {count(last.differences, 'difference')}; {where}"
    ]
    for kind, words in _WORDS.items():
        found = result["differences"][kind]
        if found["count"]:
            lines.append(f"! {found['count']:,} {words}{_first(found)}")
    if result["genesys"]["unreadable"]:
        lines.append(f"! {result['genesys']['unreadable']:,} records that can't be read; see the worker's log")
    if (explained := result["sessions"]["explained"])["count"]:
        lines.append(f"{count(explained['count'], 'recorded session')} with nothing stored, each with its reason")
    return lines


def _first(found: Mapping[str, list[Mapping[str, object]]]) -> str:
    names = list(dict.fromkeys(str(one.get("conversationId") or one.get("key")) for one in found["named"]))
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f" ({', '.join(names[:_NAMED])}{more})" if names else ""
