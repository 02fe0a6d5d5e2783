"""The log, its checkpoints and the custody chain, read back from the vault into a new ledger; each proven first."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import TypeVar

from strongroom.evidence.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from strongroom.evidence.custody import BEFORE_THE_FIRST, read_line, split_lines, verify_chain
from strongroom.evidence.entries import CustodyEntry, DayEntry, KeyEntry, parse_entry
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.merkle import Frontier, leaf_hash
from strongroom.evidence.notes import VerifierKey, parse_verifier_key
from strongroom.evidence.tiles import (
    ENTRIES,
    FULL_WIDTH,
    edge_tiles,
    parse_tile_path,
    split_entries,
    tile_at,
)
from strongroom.evidence.timestamps import TimestampRefused, load_roots, verify_timestamp
from strongroom.house import House
from strongroom.ledger.evidence_objects import EvidenceObject
from strongroom.ledger.rebuild import Rebuilding
from strongroom.pipeline.log_entries import as_new
from strongroom.pipeline.log_keys import open_signers, origin_of
from strongroom.pipeline.log_tiles import leaves_under
from strongroom.pipeline.recount_store import recount_row
from strongroom.vault.errors import NotStored, VaultRefused
from strongroom.vault.evidence_keys import (
    CERTIFICATES_PREFIX,
    CHECKPOINTS_PREFIX,
    CUSTODY_PREFIX,
    KEYS_PREFIX,
    LOG_PREFIX,
    POLICIES_PREFIX,
    TIMESTAMPS_PREFIX,
    checkpoint_key,
    checkpoint_size,
    custody_key,
    recount_of,
    tile_key,
    timestamp_chain_key,
    timestamp_key,
)
from strongroom.vault.findings import Finding
from strongroom.vault.listing import Listed, listed_below, read_whole

_BATCH = 1_000
_KINDS = (
    (re.compile(re.escape(CHECKPOINTS_PREFIX) + "[0-9]{20}"), "checkpoint"),
    (re.compile(re.escape(TIMESTAMPS_PREFIX) + r"[0-9]{20}\.(tsr|pem)"), "timestamp"),
    (re.compile(re.escape(KEYS_PREFIX) + "[0-9a-f]{8}"), "key"),
    (re.compile(re.escape(POLICIES_PREFIX) + r"[0-9a-f]{64}\.yaml"), "policy"),
    (re.compile(re.escape(CERTIFICATES_PREFIX) + r"[1-9][0-9]*\.json"), "certificate"),
    (re.compile(re.escape(POLICIES_PREFIX) + r"[0-9a-f]{64}\.md"), "policy document"),
)
_UNREADABLE = (ProofRefused, NotStored, VaultRefused, TimestampRefused)

Note = Callable[[Finding], None]


def rebuild_log(house: House, ledger: Rebuilding, pool: Executor, note: Note) -> int:
    """Read back all below `evidence/`; how many objects. What can't be read is noted, and the rest goes on."""
    standing = {listed.key: listed for listed in listed_below(house.store, "evidence/")}
    sizes = sorted(size for key in standing if (size := checkpoint_size(key)) is not None)
    served = _served(sizes)
    known = 0
    for batch in batches(standing.values(), _BATCH):
        described = pool.map(lambda listed: _described(house, listed, sizes, served), batch)
        rows = [row for row in described if isinstance(row, EvidenceObject)]
        ledger.evidence(rows)
        known += len(rows)
        for listed in batch:
            if _kind(listed.key) is None:
                note(_alien(house, listed.key))
    custody: dict[date, CustodyEntry] = {}
    try:
        with ledger.or_nothing():
            custody = _entries(house, ledger, standing, sizes, note)
    except _UNREADABLE as error:
        note(
            Finding("log", str(error), house.store.where(LOG_PREFIX), "find out what changed; nothing is sealed on it")
        )
    _custody(house, ledger, standing, custody, note)
    _recounts(house, ledger, standing, note)
    return known


def _served(sizes: list[int]) -> dict[str, tuple[int, int]]:
    """The leaves whose proof rests on each tile of a right edge: those of every checkpoint it was the edge of."""
    served: dict[str, tuple[int, int]] = {}
    for old_size, size in zip([0, *sizes], sizes, strict=False):
        for tile in edge_tiles(size):
            first, last = leaves_under(tile)
            before = served.get(tile_key(tile.path), (first, last))
            served[tile_key(tile.path)] = (min(*before, first, old_size), max(*before, last, size - 1))
    return served


def _kind(key: str) -> str | None:
    """The kind of an object of the evidence, by its key; None: it is none of ours."""
    if key.startswith(f"{LOG_PREFIX}tile/"):
        try:
            return "entries" if parse_tile_path(key.removeprefix(LOG_PREFIX)).level == ENTRIES else "tile"
        except ProofRefused:
            return None
    for pattern, kind in _KINDS:
        if pattern.fullmatch(key):
            return kind
    if recount_of(key) is not None:
        return "recount"
    return "custody" if _custody_day(key) else None


def _described(
    house: House, listed: Listed, sizes: list[int], served: Mapping[str, tuple[int, int]]
) -> EvidenceObject | None:
    """The row of an object: its bytes hashed, its type and lock as the store says them."""
    kind = _kind(listed.key)
    if kind is None:
        return None
    found = house.store.describe(listed.key, listed.version_id)
    if found.lock is None:
        return None
    row = EvidenceObject(
        key=listed.key,
        kind=kind,
        size_bytes=listed.size_bytes,
        sha256=house.store.sha256_of(listed.key, listed.version_id),
        content_type=found.content_type,
        lock_mode=found.lock.mode.value,
        retain_until=found.lock.retain_until,
        version_id=listed.version_id,
        day=_day_of(listed.key),
    )
    if kind in {"tile", "entries"}:
        leaves = leaves_under(parse_tile_path(listed.key.removeprefix(LOG_PREFIX)))
    elif kind in {"checkpoint", "timestamp"}:
        size = int(listed.key.rpartition("/")[2].partition(".")[0])
        leaves = (max((one for one in sizes if one < size), default=0), size - 1)
    else:
        return row
    first, last = served.get(listed.key, leaves)
    return replace(row, first_leaf=first, last_leaf=last)


def _entries(
    house: House, ledger: Rebuilding, standing: Mapping[str, Listed], sizes: list[int], note: Note
) -> dict[date, CustodyEntry]:
    """The entries up to the newest checkpoint, and every checkpoint, whose root they are seen to lead to.

    Returns what the log says of custody days. Raises ProofRefused, NotStored.
    """
    custody: dict[date, CustodyEntry] = {}
    if not sizes:
        return custody
    keys: list[VerifierKey] = []
    frontier, waiting, days = Frontier(), list(sizes), list[DayEntry]()
    for entries in _bundles(house, standing, sizes[-1]):
        first = frontier.size
        parsed = [parse_entry(entry) for entry in entries]
        ledger.entries(first, [as_new(entry) for entry in parsed])
        for document, entry in zip(entries, parsed, strict=True):
            frontier.extend([leaf_hash(document)])
            if isinstance(entry, CustodyEntry):
                custody[entry.day] = entry
            elif isinstance(entry, KeyEntry):
                keys.append(parse_verifier_key(entry.verifier_key))
            elif isinstance(entry, DayEntry):
                days.append(entry)
            if waiting and frontier.size == waiting[0]:
                _checkpoint(house, ledger, standing, waiting.pop(0), frontier.root(), days, note)
                days.clear()
    signers = open_signers(house.settings)
    newest = read_whole(house.store, standing[checkpoint_key(sizes[-1])])
    open_checkpoint(newest, keys if signers is None else signers.keys, origin_of(house.settings))
    return custody


def _bundles(house: House, standing: Mapping[str, Listed], size: int) -> Iterator[list[bytes]]:
    for first in range(0, size, FULL_WIDTH):
        bundle = tile_at(size, ENTRIES, first)
        listed = standing.get(tile_key(bundle.path))
        if listed is None:
            raise NotStored(
                "an entry bundle of the log does not stand in the vault",
                where=house.store.where(tile_key(bundle.path)),
                todo="find out who removed it",
            )
        yield split_entries(bundle, read_whole(house.store, listed))


def _checkpoint(
    house: House,
    ledger: Rebuilding,
    standing: Mapping[str, Listed],
    size: int,
    root: bytes,
    days: Iterable[DayEntry],
    note: Note,
) -> None:
    key = checkpoint_key(size)
    content = read_whole(house.store, standing[key])
    told = parse_checkpoint(content.decode(errors="replace").rpartition("\n\n")[0] + "\n")
    wanted = Checkpoint(origin_of(house.settings), size, root)
    if told != wanted:
        raise ProofRefused(
            "the vault's entries do not lead to its checkpoint",
            where=house.store.where(key),
            expected=f"{wanted.origin}, {size}, {root.hex()}",
            found=f"{told.origin}, {told.size}, {told.root.hex()}",
        )
    written_at = house.store.standing(key).versions[0].last_modified
    row = {"size": size, "root": root.hex(), "note": content.decode(), "created_at": written_at}
    ledger.checkpoint(row | _timestamp(house, standing, size, content, note))
    for entry in days:
        ledger.sealed(entry.day, written_at, size, entry.manifests, late=entry.late)


def _timestamp(
    house: House, standing: Mapping[str, Listed], size: int, content: bytes, note: Note
) -> dict[str, object]:
    """A checkpoint's timestamp, where it stands with its certificates; else the next sealing sees to it."""
    token, chain = standing.get(timestamp_key(size)), standing.get(timestamp_chain_key(size))
    if token is None or chain is None:
        return {}
    where = house.store.where(token.key)
    pem = read_whole(house.store, chain)
    try:
        found = verify_timestamp(read_whole(house.store, token), content, load_roots(pem, where))
    except TimestampRefused as error:
        note(Finding("timestamp", str(error), where, "compare it with the witness's copy of the checkpoint"))
        return {}
    return {
        "timestamp_token": found.response,
        "timestamp_chain": pem.decode(),
        "timestamp_at": found.at,
        "timestamp_stored_at": house.store.standing(token.key).versions[0].last_modified,
    }


def _recounts(house: House, ledger: Rebuilding, standing: Mapping[str, Listed], note: Note) -> None:
    """Every result of a recount that stands, the number of days by which the next one goes on."""
    for key, listed in standing.items():
        if (named := recount_of(key)) is None:
            continue
        try:
            written_at = house.store.standing(key).versions[0].last_modified
            ledger.recounts([recount_row(*named, read_whole(house.store, listed), written_at)])
        except _UNREADABLE as error:
            note(Finding("recount", str(error), house.store.where(key), "recount the day again"))


def _custody(
    house: House,
    ledger: Rebuilding,
    standing: Mapping[str, Listed],
    logged: Mapping[date, CustodyEntry],
    note: Note,
) -> None:
    """Every day of the custody chain. After one that can't be read the chain goes on where the log says that it ended.

    Where the log does not say it, nobody knows where the next line belongs: that is told, with what the chain then goes
    on from.
    """
    days = sorted({*logged, *(day for key in standing if (day := _custody_day(key)))})
    position, previous = 1, BEFORE_THE_FIRST
    lost: list[str] = []
    for day in days:
        entry, where = logged.get(day), house.store.where(custody_key(day))
        try:
            listed = standing.get(custody_key(day))
            if listed is None:
                raise NotStored(
                    "a day of the custody chain does not stand", where=where, todo="find out who removed it"
                )
            lines = list(split_lines(house.store.read(listed.key, listed.version_id)))
            head = verify_chain(lines, position=position, previous=previous, head=None if entry is None else entry.head)
            for batch in batches(lines, _BATCH):
                ledger.custody_events([_event(line) for line in batch])
            ledger.custody_day(day, position, head.position, head.hash)
            position, previous = head.position + 1, head.hash
            lost.clear()
        except _UNREADABLE as error:
            note(Finding("custody", str(error), where, "compare it with the log's entry; its events are not rebuilt"))
            if entry is None:
                lost.append(where)
            else:
                ledger.custody_day(day, entry.first, entry.last, entry.head)
                position, previous = entry.last + 1, entry.head
                lost.clear()
    if lost:
        note(
            Finding(
                "custody-head",
                f"the log does not say where these days of the custody chain ended: {', '.join(lost)}; in this ledger "
                f"the chain goes on after event {position - 1}, so that later events repeat their positions",
                lost[-1],
                "bring the objects back from a copy of the bucket and rebuild into a new ledger before anything is "
                "recorded in this one",
            )
        )


def _event(line: bytes) -> dict[str, object]:
    event = read_line(line)
    return {
        "position": event.position,
        "at": event.at,
        "act": event.act,
        "actor": event.actor,
        "conversation_id": event.conversation_id,
        "revision": event.revision,
        "document": line.decode(),
        "hash": event.hash,
    }


def _day_of(key: str) -> date | None:
    """The day that an object of the evidence tells of, where it tells of one."""
    recount = recount_of(key)
    return _custody_day(key) if recount is None else recount[0]


def _custody_day(key: str) -> date | None:
    try:
        day = date.fromisoformat(key.removeprefix(CUSTODY_PREFIX).removesuffix(".jsonl"))
    except ValueError:
        return None
    return day if key == custody_key(day) else None


def _alien(house: House, key: str) -> Finding:
    return Finding("alien", "nothing of Strongroom's", house.store.where(key), "find out who put it there")


_T = TypeVar("_T")


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The items in lists of `size`, the last one shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
