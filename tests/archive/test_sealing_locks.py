"""Evidence stays locked as long as any record that rests on it: at sealing, and by the nightly pass."""

from datetime import datetime, timedelta

import pytest
from sealing_material import A_DAY, Sealing, StartSealing

from strongroom.evidence.tiles import edge_tiles
from strongroom.ledger.evidence_objects import find_evidence
from strongroom.pipeline.keep_evidence import keep_evidence
from strongroom.pipeline.seal import seal
from strongroom.times import utc_now


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Have the locks of what is put reckoned from another moment."""
    monkeypatch.setattr("strongroom.pipeline.evidence_store.utc_now", lambda: moment)
    monkeypatch.setattr("strongroom.pipeline.log_tiles.utc_now", lambda: moment)


def ends(sealing: Sealing) -> dict[str, datetime]:
    """The end of every lock, as the store says it; the ledger must say the same."""
    found = {key: sealing.lock(key)[1] for key in sealing.versions()}
    for key, until in found.items():
        row = find_evidence(sealing.engine, key)
        assert row is not None
        assert row.retain_until == until
    return found


def test_what_new_leaves_rest_on_is_locked_as_long_as_they_are(
    start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing = start_sealing()
    sealing.settled(A_DAY, 300)
    seal(sealing.house)
    before = ends(sealing)
    at(monkeypatch, utc_now() + timedelta(days=400))
    sealing.settled(A_DAY + timedelta(days=400), 1)
    size = seal(sealing.house).size
    after = ends(sealing)
    later = max(after.values())
    assert later - max(before.values()) >= timedelta(days=399)
    edge = {f"evidence/log/{tile.path}" for tile in edge_tiles(size)}
    # the tile above the full ones stood before, and its hash leads from the new leaves to the root
    assert edge & before.keys() == {"evidence/log/tile/1/000.p/1"}
    extended = {key for key in before if after[key] == later}
    assert {key.rpartition("/")[0] for key in extended} == {
        "evidence/log/tile/1/000.p",
        "evidence/log/keys",
        "evidence/policies",
    }
    assert all(after[key] == later for key in after.keys() - before.keys())
    assert all(after[key] == before[key] for key in before.keys() - extended)


def test_the_nightly_pass_extends_what_a_record_outlives_and_nothing_else(
    start_sealing: StartSealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed so long ago that the evidence's locks end within a year; some records are kept for longer."""
    sealing = start_sealing()
    longest = max(one.retained_years for one in sealing.house.policy.classes)
    now = utc_now()
    at(monkeypatch, now - timedelta(days=365 * longest - 180))
    sealing.settled(A_DAY, 255, years=1)  # with key, policy and day more than one tile
    seal(sealing.house)
    sealing.settled(A_DAY + timedelta(days=1), 2, years=longest)
    seal(sealing.house)
    before = ends(sealing)
    assert max(before.values()) < now + timedelta(days=365)
    first = keep_evidence(sealing.house, now, limit=3)
    assert (first.extended, first.more) == (3, True)
    rest = keep_evidence(sealing.house, now)
    assert not rest.more
    after = ends(sealing)
    kept = {key for key in before if after[key] > before[key]}
    assert len(kept) == 3 + rest.extended
    names = {key.removeprefix("evidence/log/") for key in kept}
    # what the two kept records are proven by: their bundle and tile, what is above them, their checkpoint, the key
    assert {"tile/entries/001.p/5", "tile/0/001.p/5", "tile/1/000.p/1", f"checkpoints/{261:020}"} <= names
    assert not names & {"tile/entries/000", "tile/0/000", f"checkpoints/{258:020}"}
    assert keep_evidence(sealing.house, now).extended == 0


def test_a_trial_keeps_nothing_longer(start_sealing: StartSealing) -> None:
    sealing = start_sealing(STRONGROOM_TRIAL="true", STRONGROOM_BUCKET="sealing-locks-trial")
    sealing.settled(A_DAY, 1)
    seal(sealing.house)
    before = ends(sealing)
    assert keep_evidence(sealing.house, utc_now()).extended == 0
    assert ends(sealing) == before
