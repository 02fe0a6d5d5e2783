"""Who may do what with archived records: a role is a set of rights, and everything that is asked for needs one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from strongroom.actor import Actor
from strongroom.errors import StrongroomError


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


@dataclass(frozen=True)
class Principal:
    """Who is signed in, or whose key it is, and from where: what every rule is asked about.

    `divisions` are the ids of the Genesys divisions whose records it finds; None: all of them. `second_factor` says
    whether an identity provider saw one when it let them in; None: none was asked.
    """

    name: str
    roles: frozenset[Role]
    divisions: frozenset[str] | None
    origin: str
    second_factor: bool | None = None

    @property
    def actor(self) -> Actor:
        """As the custody chain names it."""
        return Actor(self.name, self.origin)

    def may(self, right: Right) -> bool:
        """Whether one of its roles has this right."""
        return any(right in RIGHTS[role] for role in self.roles)


class Forbidden(StrongroomError):
    """The principal has no right to this. Where telling so would tell that something exists, it is NotThere instead."""


class NotThere(StrongroomError):
    """There is no such thing, or none that the principal may know of: the answer is the same, word for word."""


class Ended(NotThere):
    """It was disposed of or erased under a certificate: told to who sees all divisions, since it had one."""


def require(principal: Principal, right: Right) -> None:
    """Raise Forbidden unless the principal has the right."""
    if not principal.may(right):
        raise Forbidden(
            f"{principal.name} has no right to {right}",
            where="the Legal desk",
            todo="ask whoever manages its users for a role that has it",
        )
