"""What a command printed and how it ended."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from cli.app import run


@dataclass(frozen=True)
class Outcome:
    """Exit code, standard output and standard error of one command."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        assert self.err == ""
        return json.loads(self.out)

    def refused(self, exit_code: int, *words: str) -> None:
        """It ended with this code, printed nothing, and said why in exactly one line that has these words."""
        assert (self.exit_code, self.out) == (exit_code, ""), self
        assert self.err.startswith("strongroom: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        for word in words:
            assert word in self.err
        for secret in ("planted-secret", "secret-1", "Traceback"):
            assert secret not in self.err


Strongroom = Callable[..., Outcome]
"""Runs a command as an operator would: `strongroom("status", "--json")`."""


def run_in_process(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> Outcome:
    """Run one command here; what was printed before is dropped."""
    capsys.readouterr()
    exit_code = run(arguments)
    printed = capsys.readouterr()
    return Outcome(exit_code, printed.out, printed.err)
