"""Lists that are sent along with a form."""

from fastapi import UploadFile

from strongroom.legal.errors import Misuse

LONGEST_LIST_BYTES = 1024 * 1024


def text_of(upload: UploadFile | None) -> str:
    """A file's text; one that is no UTF-8 is read as Windows spells it, so that its lines can at least be shown.

    Raises Misuse for one that is too long.
    """
    if upload is None:
        return ""
    data = upload.file.read(LONGEST_LIST_BYTES + 1)
    if len(data) > LONGEST_LIST_BYTES:
        raise Misuse("the file has more than 1 MiB", where="the list of conversations", todo="send it in parts")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
