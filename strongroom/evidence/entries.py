"""The entries of the log: small records of ids, keys, sizes and hashes, as canonical JSON, without personal data.

An entry is always shorter than the 65,535 bytes a bundle takes: its texts have at most 1,024 characters.
"""

import json
import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from strongroom.canonical import canonical_json
from strongroom.evidence.errors import ProofRefused
from strongroom.evidence.notes import parse_verifier_key

_MAX_TEXT = 1_024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA256_FIELDS = frozenset({"sha256", "head", "policy_version"})
_FROM_ONE = frozenset({"revision", "events", "first", "last", "number"})


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """What every entry has. `ref` names what it is about; a log holds one entry for each. `trial`: of a trial vault.

    `day` is the UTC day it belongs to, where it belongs to one. Made of impossible values it raises ProofRefused.
    """

    kind: ClassVar[str]
    trial: bool = False

    def __post_init__(self) -> None:
        for one in fields(self):
            _require(self.kind, one.name, getattr(self, one.name))

    def bytes(self) -> bytes:
        """The entry as it stands in the log."""
        document: dict[str, Any] = {"kind": self.kind}
        for one in fields(self):
            value = getattr(self, one.name)
            document[_json_name(one.name)] = str(value) if isinstance(value, date | UUID) else value
        if not self.trial:
            del document["trial"]
        return canonical_json(document)


@dataclass(frozen=True, kw_only=True)
class StoredEntry(LogEntry):
    """What every entry has that vouches for the bytes of an object in the vault."""

    key: str
    version_id: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ManifestEntry(StoredEntry):
    """The manifest of a conversation's revision, filed under the day the conversation ended."""

    kind = "manifest"
    conversation_id: UUID
    revision: int
    day: date

    @property
    def ref(self) -> str:
        """Which entry this is."""
        return f"manifest/{self.conversation_id}/{self.revision}"


@dataclass(frozen=True, kw_only=True)
class CustodyEntry(StoredEntry):
    """The custody events of a day: how many, the positions of the first and last, and the last one's hash (`head`)."""

    kind = "custody"
    day: date
    events: int
    first: int
    last: int
    head: str

    @property
    def ref(self) -> str:
        """Which entry this is."""
        return f"custody/{self.day}"


@dataclass(frozen=True, kw_only=True)
class RecountEntry(StoredEntry):
    """The result of a day's recount against Genesys's own extract: conversations counted, and differences found."""

    kind = "recount"
    day: date
    number: int
    conversations: int
    differences: int

    @property
    def ref(self) -> str:
        """Which entry this is."""
        return f"recount/{self.day}/{self.number}"


@dataclass(frozen=True, kw_only=True)
class PolicyEntry(StoredEntry):
    """A retention policy that was in force; its version is the SHA-256 of the file."""

    kind = "policy"
    day: ClassVar[None] = None
    policy_version: str

    @property
    def ref(self) -> str:
        """Which entry this is."""
        return f"policy/{self.policy_version}"


@dataclass(frozen=True, kw_only=True)
class KeyEntry(StoredEntry):
    """A key that signs checkpoints from here on; `verifier_key` is its text (c2sp.org/signed-note)."""

    kind = "key"
    day: ClassVar[None] = None
    verifier_key: str

    @property
    def ref(self) -> str:
        """Which entry this is."""
        return f"key/{self.verifier_key}"


@dataclass(frozen=True, kw_only=True)
class CertificateEntry(StoredEntry):
    """The certificate of records that were disposed of or erased, by its number; `day` is that of its making."""

    kind = "certificate"
    day: date
    number: int

    @property
    def ref(self) -> str:
        """Which entry this is."""
        return f"certificate/{self.number}"


@dataclass(frozen=True, kw_only=True)
class DayEntry(LogEntry):
    """A day is sealed: `manifests` is how many of its manifests the log holds now. `late`: it was sealed before, and
    more have come.
    """

    kind = "day"
    day: date
    late: bool
    manifests: int

    @property
    def ref(self) -> str:
        """Which entry this is: each late one counts more manifests than the one before."""
        return f"day/{self.day}/{self.manifests}"


Entry = ManifestEntry | CustodyEntry | RecountEntry | PolicyEntry | KeyEntry | CertificateEntry | DayEntry

_KINDS: dict[str, type[Entry]] = {
    one.kind: one
    for one in (ManifestEntry, CustodyEntry, RecountEntry, PolicyEntry, KeyEntry, CertificateEntry, DayEntry)
}


def parse_entry(content: bytes) -> Entry:
    """Read an entry. Raises ProofRefused when the bytes are not exactly what an entry's `bytes()` gives."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _refused("a JSON object", "something else")
    kind = document.pop("kind", None)
    made = _KINDS.get(kind) if isinstance(kind, str) else None
    if made is None:
        raise _refused(f"a kind out of {', '.join(_KINDS)}", "another")
    document.setdefault("trial", False)
    types = {_json_name(one.name): (one.name, one.type) for one in fields(made)}
    if document.keys() != types.keys():
        raise _refused(f"the fields of the kind {kind}", "others")
    values = {name: _value(document[json_name], wanted) for json_name, (name, wanted) in types.items()}
    entry = made(**values)
    if entry.bytes() != content:
        raise _refused("canonical JSON", "another spelling")
    return entry


def _json_name(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _value(found: object, wanted: object) -> Any:
    if wanted in {UUID, date}:
        try:
            return UUID(str(found)) if wanted is UUID else date.fromisoformat(str(found))
        except ValueError:
            raise _refused("an id or a day", "something else") from None
    if type(found) is not wanted:
        raise _refused("text, whole numbers and true or false, each in its place", "another type")
    return found


def _require(kind: str, name: str, value: object) -> None:
    if isinstance(value, str):
        is_hash = name in _SHA256_FIELDS
        fits = _SHA256.fullmatch(value) if is_hash else 0 < len(value) <= _MAX_TEXT and value.isprintable()
        wanted = "a SHA-256 in hexadecimal" if is_hash else f"1 to {_MAX_TEXT} printable characters"
    elif isinstance(value, int):
        least = 1 if name in _FROM_ONE else 0
        fits, wanted = value >= least, f"a number from {least}"
    else:
        return
    if not fits:
        raise _refused(f"{wanted} as {_json_name(name)} of the kind {kind}", "another value")
    if name == "verifier_key" and isinstance(value, str):
        parse_verifier_key(value)


def _refused(expected: str, found: str) -> ProofRefused:
    return ProofRefused("not an entry of the log", where="an entry of the log", expected=expected, found=found)
