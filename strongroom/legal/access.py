"""Who may do what with archived records: everything that is asked for needs a right, and roles give them."""

from dataclasses import dataclass

from strongroom.actor import Actor
from strongroom.errors import StrongroomError
from strongroom.roles import RIGHTS, Right, Role

__all__ = ["RIGHTS", "Forbidden", "NotThere", "Principal", "Right", "Role", "require"]


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
