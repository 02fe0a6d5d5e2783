"""Bundles nobody came for leave the desk's disk by themselves, whether anybody asks for another or not."""

import fcntl
import os
import time
from pathlib import Path

import pytest
from desk_material import DeskUnderTest

from web import app

TWO_HOURS_S = 7_200


def _left(folder: Path, name: str, *, old: bool) -> Path:
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    if path.suffix:
        path.write_bytes(b"what was said")
    else:
        path.mkdir()
        (path / "part").write_bytes(b"what was said")
    if old:
        at = time.time() - TWO_HOURS_S
        os.utime(path, (at, at))
    return path


def _gone(path: Path) -> bool:
    deadline = time.monotonic() + 10
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not path.exists()


def test_what_is_old_goes_when_the_desk_starts_and_while_it_runs(
    desk: DeskUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_TIDY_EVERY_S", 0.05)
    folder = desk.house.settings.spool_dir / "bundles"
    old = [_left(folder, name, old=True) for name in ("strongroom-a.zip", ".bundle-x", "strongroom-a.lock")]
    new = _left(folder, "strongroom-b.zip", old=False)
    with desk.client():
        assert all(_gone(path) for path in old)
        assert new.exists()
        assert _gone(_left(folder, "strongroom-c.zip", old=True))
        # a folder that can't be looked through is no end to it
        folder.rename(folder.with_name("elsewhere"))
        time.sleep(0.2)
        folder.with_name("elsewhere").rename(folder)
        assert _gone(_left(folder, "strongroom-d.zip", old=True))
    assert new.exists()


def test_what_is_being_made_stays_however_long_it_takes(desk: DeskUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_TIDY_EVERY_S", 0.05)
    folder = desk.house.settings.spool_dir / "bundles"
    making, lock = _left(folder, ".bundle-x", old=True), _left(folder, "strongroom-a.lock", old=True)
    left = _left(folder, "strongroom-b.zip", old=True)
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with desk.client():
            assert _gone(left)
            time.sleep(0.2)
            assert making.exists() and lock.exists()
            fcntl.flock(held, fcntl.LOCK_UN)
            assert _gone(making) and _gone(lock)
