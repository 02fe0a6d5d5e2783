"""`strongroom policy check`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import columns, count, open_console, print_json, printable
from strongroom.retention.policy import Fault, Policy, PolicyInvalid, load_policy

EXAMPLE = "Example: strongroom policy check new-retention.yaml"

FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="A policy file; the one of STRONGROOM_POLICY_FILE if not given."),
]


def check(file: FileArgument = None, as_json: AsJson = False) -> None:
    """Check a retention policy as a whole, before any worker reads it.

    Prints its classes and rules; or every fault with its line, and then the exit code is 1. Nothing is changed. With
    FILE it needs no settings.
    """
    path = file or settings_of_process().policy_file
    try:
        policy = load_policy(path)
    except PolicyInvalid as invalid:
        _print_faults(path, invalid.faults, as_json=as_json)
        raise typer.Exit(1) from None
    if as_json:
        print_json({"file": str(path), "valid": True, "faults": [], **_as_document(policy)})
    else:
        _print_policy(open_console(), path, policy)


def _print_faults(path: Path, faults: Sequence[Fault], *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(path), "valid": False, "faults": _lines(faults)})
        return
    console = open_console()
    for fault in faults:
        console.print(f"{path}:{fault.line}: {printable(fault.message)}", soft_wrap=True)
    console.print(f"{count(len(faults), 'fault')}; the policy is not usable")


def _print_policy(console: Console, path: Path, policy: Policy) -> None:
    classes = columns("class", "years", "lock", "erasable", "promise", right=("years", "promise"))
    for each in policy.classes:
        default = " (default)" if each == policy.default_class else ""
        erasable = "yes" if each.erasable else "no"
        row = (each.name + default, str(each.retained_years), each.lock_mode, erasable)
        classes.add_row(*row, f"{each.retrieval_promise_hours} h")
    console.print(classes)
    console.print()
    rules = columns("rule", "class", "when")
    for rule in policy.rules:
        when = "; ".join(f"{each.subject} {' or '.join(each.wanted)}" for each in rule.when)
        rules.add_row(printable(rule.name), rule.retention_class.name, printable(when))
    console.print(rules)
    console.print()
    for warning in policy.warnings:
        console.print(f"! {path}:{warning.line}: {printable(warning.message)}", style="yellow", soft_wrap=True)
    console.print(f"valid: {len(policy.classes)} classes, {count(len(policy.rules), 'rule')}")
    console.print(f"version {policy.version}", soft_wrap=True)


def _as_document(policy: Policy) -> dict[str, object]:
    return {
        "version": policy.version,
        "cap_years": policy.cap_years,
        "default_class": policy.default_class.name,
        "classes": [
            {
                "name": each.name,
                "basis": each.basis,
                "required_years": each.required_years,
                "retained_years": each.retained_years,
                "lock_mode": each.lock_mode.value,
                "erasable": each.erasable,
                "retrieval_promise_hours": each.retrieval_promise_hours,
            }
            for each in policy.classes
        ],
        "rules": [
            {
                "name": rule.name,
                "class": rule.retention_class.name,
                "when": {each.subject.value: list(each.wanted) for each in rule.when},
            }
            for rule in policy.rules
        ],
        "warnings": _lines(policy.warnings),
    }


def _lines(faults: Sequence[Fault]) -> list[dict[str, object]]:
    return [{"line": fault.line, "message": fault.message} for fault in faults]
