"""What a file of a record is called: the sender's name for what was sent along, else what it is and in which format."""

from web.views.wording import plain

_KINDS = {
    "message/rfc822": "E-mail thread",
    "application/zip": "Thread with its attachments",
    "application/json": "Transcript",
}


def title_of(key: str, part: str, content_type: str, file_name: str | None) -> str:
    """A file's title, from its key and part in the vault, its content type and the name it was sent under."""
    last = key.rsplit("/", 1)[-1]
    if file_name:
        return plain(file_name, 160)
    if part == "manifest":
        return "Manifest"
    if part == "conversation":
        return "Conversation record"
    extension = last.rsplit(".", 1)[-1].upper() if "." in last else ""
    kind = content_type.partition("/")[0]
    words = {"audio": "Sound recording", "video": "Screen recording"}.get(kind, _KINDS.get(content_type))
    if words is None or "/attachments/" in part:
        return plain(last, 160)
    return f"{words} ({extension})" if extension else words
