"""What a rule may ask of a conversation, and whether a conversation meets it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from uuid import UUID

from strongroom.retention.facts import Facts, Named


class Subject(StrEnum):
    """A key under a rule's `when`."""

    QUEUE = "queue"
    MEDIA_TYPE = "media_type"
    DIRECTION = "direction"
    DIVISION = "division"
    WRAP_UP_CODE = "wrap_up_code"
    PARTICIPANTS = "participants"
    PURPOSE = "purpose"


class Participants(StrEnum):
    """Who took part, derived from the participants' purposes and from the queues reached."""

    AGENT = "agent"
    IVR_ONLY = "ivr-only"


# Genesys's words in its analytics API (session.mediaType, session.direction, participant.purpose; SDK 269).
WORDS: Mapping[Subject, tuple[str, ...]] = {
    Subject.MEDIA_TYPE: (
        *("callback", "chat", "cobrowse", "email", "internalmessage", "message"),
        *("screenmonitoring", "screenshare", "unknown", "video", "voice"),
    ),
    Subject.DIRECTION: ("inbound", "outbound"),
    Subject.PARTICIPANTS: tuple(Participants),
    Subject.PURPOSE: (
        *("acd", "agent", "api", "botflow", "campaign", "customer", "dialer", "external", "fax", "group", "inbound"),
        *("ivr", "manual", "outbound", "station", "user", "voicemail", "voicesurveyflow", "workflow"),
    ),
}

AGENT_PURPOSES = frozenset({"agent", "user", "group", "station"})
"""A person of the organisation, or a phone that people of it answer."""

FLOW_PURPOSES = frozenset({"ivr", "botflow", "voicesurveyflow", "workflow"})
"""A flow that a machine runs."""

SELF_SERVICE_PURPOSES = FLOW_PURPOSES | {"customer"}

_ALMOST_UUID = re.compile(r"[0-9a-fA-F-]{30,40}")


@dataclass(frozen=True)
class Condition:
    """One key of a rule's `when`: met when any of `wanted` is among the conversation's facts.

    For queues, divisions and wrap-up codes an entry is an id or a pattern for the name, in which `*` stands for any
    text and `?` for one character. Names are compared without regard to case and in Unicode's NFC form. Something
    whose name is not known is matched by its id, or by `*`.
    """

    subject: Subject
    wanted: tuple[str, ...]


def evidence(condition: Condition, facts: Facts) -> list[str]:
    """What among the facts meets the condition, in words and sorted; empty when it is not met."""
    named = {
        Subject.QUEUE: facts.queues,
        Subject.DIVISION: facts.divisions,
        Subject.WRAP_UP_CODE: facts.wrap_up_codes,
    }
    if condition.subject in named:
        return _named(condition, named[condition.subject])
    words: dict[Subject, frozenset[str]] = {
        Subject.MEDIA_TYPE: facts.media_types,
        Subject.DIRECTION: facts.directions,
        Subject.PARTICIPANTS: frozenset(participants(facts)),
        Subject.PURPOSE: facts.purposes,
    }
    return sorted(words[condition.subject].intersection(condition.wanted))


def participants(facts: Facts) -> frozenset[Participants]:
    """Whether people of the organisation took part, or nobody but the customer and a flow; or neither for certain.

    IVR-only is a claim that shortens retention, so it is made only when every purpose is known to be self-service
    and no queue was reached. A caller who gave up waiting (acd), left a voicemail or was passed to an outside number
    (external) asked for a person; a purpose we don't know may be one.
    """
    if facts.purposes & AGENT_PURPOSES:
        return frozenset({Participants.AGENT})
    if facts.purposes & FLOW_PURPOSES and facts.purposes <= SELF_SERVICE_PURPOSES and not facts.queues:
        return frozenset({Participants.IVR_ONLY})
    return frozenset()


def contradiction(conditions: Iterable[Condition]) -> str | None:
    """Why no conversation can meet all of these conditions at once; None when one can."""
    wanted = {condition.subject: condition.wanted for condition in conditions}
    if wanted.get(Subject.PARTICIPANTS) != (Participants.IVR_ONLY,):
        return None
    if Subject.QUEUE in wanted:
        return "a conversation that is ivr-only has reached no queue"
    if Subject.PURPOSE in wanted and SELF_SERVICE_PURPOSES.isdisjoint(wanted[Subject.PURPOSE]):
        return f"a conversation that is ivr-only has no purposes but {', '.join(sorted(SELF_SERVICE_PURPOSES))}"
    return None


def folded(name: str) -> str:
    """A name as it is compared: without regard to case, Unicode form and surrounding spaces."""
    return unicodedata.normalize("NFC", name.casefold()).strip()


def is_mistyped_id(entry: str) -> bool:
    """Whether an entry was surely meant as an id but is not one; as a name it would never match."""
    if not _ALMOST_UUID.fullmatch(entry):
        return False
    try:
        return str(UUID(entry)) != entry.casefold()
    except ValueError:
        return True


def _named(condition: Condition, candidates: frozenset[Named]) -> list[str]:
    met = (each for each in candidates if any(_selects(entry, each) for entry in condition.wanted))
    return sorted(f"'{each.name or each.id}'" for each in met)


def _selects(entry: str, named: Named) -> bool:
    if folded(entry) == folded(named.id):
        return True
    # fnmatch's [ ] are escaped: queues are called "Complaints [UK]", and nobody means a set of letters by it.
    return fnmatchcase(folded(named.name or ""), folded(entry).replace("[", "[[]"))
