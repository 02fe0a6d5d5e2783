"""The roles of people and machines, each a set of rights: what the desk goes by and the policy's document tells."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person or a machine is to the archive."""

    ANALYST = "analyst"
    APPROVER = "approver"
    RECORDS_MANAGER = "records-manager"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What can be allowed. Nobody sees content by a right alone: that takes a request of one's own as well."""

    SEARCH = "search"  # find conversations, see their metadata
    REQUEST = "request"  # ask for records, and see what is handed over under one's own requests
    APPROVE = "approve"  # decide on requests of others
    SEE_ALL_REQUESTS = "see all requests"
    SEE_CUSTODY = "see custody"  # of any record; under one's own request anybody sees it
    HOLD = "hold"  # place legal holds, ask for their release, approve another's asking
    SEE_HOLDS = "see holds"
    END = "end records"  # draw up and propose what is disposed of or erased, and carry it out once it is approved
    APPROVE_ENDING = "approve the end of records"  # that another proposed
    SEE_ENDINGS = "see what ended and will"
    SEE_PROGRESS = "see progress"  # days, review list, fleet: no content, no customer
    REQUEUE = "re-queue"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.ANALYST: frozenset({Right.SEARCH, Right.REQUEST}),
    Role.APPROVER: frozenset(
        {Right.SEARCH, Right.APPROVE, Right.SEE_ALL_REQUESTS, Right.SEE_HOLDS, Right.APPROVE_ENDING, Right.SEE_ENDINGS}
    ),
    Role.RECORDS_MANAGER: frozenset(
        {
            Right.SEARCH,
            Right.REQUEST,
            Right.HOLD,
            Right.SEE_HOLDS,
            Right.SEE_CUSTODY,
            Right.END,
            Right.APPROVE_ENDING,
            Right.SEE_ENDINGS,
        }
    ),
    Role.OPERATOR: frozenset({Right.SEE_PROGRESS, Right.REQUEUE}),
    Role.AUDITOR: frozenset(
        {
            Right.SEARCH,
            Right.REQUEST,
            Right.SEE_ALL_REQUESTS,
            Right.SEE_CUSTODY,
            Right.SEE_HOLDS,
            Right.SEE_PROGRESS,
            Right.SEE_ENDINGS,
        }
    ),
}
