"""*hashed* of `strongroom verify`: what hashing an object as it streams costs, against `sha256sum` on the same bytes.

The bytes come from a file through the same function that reads the vault, behind a store that hands the file out in
chunks: so it is hashing that is measured. Transport is measured apart, by reading the same chunks without hashing.
"""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

from bench.memory import peak_mib
from bench.report import Goal, write_report
from strongroom.vault.hashing import hash_version
from strongroom.vault.store import Store

FILE_BYTES = 2 * 1024**3
ROUNDS = 3
GOAL_TIMES_SHA256SUM = 1.25
GOAL_GROWTH_MIB = 16


class _Body:
    """A file as S3's client hands out a body."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self._file.read(size):
            yield chunk


def _store(path: Path) -> Store:
    client = SimpleNamespace(get_object=lambda **_: {"Body": _Body(path), "Metadata": {}})
    return Store("bench", 1, cast(Any, client), cast(Any, client))


def _own_cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _sha256sum_cpu_s(path: Path) -> tuple[float, str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = subprocess.run(["sha256sum", str(path)], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, answer.stdout.split()[0]


def _read_alone(path: Path) -> None:
    with _Body(path) as body:
        for _ in body.iter_chunks(1024 * 1024):
            pass


def main() -> Path:
    """Hash a large file both ways, and write the report: of each the best of some rounds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        with path.open("wb") as file:
            for _ in range(FILE_BYTES // 2**20):
                file.write(os.urandom(2**20))
        store = _store(path)
        expected = _sha256sum_cpu_s(path)[1]
        before = peak_mib(os.getpid())
        if hash_version(store, "recording", "1").sha256 != expected:
            raise AssertionError("the two hashes differ")
        ours = [_own_cpu_s(lambda: hash_version(store, "recording", "1")) for _ in range(ROUNDS)]
        after = peak_mib(os.getpid())
        theirs = [_sha256sum_cpu_s(path)[0] for _ in range(ROUNDS)]
        reading = [_own_cpu_s(lambda: _read_alone(path)) for _ in range(ROUNDS)]
    raw = {
        "file_bytes": FILE_BYTES,
        "hash_version_cpu_s": ours,
        "sha256sum_cpu_s": theirs,
        "reading_alone_cpu_s": reading,
        "peak_mib_before": before,
        "peak_mib_after": after,
    }
    goals = [
        Goal("hashing, CPU, times sha256sum", min(ours) / min(theirs), GOAL_TIMES_SHA256SUM, "<="),
        Goal("hashing, memory grown, MiB", after - before, GOAL_GROWTH_MIB, "<="),
    ]
    return write_report("hashed", raw, goals)
