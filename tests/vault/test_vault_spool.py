"""The spool: private, hashed while written, and empty again whatever happens."""

import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.vault.spool import Spool, SpoolNotPrivate, SpoolUnusable


@given(chunks=st.lists(st.binary(max_size=3000), max_size=6))
def test_what_is_written_is_what_is_read_and_hashed(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    whole = b"".join(chunks)
    with Spool(tmp_path_factory.mktemp("spool")).file() as file:
        for chunk in chunks:
            file.write(chunk)
        assert file.path.read_bytes() == whole
        assert file.size_bytes == len(whole)
        assert file.sha256 == hashlib.sha256(whole).hexdigest()
        assert file.head == whole[:4096]


def test_folder_and_files_are_private_and_files_go_away(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "spool"
    spool = Spool(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(RuntimeError), spool.file() as file:
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        raise RuntimeError
    assert list(folder.iterdir()) == []


def test_a_folder_that_others_can_enter_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(SpoolNotPrivate, match="others can enter it"):
        Spool(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


def test_a_folder_that_was_cleaned_away_is_made_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    (tmp_path / "spool").rmdir()
    with spool.file() as file:
        file.write(b"whole")
        assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_after_a_crash_the_dead_process_s_files_are_cleared_and_the_living_one_s_kept(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from strongroom.vault.spool import Spool
with Spool(Path(sys.argv[1])).file() as file:
    file.write(b"half a recor")
    print("written", flush=True)
    sys.stdin.read()
"""
    spool = Spool(tmp_path)
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with spool.file() as mine:
            assert spool.clear_abandoned() == 0
            assert len(list(tmp_path.iterdir())) == 2

            process.send_signal(signal.SIGKILL)
            process.wait()

            assert spool.clear_abandoned() == 1
            assert list(tmp_path.iterdir()) == [mine.path]


def test_what_is_not_the_spool_s_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert Spool(tmp_path).clear_abandoned() == 0
    assert (tmp_path / "notes.txt").exists()


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    """A limit on file size stands in for a small disk: the kernel answers EFBIG where it would ENOSPC."""
    program = """
import resource, signal, sys
from pathlib import Path
from strongroom.vault.spool import Spool, SpoolUnusable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with Spool(Path(sys.argv[1])).file() as file:
        while True:
            file.write(b"x" * 3000)
except SpoolUnusable as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("the spool can't be used: File too large")
    assert "STRONGROOM_SPOOL_DIR" in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_no_space_left_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, os.strerror(28))

    with Spool(tmp_path).file() as file:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(SpoolUnusable, match="No space left on device"):
            file.write(b"x")
        monkeypatch.undo()
        assert file.size_bytes == 0


def test_a_short_write_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with Spool(tmp_path).file() as file:
        monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:2]))
        file.write(b"abcdefg")
        monkeypatch.undo()
        assert file.path.read_bytes() == b"abcdefg"


def test_a_folder_that_can_t_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolUnusable):
        Spool(tmp_path / "file" / "spool")
