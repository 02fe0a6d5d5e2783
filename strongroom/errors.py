"""What can go wrong, in words: what happened, where, and what to do about it."""


class StrongroomError(Exception):
    """An error that a person will read as one line. Never holds a secret, a name or a phone number.

    `exit_code` is what the command line ends with (design: 1 findings, 2 usage, 3 something needed is unreachable).
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str, todo: str) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what} [{self.where}]: {self.todo}"

    @property
    def reason(self) -> str:
        """What and what to do, without where: the cause on a row that says itself which it is."""
        return f"{self.what}: {self.todo}"


class Misconfigured(StrongroomError):
    """A setting, a policy file, a permission or a bucket is not as it must be; a retry can't help."""

    exit_code = 2


class Unreachable(StrongroomError):
    """A server that is needed does not answer. What was to be done stays due and is tried again."""

    exit_code = 3
