"""What is wrong with a file, and on which line."""

from collections.abc import Iterable
from dataclasses import dataclass

from strongroom.errors import Misconfigured


@dataclass(frozen=True, order=True)
class Fault:
    """One thing to correct (or, among warnings, to look at). Lines count from 1."""

    line: int
    message: str


class FileInvalid(Misconfigured):
    """A file is refused. `faults` has all that was found, in the order of the lines.

    `faults_listed_by` is the command that shows all of them: the error itself is one line, and tells the first.
    """

    faults_listed_by: str

    def __init__(self, file: str, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        first, more = self.faults[0], len(self.faults) - 1
        todo = "correct it"
        if more:
            todo += f" ({more} more {'fault' if more == 1 else 'faults'}: `{self.faults_listed_by}` lists them)"
        super().__init__(first.message, where=f"{file}, line {first.line}", todo=todo)
