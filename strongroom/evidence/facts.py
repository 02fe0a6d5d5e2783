"""What a report says line by line, however it is printed."""

from typing import NamedTuple

TRIAL_NOTE = "made in a trial vault: no evidence"
"""What a report on a trial vault's records says wherever it is read."""


class Fact(NamedTuple):
    """A label and its value. A value that is to be compared or copied (a hash, a key, an id) is `exact`."""

    label: str
    value: str
    exact: bool = False
