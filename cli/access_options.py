"""Roles and divisions as they are typed, for users and keys alike."""

from collections.abc import Sequence
from typing import Annotated

import typer

from strongroom.legal.access import Role

RoleOption = Annotated[
    list[Role], typer.Option("--role", help="What they may; may be given several times.", show_default=False)
]
DivisionOption = Annotated[
    list[str] | None,
    typer.Option("--division", metavar="ID", help="A Genesys division whose records they find; several times."),
]
AllDivisionsOption = Annotated[bool, typer.Option("--all-divisions", help="They find the records of all divisions.")]


def divisions_of(divisions: Sequence[str] | None, all_divisions: bool) -> frozenset[str] | None:
    """The divisions, None for all; which it is must be said. Raises typer.BadParameter."""
    if bool(divisions) == all_divisions:
        raise typer.BadParameter("say whose records they find: --division ID, or --all-divisions, one of the two")
    return None if all_divisions else frozenset(divisions or ())


def access_words(roles: frozenset[str], divisions: frozenset[str] | None) -> tuple[str, str]:
    """Both for a row of a table."""
    return ", ".join(sorted(roles)) or "none", "all" if divisions is None else ", ".join(sorted(divisions)) or "none"
