"""`strongroom policy explain`."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from cli.arguments import AsJson
from cli.connections import ledger, settings_of_process
from cli.output import instant, json_instant, open_console, print_json, printable
from strongroom.genesys.conversations import parse_conversation
from strongroom.ledger.conversations import Decided
from strongroom.ledger.lookup import KnownConversation, UnknownConversation, latest_revision
from strongroom.pipeline.capture import facts_of
from strongroom.pipeline.reclassify import names_then
from strongroom.retention.classify import Decision, classify
from strongroom.retention.policy import Policy, load_policy

EXAMPLE = "Example: strongroom policy explain 7c0f7a52-9f0f-4d1c-8a51-0f8f7f2f3b11"

ConversationArgument = Annotated[
    UUID, typer.Argument(metavar="CONVERSATION", help="The conversation's id in Genesys.", show_default=False)
]


@dataclass(frozen=True)
class Explained:
    """A retention decision, whoever made it and when."""

    retention_class: str
    basis: str
    retained_years: int
    lock_mode: str
    retain_until: datetime
    erasable: bool | None
    """None where the ledger was rebuilt from the vault: the manifest has the basis and the reasons, not this."""
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    defaulted: bool
    policy_version: str

    def same_outcome(self, other: "Explained") -> bool:
        """Whether a record is kept alike: class, lock and date; the reasons may differ."""
        ours = (self.retention_class, self.lock_mode, self.retain_until)
        return ours == (other.retention_class, other.lock_mode, other.retain_until)


def explain(conversation: ConversationArgument, as_json: AsJson = False) -> None:
    """Say why a conversation is kept as it is: what was decided, on which grounds, and what today's policy would say.

    Both are about its latest revision. Today's policy is asked about the record and the names as they were archived.
    """
    settings = settings_of_process()
    policy = load_policy(settings.policy_file)
    with ledger(settings) as engine:
        known = latest_revision(engine, conversation)
    if known.state == "ended":
        raise UnknownConversation(
            f"the record was {known.cause}",
            where=f"conversation {conversation}",
            todo="its class, basis and dates are on the certificate",
        )
    recorded = None if known.decided is None else _as_recorded(known.decided)
    today = None if known.names is None else _as_of_today(policy, known, known.names)
    if as_json:
        print_json(_as_document(known, recorded, today))
    else:
        _print(open_console(), known, recorded, today)


def _as_recorded(decided: Decided) -> Explained:
    decision = decided.decision
    return Explained(
        retention_class=decided.retention_class,
        basis=decision["basis"],
        retained_years=decision["retainedYears"],
        lock_mode=decided.lock_mode,
        retain_until=decided.retain_until,
        erasable=decision.get("erasable"),
        rules=tuple(decision.get("rules", ())),
        reasons=tuple(decision["reasons"]),
        defaulted=decision["defaulted"],
        policy_version=decided.policy_version,
    )


def _as_of_today(policy: Policy, known: KnownConversation, names: dict[str, Any]) -> Explained:
    facts = facts_of(parse_conversation(known.record), names_then(names))
    decision: Decision = classify(policy, facts, known.conversation_end)
    return Explained(
        retention_class=decision.retention_class.name,
        basis=decision.retention_class.basis,
        retained_years=decision.retained_years,
        lock_mode=decision.lock_mode.value,
        retain_until=decision.retain_until,
        erasable=decision.erasable,
        rules=decision.rules,
        reasons=decision.reasons,
        defaulted=decision.defaulted,
        policy_version=decision.policy_version,
    )


def _as_document(known: KnownConversation, recorded: Explained | None, today: Explained | None) -> dict[str, object]:
    return {
        "conversation_id": str(known.ref.conversation_id),
        "revision": known.ref.revision,
        "day": known.day.isoformat(),
        "conversation_end": json_instant(known.conversation_end),
        "state": known.state,
        "since": json_instant(known.state_at),
        "cause": known.cause,
        "recorded": recorded and _explained(recorded),
        "today": today and _explained(today),
        "same": recorded.same_outcome(today) if recorded and today else None,
    }


def _explained(explained: Explained) -> dict[str, object]:
    return asdict(explained) | {"retain_until": json_instant(explained.retain_until)}


def _print(console: Console, known: KnownConversation, recorded: Explained | None, today: Explained | None) -> None:
    console.print(f"conversation {known.ref.conversation_id}", style="bold")
    console.print(f"  revision {known.ref.revision}, ended {instant(known.conversation_end)}")
    console.print(f"  {known.state} since {instant(known.state_at)}: {printable(known.cause)}")
    if recorded is None or today is None:
        console.print("Nothing is decided yet: the decision is made when a worker looks at the conversation.")
        return
    console.print("\nDecided", style="bold")
    _print_decision(console, recorded)
    if recorded.same_outcome(today):
        same_version = recorded.policy_version == today.policy_version
        console.print("\nToday's policy", style="bold")
        console.print(f"  decides the same ({'it is the same version' if same_version else 'another version'})")
    else:
        console.print("\nToday's policy decides otherwise", style="bold yellow")
        _print_decision(console, today)
        console.print("What is stored keeps its lock: one that stands is only ever made longer or stricter.")


def _print_decision(console: Console, explained: Explained) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row("class", explained.retention_class)
    table.add_row("basis", printable(explained.basis))
    table.add_row("kept", f"{explained.retained_years} years, until {instant(explained.retain_until)}")
    erasable = {True: ", erasable", False: ", not erasable", None: ""}[explained.erasable]
    table.add_row("lock", f"{explained.lock_mode}{erasable}")
    table.add_row("policy", f"version {explained.policy_version[:16]}")
    table.add_row("why", "\n".join(printable(reason) for reason in explained.reasons))
    console.print(Padding(table, (0, 0, 0, 2)))
