"""Peak memory of the Legal desk's process while it verifies one recording and hands it out, small and large.

Measured by the operating system (`VmHWM`, as in bench/memory.py) of the desk from the Procfile. It reads and hashes
every byte, then streams all of it through a link, hashed again, then parts of it by HTTP's Range. Moto's S3 server
keeps it.
"""

import hashlib
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import requests
from sqlalchemy import text

from bench.memory import MIB, archived_call, peak_mib
from bench.report import Goal, write_report
from config.environment import load_settings
from embedded.desk import running_desk
from strongroom.actor import Actor
from strongroom.ledger.engine import connect
from strongroom.legal.access import Role
from strongroom.legal.accounts import new_api_key

GOAL_MIB = 300
"""The desk with its web framework, S3 client and threads, before any file, and buffers: never the file."""
GOAL_GROWTH_MIB = 64
_PARTS = 32
_TIMEOUT_S = 900


@dataclass(frozen=True)
class Handed:
    """The desk's most resident memory in MiB after it was asked for a file of so many bytes, and how long it took."""

    file_bytes: int
    desk_mib: float
    verified_s: float
    streamed_s: float
    parts_s: float


def measure(audio_bytes: int, folder: Path) -> Handed:
    """Have one recording of about `audio_bytes` verified and handed out."""
    with archived_call(audio_bytes, folder) as archived:
        environment = archived.environment | {"STRONGROOM_INLINE_VERIFY_MIB": "10240"}
        settings = load_settings(environment)
        engine = connect(settings.database_url.get_secret_value(), connect_timeout_s=10)
        _, key = new_api_key(engine, "bench", [Role.ANALYST], None, timedelta(days=1), Actor("bench", "here"))
        with engine.connect() as connection:
            largest = "SELECT conversation_id FROM objects ORDER BY size_bytes DESC LIMIT 1"
            conversation_id = connection.execute(text(largest)).scalar_one()
        engine.dispose()
        with running_desk(environment, folder) as (desk, url):
            began = time.monotonic()
            told = requests.post(
                f"{url}/legal/retrieve",
                json={"conversationId": str(conversation_id), "justification": "a bench"},
                headers={"Authorization": f"Bearer {key}"},
                timeout=_TIMEOUT_S,
            )
            told.raise_for_status()
            verified_s = time.monotonic() - began
            file = max(told.json()["files"], key=lambda one: int(one["size"]))
            streamed_s = _stream(file["downloadUrl"], file["size"], file["sha256"])
            parts_s = _parts(file["downloadUrl"], file["size"])
            return Handed(file["size"], peak_mib(desk.pid), verified_s, streamed_s, parts_s)


def _stream(url: str, size: int, sha256: str) -> float:
    began, digest, got = time.monotonic(), hashlib.sha256(), 0
    with requests.get(url, stream=True, timeout=_TIMEOUT_S) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(MIB):
            digest.update(chunk)
            got += len(chunk)
    if (got, digest.hexdigest()) != (size, sha256):
        raise AssertionError("what was handed out is not what was archived")
    return time.monotonic() - began


def _parts(url: str, size: int) -> float:
    began = time.monotonic()
    for number in range(_PARTS):
        first = size * number // _PARTS
        wanted = {"Range": f"bytes={first}-{min(first + MIB, size) - 1}"}
        answer = requests.get(url, headers=wanted, timeout=_TIMEOUT_S)
        if answer.status_code != 206:
            raise AssertionError(f"HTTP {answer.status_code} for a part")
    return time.monotonic() - began


def main() -> Path:
    """Measure 1 MiB, the baseline, and 1 GiB; write the report."""
    with tempfile.TemporaryDirectory() as folder:
        baseline = measure(MIB, Path(folder) / "small")
        large = measure(1024 * MIB, Path(folder) / "large")
    goals = [
        Goal("peak of the desk at 1 GiB, MiB", large.desk_mib, GOAL_MIB, "<="),
        Goal("growth of that from 1 MiB, MiB", large.desk_mib - baseline.desk_mib, GOAL_GROWTH_MIB, "<="),
    ]
    return write_report("streaming", {"baseline": asdict(baseline), "large": asdict(large)}, goals)
