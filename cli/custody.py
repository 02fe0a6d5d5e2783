"""`strongroom custody`."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from cli.arguments import AsJson
from cli.connections import ledger, settings_of_process
from cli.output import count, open_console, print_json, printable
from strongroom.errors import Misconfigured
from strongroom.evidence.custody_pdf import custody_pdf
from strongroom.evidence.custody_report import CustodyReport, day_facts, event_facts
from strongroom.evidence.facts import TRIAL_NOTE, Fact
from strongroom.house import open_store
from strongroom.pipeline.custody_report import custody_report
from strongroom.times import format_instant

EXAMPLE = "Example: strongroom custody 7c0f7a52-9f0f-4d1c-8a51-0f8f7f2f3b11 --pdf custody.pdf"

ConversationArgument = Annotated[
    UUID, typer.Argument(metavar="CONVERSATION", help="The conversation's id in Genesys.", show_default=False)
]
PdfOption = Annotated[
    Path | None,
    typer.Option("--pdf", metavar="FILE", help="Write the report as a PDF; a file that is there is left alone."),
]


def custody(conversation: ConversationArgument, pdf: PdfOption = None, as_json: AsJson = False) -> None:
    """Report what has been done with a conversation: when, by whom, from where and why.

    Each event is held against the custody chain in the ledger, and each day that is over against its locked object in
    the vault. What doesn't agree is shown, and ends the command with 1.
    """
    settings = settings_of_process()
    with ledger(settings) as engine:
        report = custody_report(engine, open_store(settings), conversation, trial=settings.trial)
    if pdf is not None:
        _write(pdf, report)
    if as_json:
        print_json(report.document())
    elif pdf is None:
        _print(open_console(), report)
    else:
        open_console().print(f"{count(len(report.events), 'event')} reported in {pdf}; {_verdict(report)}")
    if report.all_findings:
        raise typer.Exit(1)


def _write(path: Path, report: CustodyReport) -> None:
    content = custody_pdf(report)
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise Misconfigured(
            f"the report can't be written: {error.strerror}",
            where=str(path),
            todo="name a file that is not there yet, in a folder that can be written to",
        ) from error


def _print(console: Console, report: CustodyReport) -> None:
    console.print(f"custody of conversation {report.conversation_id}", style="bold")
    console.print(f"  vault s3://{report.bucket}, made at {format_instant(report.made_at)}")
    if report.trial:
        console.print(f"  {TRIAL_NOTE}", style="bold red")
    for event in report.events:
        console.print(f"\n{event.position}  {printable(event.act)}", style="bold")
        _print_facts(console, event_facts(event))
    for day in report.days:
        console.print(f"\n{day.day}  {day.standing}", style="bold")
        _print_facts(console, day_facts(day))
    console.print(f"\n{count(len(report.events), 'event')}; {_verdict(report)}")
    for finding in report.all_findings:
        console.print(f"! {printable(finding)}", style="bold red")


def _verdict(report: CustodyReport) -> str:
    findings = len(report.all_findings)
    return "the chain holds" if findings == 0 else f"{count(findings, 'finding')}: the chain does not hold"


def _print_facts(console: Console, facts: list[Fact]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for fact in facts:
        table.add_row(fact.label, printable(fact.value) or "–")
    console.print(Padding(table, (0, 0, 0, 2)))
