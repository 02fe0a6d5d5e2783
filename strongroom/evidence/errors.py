"""The one error of evidence that does not hold."""

from strongroom.errors import StrongroomError


class ProofRefused(StrongroomError):
    """Evidence is not what it must be: a hash, a proof, a signature or its form. Says what was expected and what found.

    Neither holds personal data: they are hashes, sizes, names of keys and of fields.
    """

    def __init__(self, what: str, *, where: str, expected: object, found: object) -> None:
        super().__init__(
            f"{what}: expected {expected}, found {found}",
            where=where,
            todo="it proves nothing as it is; keep it, and compare it with another copy",
        )
        self.expected = str(expected)
        self.found = str(found)
