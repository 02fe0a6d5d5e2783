"""What the Legal desk refuses, beside what nobody has a right to."""

from strongroom.errors import StrongroomError


class Misuse(StrongroomError):
    """What was asked for can't be: a justification is blank, a time is past, an id is none."""

    exit_code = 2


class NotNow(StrongroomError):
    """It can't be done to a thing in the state it is in: a request that is over can't be approved any more."""
