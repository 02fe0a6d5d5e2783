"""How `verify` reads the evidence: several objects at once, in their order, with little of it in memory."""

import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Lock
from typing import Any

import pytest
from sealing_material import A_DAY, StartSealing

from strongroom.actor import Actor
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify import reading
from strongroom.pipeline.verify.reading import EvidenceReader, Findings
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope
from strongroom.vault.store import Store


@pytest.mark.long
def test_all_evidence_is_read_several_objects_at_once_and_little_of_it_is_kept(
    start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing = start_sealing()
    for day in range(4):
        sealing.settled(A_DAY + timedelta(days=day), 1)
        seal(sealing.house)
    under_way, most, lock, read = 0, 0, Lock(), Store.read

    def slow(self: Store, key: str, version_id: str) -> Iterator[bytes]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02)
        body = b"".join(read(self, key, version_id))
        with lock:
            under_way -= 1
        return iter([body])

    monkeypatch.setattr(Store, "read", slow)
    keys = sorted(sealing.versions())
    reader = EvidenceReader(sealing.house, Findings())
    assert [one.key for one in reader.in_order(keys) if one is not None] == keys
    assert 1 < most <= reading.AT_ONCE
    assert [one is None for one in reader.in_order(["evidence/gone", keys[0]])] == [True, False]
    assert reader.findings.is_about("evidence/gone")

    most = 0
    done = verify(sealing.house, Scope(), Depth.HASHED, Actor("ada", "desk-1"))
    assert most > 1
    # manifests are the ledger's alone here
    assert {finding.what for finding in done.findings} == {"it does not stand in the vault"}

    bodies = {key: len(sealing.body(key)) for key in keys}
    small: dict[str, Any] = {"_KEPT_READINGS": 5, "_KEPT_BYTES": 2 * max(bodies.values())}
    for name, value in small.items():
        monkeypatch.setattr(reading, name, value)
    reader = EvidenceReader(sealing.house, Findings())
    for _ in reader.in_order(keys):
        kept = [len(one.body) for one in list(reader._kept.values())]
        assert len(kept) <= small["_KEPT_READINGS"]
        assert sum(kept) <= small["_KEPT_BYTES"]
