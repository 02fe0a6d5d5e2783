"""Where a browser may be sent after signing in: a path of this desk, and nothing that could be read as another host."""

import re
from urllib.parse import urlsplit

HOME = "/"
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without a backslash, which browsers take for a slash


def safe_path(text: str) -> str:
    """The path, with its query, if it is one of this desk's pages; else where everybody begins."""
    if not _PATH.fullmatch(text):
        return HOME
    parts = urlsplit(text)
    # not back to the sign-in itself, and not to what is no page
    if parts.scheme or parts.netloc or parts.path.startswith(("/sign-", "/api/", "/legal/")):
        return HOME
    return text
