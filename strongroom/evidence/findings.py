"""What does not hold: said so that a stranger can look at the same place and see the same."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

MISSING, WRONG, TWICE, RECORD = 1, 2, 3, 4
"""The promises a finding can break, by their numbers: nothing is missing, nothing is wrong, nothing is done twice,
everything is on the record.
"""
PROMISES = {
    MISSING: "nothing is missing",
    WRONG: "nothing is wrong",
    TWICE: "nothing is done twice",
    RECORD: "everything is on the record",
}


@dataclass(frozen=True)
class VerifyFinding:
    """One thing that is not as it must be, and the promise it breaks.

    `where` is an `s3://` address and a version, a row of the ledger, or the witness. `expected` and `found` are hashes,
    sizes, ids and names of fields: no personal data.
    """

    promise: int
    what: str
    where: str
    expected: str
    found: str
    conversation_id: UUID | None = None

    def document(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "promise": self.promise,
            "breaks": PROMISES[self.promise],
            "what": self.what,
            "where": self.where,
            "expected": self.expected,
            "found": self.found,
            "conversation_id": None if self.conversation_id is None else str(self.conversation_id),
        }
