"""What the README tells a newcomer to type, typed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from archives import StartArchive

from config.settings import Settings

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    set(re.findall(r"(?:^|`)((?:[A-Z]+=\S+ )?make [a-z-]+|strongroom [a-z]+(?: [a-z]+)?)", README, re.MULTILINE))
)


def test_it_names_commands() -> None:
    assert {"make demo", "make test", "strongroom doctor", "strongroom vault create"} <= set(COMMANDS)


@pytest.mark.parametrize("command", [command for command in COMMANDS if "make " in command])
def test_each_make_command_is_there_and_ci_runs_the_first_two(command: str) -> None:
    target = command.rsplit(maxsplit=1)[-1]
    done = subprocess.run(["make", "--dry-run", target], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if command in {"make demo", "make test"}:
        assert re.search(rf"^([A-Z]+=\S+ )?{command}$", (REPOSITORY / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.long
def test_each_strongroom_command_does_what_it_is_there_for(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=2)
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | archive.environment
    for command in [command for command in COMMANDS if command.startswith("strongroom ")]:
        words = shlex.split(command)
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout, command


def test_every_setting_it_names_is_one() -> None:
    named = set(re.findall(r"STRONGROOM_([A-Z0-9_]+)", README))
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_file_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (REPOSITORY / target).exists(), target
