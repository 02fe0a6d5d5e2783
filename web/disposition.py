"""Content-Disposition (RFC 6266, RFC 8187): a file's name as a browser may have it, whoever chose it."""

import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

_LONGEST = 150
# of file systems and of Windows; a name must not lead out of the folder it is saved in
_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
_ATTR_CHARACTERS = "!#$&+-.^_`|~"

# what no browser runs anything of, and what a player, a viewer of pictures or plain text shows
_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/json"})
SANDBOX = "default-src 'none'; sandbox"


def safe_name(name: str | None, key: str) -> str:
    """A file's name without what is a path, invisible, or would change how the rest reads; the key's end if none is
    left.
    """
    told = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join("_" if one in _FORBIDDEN else one for one in unicodedata.normalize("NFC", told) if _is_shown(one))
    # a name that begins with a dot is hidden, one that ends with one is another's on Windows
    kept = " ".join(kept.split()).strip(". ")
    stem, dot, extension = kept.rpartition(".")
    if not kept.strip("_"):
        return PurePosixPath(key).name
    if (stem or kept).lower() in _RESERVED:
        kept = f"_{kept}"
    if len(kept) > _LONGEST:
        kept = (
            f"{stem[: _LONGEST - len(extension) - 1]}.{extension}" if dot and len(extension) < 16 else kept[:_LONGEST]
        )
    return kept


def content_disposition(name: str, *, inline: bool) -> str:
    """The header's value; `name` is a safe name. What isn't ASCII is told twice, for old and for new readers."""
    kind = "inline" if inline else "attachment"
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    value = f'{kind}; filename="{ascii_name}"'
    if ascii_name != name:
        value += f"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARACTERS)}"
    return value


def may_be_inline(content_type: str) -> bool:
    """Whether a browser may show it in place: media and pictures that hold no script; never HTML, SVG, XML or PDF."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _INLINE or kind.startswith(("audio/", "video/"))


def served_type(content_type: str) -> str:
    """The content type to send: what is no type of that form is of none."""
    kind = content_type.strip()
    plain = all(0x20 <= ord(one) < 0x7F for one in kind) and kind.count("/") == 1 and len(kind) <= 200
    return kind if plain and all(kind.partition(";")[0].split("/")) else "application/octet-stream"


def _is_shown(character: str) -> bool:
    # Cc: controls; Cf: also what turns the direction of writing; Zl, Zp: line ends; Cs: half a character
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
