"""The transparency log: a million leaves sealed, and proofs out of its tiles, both with tiles as files in a folder.

Sealing is what one core does between the entries as the ledger has them and the root that a checkpoint signs: hashing,
tiles, entry bundles, and writing them. The baseline hashes the same entries to the same root and makes nothing else.
A proof is one of a random leaf, each with no tile in memory; the baseline makes it from all leaf hashes in memory.

A proof's goal is held against the 99th percentile of its wall time and the longest of its computing (the thread's CPU,
reading its tiles included): the longest wall time of thousands is what the machine did beside it. It stands in the
report, with the ten slowest and what each of them computed.
"""

import os
import random
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.memory import peak_mib
from bench.report import Goal, write_report
from strongroom.evidence.growth import Growth
from strongroom.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    merkle_tree_hash,
    verify_consistency,
    verify_inclusion,
)
from strongroom.evidence.tile_proofs import TileTree
from strongroom.evidence.tiles import Tile

LEAVES = 1_000_000
PROOFS = 2_000
SLOWEST = 10
BASELINE_PROOFS = 5
GOAL_SEAL_S = 10
GOAL_PROOF_MS = 5

# as long as a manifest's entry
_ENTRY = (
    b'{"conversationId":"00000000-0000-4000-8000-%012d","day":"2026-03-10",'
    b'"key":"archive/2026-03-10/00000000-0000-4000-8000-%012d/manifest.json","kind":"manifest","revision":1,'
    b'"sha256":"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328","sizeBytes":4321,'
    b'"versionId":"3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"}'
)


@dataclass(frozen=True)
class Sealing:
    """One pass over all leaves; `cpu` is what this thread computed. Memory is the most this process ever had."""

    leaves: int
    entry_bytes: int
    entries_alone_seconds: float
    seconds: float
    cpu_seconds: float
    root_alone_seconds: float
    files: int
    file_bytes: int
    peak_mib_before: float
    peak_mib_after: float


@dataclass(frozen=True)
class Slow:
    """One of the slowest proofs: its place among all, its wall time and what this thread computed for it."""

    number: int
    ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Proofs:
    """The time of a proof, in milliseconds, and how many tiles it read at most; `cpu` is what this thread computed."""

    count: int
    median_ms: float
    p99_ms: float
    max_ms: float
    cpu_median_ms: float
    cpu_max_ms: float
    tiles_read_at_most: int
    baseline_median_ms: float
    slowest: list[Slow]


def seal(folder: Path) -> tuple[Sealing, bytes]:
    """Seal all leaves into the folder; what it took, and the root."""
    before = peak_mib(os.getpid())
    entries_alone = _seconds(lambda: deque(_entries(), maxlen=0))
    began, computed = time.perf_counter(), time.thread_time()
    growth = Growth(0, EMPTY_ROOT, lambda tile: (folder / tile.path).read_bytes())
    written = []
    for tile, content in growth.append(_entries()):
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        written.append(path.write_bytes(content))
    root = growth.root()
    seconds, cpu_seconds = time.perf_counter() - began, time.thread_time() - computed
    after = peak_mib(os.getpid())
    frontier = Frontier()
    root_alone = _seconds(lambda: frontier.extend(leaf_hash(entry) for entry in _entries()))
    if frontier.root() != root:
        raise AssertionError("the two ways to the root differ")
    sealing = Sealing(
        leaves=LEAVES,
        entry_bytes=len(_ENTRY % (0, 0)),
        entries_alone_seconds=entries_alone,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        root_alone_seconds=root_alone,
        files=len(written),
        file_bytes=sum(written),
        peak_mib_before=before,
        peak_mib_after=after,
    )
    return sealing, root


def prove_inclusion(folder: Path, root: bytes, leaves: list[bytes]) -> Proofs:
    """Prove random leaves, and verify each proof outside the time."""
    chance = random.Random(6962)

    def one(read: Callable[[Tile], bytes]) -> Callable[[], None]:
        leaf = chance.randrange(LEAVES)
        path = TileTree(LEAVES, read).inclusion_proof(leaf)
        return lambda: verify_inclusion(leaves[leaf], leaf, LEAVES, path, root)

    baseline = [
        _seconds(lambda: inclusion_proof(chance.randrange(LEAVES), LEAVES, _range_hash(leaves)))
        for _ in range(BASELINE_PROOFS)
    ]
    return _proofs(folder, one, baseline)


def prove_consistency(folder: Path, root: bytes, leaves: list[bytes]) -> Proofs:
    """Prove that the log begins with a random older one, and verify each proof outside the time."""
    chance = random.Random(9162)
    older_roots = {size: merkle_tree_hash(leaves[:size]) for size in (chance.randrange(1, LEAVES) for _ in range(20))}
    sizes = list(older_roots)

    def one(read: Callable[[Tile], bytes]) -> Callable[[], None]:
        first = chance.choice(sizes)
        path = TileTree(LEAVES, read).consistency_proof(first)
        return lambda: verify_consistency(first, LEAVES, path, older_roots[first], root)

    baseline = [
        _seconds(lambda: consistency_proof(chance.choice(sizes), LEAVES, _range_hash(leaves)))
        for _ in range(BASELINE_PROOFS)
    ]
    return _proofs(folder, one, baseline)


def _proofs(
    folder: Path, one: Callable[[Callable[[Tile], bytes]], Callable[[], None]], baseline: list[float]
) -> Proofs:
    tiles_read = 0
    times_ms, cpu_ms = [], []
    for _ in range(PROOFS):
        read: list[Tile] = []

        def read_tile(tile: Tile, read: list[Tile] = read) -> bytes:
            read.append(tile)
            return (folder / tile.path).read_bytes()

        began, computed = time.perf_counter(), time.thread_time()
        verify = one(read_tile)
        times_ms.append((time.perf_counter() - began) * 1000)
        cpu_ms.append((time.thread_time() - computed) * 1000)
        verify()
        tiles_read = max(tiles_read, len(read))
    return Proofs(
        PROOFS,
        statistics.median(times_ms),
        statistics.quantiles(times_ms, n=100)[98],
        max(times_ms),
        statistics.median(cpu_ms),
        max(cpu_ms),
        tiles_read,
        statistics.median(baseline) * 1000,
        [Slow(at, times_ms[at], cpu_ms[at]) for at in sorted(range(PROOFS), key=lambda at: -times_ms[at])[:SLOWEST]],
    )


def _entries() -> Iterator[bytes]:
    return (_ENTRY % (number, number) for number in range(LEAVES))


def _range_hash(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda start, end: merkle_tree_hash(leaves[start:end])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> Path:
    """Seal, prove, and write the report."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sealing, root = seal(folder)
        os.sync()  # what the sealing wrote is not for the proofs to wait for
        leaves = [leaf_hash(entry) for entry in _entries()]
        inclusion = prove_inclusion(folder, root, leaves)
        consistency = prove_consistency(folder, root, leaves)
    goals = [Goal(f"{LEAVES} leaves sealed, s", sealing.seconds, GOAL_SEAL_S, "<=")]
    for name, proofs in (("inclusion", inclusion), ("consistency", consistency)):
        goals.append(Goal(f"{name} proof from tiles, p99, ms", proofs.p99_ms, GOAL_PROOF_MS, "<="))
        goals.append(Goal(f"{name} proof from tiles, longest of CPU, ms", proofs.cpu_max_ms, GOAL_PROOF_MS, "<="))
    raw = {"sealing": asdict(sealing), "inclusion": asdict(inclusion), "consistency": asdict(consistency)}
    return write_report("log", raw, goals)
