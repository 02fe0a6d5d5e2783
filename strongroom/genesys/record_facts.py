"""What of a conversation's record matters, so that two answers about one conversation can be compared.

The vendor gives a record in another order at each query, a job gives members that a query doesn't, new members appear,
and metrics are computed again. None of that is a change of the record. What happened and what people said about it is.
Names as in the vendor's SDK (AnalyticsConversationWithoutAttributes and what it is made of).
"""

import json
from typing import Any

_CONVERSATION = (
    "conversationId",
    "conversationStart",
    "conversationEnd",
    "originatingDirection",
    "divisionIds",
    "externalTag",
)
_PARTICIPANT = (
    "participantId",
    "participantName",
    "purpose",
    "userId",
    "externalContactId",
    "externalOrganizationId",
    "flaggedReason",
)
_SESSION = (
    "sessionId",
    "mediaType",
    "direction",
    "ani",
    "dnis",
    "sessionDnis",
    "addressFrom",
    "addressTo",
    "addressSelf",
    "addressOther",
    "messageType",
    "recording",
    "cc",
    "bcc",
)
_SEGMENT = (
    "segmentStart",
    "segmentEnd",
    "segmentType",
    "queueId",
    "wrapUpCode",
    "wrapUpNote",
    "wrapUpTags",
    "disconnectType",
    "subject",
)
_SURVEY = (
    "surveyId",
    "surveyStatus",
    "surveyFormId",
    "surveyCompletedDate",
    "surveyPromoterScore",
    "oSurveyTotalScore",
    "queueId",
    "userId",
)
_EVALUATION = (
    "evaluationId",
    "evaluatorId",
    "formId",
    "userId",
    "released",
    "deleted",
    "oTotalScore",
    "oTotalCriticalScore",
)


def same_facts(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two records of a conversation say the same in all that matters, whatever the order it comes in."""
    return _facts(one) == _facts(other)


def _facts(record: dict[str, Any]) -> str:
    below = {"sessions": _SESSION, "segments": _SEGMENT}
    return _canonical(
        _picked(record, _CONVERSATION)
        | {
            "participants": _each(record, "participants", _PARTICIPANT, below),
            "surveys": _each(record, "surveys", _SURVEY, {}),
            "evaluations": _each(record, "evaluations", _EVALUATION, {}),
        }
    )


def _each(parent: dict[str, Any], name: str, members: tuple[str, ...], below: dict[str, tuple[str, ...]]) -> list[str]:
    """The objects of a list in an order of their own; what is no object says nothing that could be compared."""
    found = parent.get(name)
    return sorted(
        _canonical(_picked(one, members) | {lower: _each(one, lower, wanted, below) for lower, wanted in below.items()})
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    )


def _picked(record: dict[str, Any], members: tuple[str, ...]) -> dict[str, Any]:
    """Those members that are there; null and an empty list are as good as absent."""
    return {name: _ordered(record[name]) for name in members if record.get(name) not in (None, [])}


def _ordered(value: Any) -> Any:
    return sorted(map(_canonical, value)) if isinstance(value, list) else value


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
