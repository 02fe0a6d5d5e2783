"""The RFC 3161 timestamps in the vault: over the checkpoint's bytes, by a known authority, at a time that can be."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from strongroom.evidence.checkpoints import Checkpoint
from strongroom.evidence.entries import CustodyEntry, DayEntry
from strongroom.evidence.findings import MISSING, WRONG
from strongroom.evidence.timestamps import MOST_SKEW, Timestamp, TimestampRefused, verify_timestamp
from strongroom.ledger.checkpoints import find_checkpoint
from strongroom.pipeline.timestamping import timestamp_roots
from strongroom.pipeline.verify.checkpoints import SealedLog
from strongroom.pipeline.verify.entries import entry_at
from strongroom.pipeline.verify.reading import EvidenceReader
from strongroom.times import format_instant, start_of, utc_now
from strongroom.vault.evidence_keys import TIMESTAMPS_PREFIX, checkpoint_key, timestamp_chain_key, timestamp_key
from strongroom.vault.listing import listed_below


def check_timestamps(reader: EvidenceReader, log: SealedLog) -> int:
    """Verify each checkpoint's timestamp; how many hold.

    Raises Misconfigured when there are timestamps and no roots to verify them against; the vault's and the ledger's.
    """
    wanted = reader.house.settings.timestamp_url is not None
    standing = {listed.key for listed in listed_below(reader.house.store, TIMESTAMPS_PREFIX)}
    if not standing and not wanted:
        return 0
    held, before = 0, None
    for checkpoint in log.checkpoints:
        key = timestamp_key(checkpoint.size)
        row = find_checkpoint(reader.house.engine, checkpoint.size)
        if key not in standing and (row is None or row.timestamp_stored_at is None):
            if wanted:
                _tell_none(reader, checkpoint, None if row is None else row.timestamp_error)
            continue
        timestamp = _verified(reader, checkpoint)
        if timestamp is None:
            continue
        if _at_a_possible_time(reader, log, checkpoint, timestamp, before):
            held += 1
            before = timestamp.at
        if row is not None and row.timestamp_at != timestamp.at:
            reader.findings.tell(
                WRONG,
                "the ledger has another time for it",
                reader.where(key),
                expected=format_instant(timestamp.at),
                found="none" if row.timestamp_at is None else format_instant(row.timestamp_at),
                key=key,
            )
    _tell_orphans(reader, log, sorted(standing))
    return held


def _verified(reader: EvidenceReader, checkpoint: Checkpoint) -> Timestamp | None:
    key, chain_key = timestamp_key(checkpoint.size), timestamp_chain_key(checkpoint.size)
    note, response, chain = (reader.read(one) for one in (checkpoint_key(checkpoint.size), key, chain_key))
    if note is None or response is None:
        return None
    try:
        timestamp = verify_timestamp(response.body, note.body, timestamp_roots(reader.house))
    except TimestampRefused as refused:
        reader.findings.tell(
            WRONG,
            "the timestamp does not hold",
            reader.where(key),
            expected="a token over this checkpoint by a known authority",
            found=refused.what,
            key=key,
        )
        return None
    if chain is not None and chain.body != timestamp.chain.encode() and not reader.findings.is_about(chain_key):
        reader.findings.tell(
            WRONG,
            "it is not the chain that the timestamp is verified with",
            reader.where(chain_key),
            expected="the authority's certificates",
            found="others",
            key=chain_key,
        )
    return timestamp


def _at_a_possible_time(
    reader: EvidenceReader, log: SealedLog, checkpoint: Checkpoint, timestamp: Timestamp, before: datetime | None
) -> bool:
    earliest = max(filter(None, (before, _newest_entry_at(reader, log, checkpoint))), default=None)
    key, now = timestamp_key(checkpoint.size), utc_now()
    if earliest is not None and timestamp.at < earliest - MOST_SKEW:
        what, expected = "the timestamp is too early", f"{format_instant(earliest)} or later"
    elif timestamp.at > now + MOST_SKEW:
        what, expected = "the timestamp is in the future", f"{format_instant(now)} or earlier"
    else:
        return True
    reader.findings.tell(WRONG, what, reader.where(key), expected=expected, found=format_instant(timestamp.at), key=key)
    return False


def _newest_entry_at(reader: EvidenceReader, log: SealedLog, checkpoint: Checkpoint) -> datetime | None:
    """What the last entry belongs to is over when it is sealed."""
    if log.newest is None or (found := entry_at(reader, log.newest, checkpoint.size - 1)) is None:
        return None
    entry = found[0]
    day: date | None = entry.day
    if day is None:
        return None
    return start_of(day + timedelta(days=1)) if isinstance(entry, CustodyEntry | DayEntry) else start_of(day)


def _tell_none(reader: EvidenceReader, checkpoint: Checkpoint, reason: str | None) -> None:
    reader.findings.tell(
        MISSING,
        "the checkpoint has no timestamp",
        reader.where(checkpoint_key(checkpoint.size)),
        expected="a timestamp of the configured authority",
        found=reason or "none yet",
    )


def _tell_orphans(reader: EvidenceReader, log: SealedLog, standing: Sequence[str]) -> None:
    known = {key for size in log.sizes for key in (timestamp_key(size), timestamp_chain_key(size))}
    for key in standing:
        if key not in known:
            reader.findings.tell(
                MISSING,
                "there is no checkpoint for this timestamp",
                reader.house.store.where(key),
                expected="a checkpoint of that size",
                found="none",
                key=key,
            )
