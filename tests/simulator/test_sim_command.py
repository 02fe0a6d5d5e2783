"""`python -m simulator`: one line says where it listens, a signal stops it, bad arguments are told."""

import json
import signal
import subprocess
import sys

import pytest
import requests

from simulator.__main__ import main
from simulator.awkwardness import EVERY

COMMAND = [sys.executable, "-m", "simulator"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_cleanly(number):
    arguments = ["--port", "0", "--conversations", "10", "--day", "2025-05-14", "--now", "2025-05-15T12:00:00Z",
                 "--fault", "rate_500=1", "--fault", "unstable_bytes=true", "--outcome", "late=0.5"]  # fmt: skip
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        url = json.loads(process.stdout.readline())["url"]
        assert url.startswith("http://127.0.0.1:")
        truth = requests.get(f"{url}/_sim/truth", params={"day": "2025-05-14"}, timeout=30).json()
        assert len(truth["conversations"]) == 10
        assert requests.get(f"{url}/_sim/faults", timeout=10).json()["rate_500"] == 1
        process.send_signal(number)
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("arguments", "names"),
    [([], set()), (["--awkward"], set(EVERY)), (["--awkward-only", "voicemail,snippet"], {"voicemail", "snippet"})],
)
def test_it_is_as_awkward_as_it_is_told_to_be(arguments, names):
    day = ["--conversations", "100", "--day", "2025-05-14"]
    with subprocess.Popen([*COMMAND, *day, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            found = requests.get(f"{url}/_sim/awkward", params={"day": "2025-05-14"}, timeout=10).json()
            assert set(found) == names
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--day", "yesterday"], "--day"),
        (["--conversations", "-1"], "--conversations"),
        (["--clients", "0"], "--clients"),
        (["--fault", "rate_1=1"], "there is no fault"),
        (["--fault", "rate_500=2"], "share from 0 to 1"),
        (["--fault", "rate_500"], "--fault"),
        (["--outcome", "lost=0.1"], "late"),
        (["--outcome", "late=2"], "share from 0 to 1"),
        (["--path-prefix", "gateway"], "slash"),
        (["--now", "noon"], "ISO-8601"),
        (["--awkward-only", "voicemail,odd"], "no awkwardness is called odd"),
        (["--total-hits-cap", "0"], "--total-hits-cap"),
    ],
)
def test_bad_arguments_are_told(arguments, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulator", *arguments])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2
    assert words in capsys.readouterr().err
