"""`strongroom doctor`."""

from collections.abc import Iterator
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.arguments import AsJson
from cli.checks import Finding, Outcome, examine
from cli.connections import settings_of_process
from cli.output import open_console, print_json, printable
from config.environment import SettingsInvalid

EXAMPLE = "Example: strongroom doctor"

_NAME_WIDTH = len("other clocks")
_MARKS = {
    Outcome.GOOD: ("✓", "green"),
    Outcome.FINDING: ("✗", "red"),
    Outcome.UNREACHABLE: ("✗", "red"),
    Outcome.SKIPPED: ("–", "dim"),
}


def doctor(as_json: AsJson = False) -> None:
    """Check everything that Strongroom needs, from this machine.

    Is it there, permitted and configured? A line each: what was found, and what mends it. The bucket is tested with
    a small probe object, as at every start of a worker. Exit code 0: all good; 1: findings; 3: something is
    unreachable.
    """
    console = open_console()
    findings = []
    for finding in _findings():
        findings.append(finding)
        if not as_json:
            _print(console, finding)
    outcomes = {finding.outcome for finding in findings}
    exit_code = 3 if Outcome.UNREACHABLE in outcomes else 1 if Outcome.FINDING in outcomes else 0
    if as_json:
        print_json({"healthy": exit_code == 0, "checks": [asdict(finding) for finding in findings]})
    raise typer.Exit(exit_code)


def _findings() -> Iterator[Finding]:
    try:
        settings = settings_of_process()
    except SettingsInvalid as invalid:
        for fault in invalid.faults:
            yield Finding("settings", Outcome.FINDING, fault)
        return
    yield Finding("settings", Outcome.GOOD, "complete")
    yield from examine(settings)


def _print(console: Console, finding: Finding) -> None:
    mark, style = _MARKS[finding.outcome]
    where = f" [{finding.where}]" if finding.where else ""
    todo = f": {finding.todo}" if finding.todo else ""
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column()
    line.add_column(min_width=_NAME_WIDTH)
    line.add_column()
    line.add_row(Text(mark, style=style), finding.check, printable(f"{finding.what}{where}{todo}"))
    console.print(line)
