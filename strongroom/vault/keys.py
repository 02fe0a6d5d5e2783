"""Where each object of the archive stands. The layout is in the design, "Vault layout".

Names come from outside, and a name is never a path: only plain ids become part of a key.
"""

import hashlib
import re
from datetime import date

from strongroom.errors import StrongroomError

_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_REVISION = re.compile(r"archive/[^/]+/[^/]+/r([1-9][0-9]*)/")
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")


class KeyRefused(StrongroomError):
    """An id, extension or number from outside can't be part of a key."""


def manifest_key(day: date, conversation_id: str, revision: int) -> str:
    """The key of a conversation revision's manifest. `day` is the UTC day the conversation ended. Raises KeyRefused."""
    return f"{_folder(day, conversation_id, revision)}/manifest.json"


def conversation_key(day: date, conversation_id: str, revision: int) -> str:
    """The key of the conversation's record as received. Raises KeyRefused."""
    return f"{_folder(day, conversation_id, revision)}/conversation.json"


def recording_key(day: date, conversation_id: str, revision: int, recording_id: str, part: int, extension: str) -> str:
    """The key of one file of a recording; parts count from 1, the extension has no dot. Raises KeyRefused."""
    if not _EXTENSION.fullmatch(extension):
        raise _refused("extension", "one to eight lower-case letters and digits")
    if part < 1:
        raise _refused("part", "a number from 1")
    name = _plain("recording id", recording_id) + (f".{part}" if part > 1 else "")
    return f"{_folder(day, conversation_id, revision)}/recordings/{name}.{extension}"


def attachment_key(day: date, conversation_id: str, revision: int, recording_id: str, attachment_id: str) -> str:
    """The key of a recording's attachment. Raises KeyRefused for the other ids.

    An attachment id that is not a plain id is replaced by its digest. A dot sets it apart: no plain id has one.
    """
    if not _PLAIN_ID.fullmatch(attachment_id):
        attachment_id = f"sha256.{hashlib.sha256(attachment_id.encode('utf-8', 'surrogatepass')).hexdigest()}"
    recording = _plain("recording id", recording_id)
    return f"{_folder(day, conversation_id, revision)}/recordings/{recording}/attachments/{attachment_id}"


def revision_of(key: str) -> int:
    """The revision in whose folder a key of the archive is; 1 for a key of no folder of its own."""
    found = _REVISION.match(key)
    return int(found[1]) if found else 1


def _folder(day: date, conversation_id: str, revision: int) -> str:
    if revision < 1:
        raise _refused("revision", "a number from 1")
    folder = f"archive/{day.isoformat()}/{_plain('conversation id', conversation_id)}"
    return folder if revision == 1 else f"{folder}/r{revision}"


def _plain(name: str, value: str) -> str:
    if not _PLAIN_ID.fullmatch(value):
        raise _refused(name, "at most 64 letters, digits, - and _, beginning with a letter or digit")
    return value


def _refused(name: str, wanted: str) -> KeyRefused:
    # The value itself is not repeated: what is not an id may be anything, a person's name included.
    return KeyRefused(f"the {name} can't be part of a key", where="vault key", todo=f"it must be {wanted}")
