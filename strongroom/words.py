"""The words of a text, as the search knows them: in any language, whatever the case and the accents."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_WORD = 100
"""Characters; what is longer is cut, in the index and in what is searched for alike."""

# Scripts that write no spaces between words: each character is a word, and a word is a phrase of them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")

_SOUGHT = re.compile(r'"([^"]+)"|([^\s"]+)')


def storable(text: str) -> str:
    """The text as PostgreSQL can hold it: without NUL, and with a question mark for each lone surrogate."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def folded(text: str) -> str:
    """The text without differences of case, width and accents: `Straße` and `STRASSE`, `Können` and `konnen` agree."""
    # twice: a sign such as ℠ comes apart into capitals
    apart = unicodedata.normalize("NFD", storable(text))
    for _ in range(2):
        apart = unicodedata.normalize("NFKD", apart.casefold())
    whole = "".join(character for character in apart if unicodedata.category(character) != "Mn")
    return unicodedata.normalize("NFC", whole)


def words(text: str) -> Iterator[str]:
    """The words of a text, in order, folded. Letters and digits are words; everything else stands between them."""
    return (found[0][:LONGEST_WORD] for found in _WORD.finditer(folded(text)))


@dataclass(frozen=True)
class Phrase:
    """Words that must stand side by side, in this order; `begins`: the last one need only begin so."""

    words: tuple[str, ...]
    begins: bool = False


def phrases(text: str) -> tuple[Phrase, ...]:
    """What is searched for: words and "phrases", `order*` for all that begins so; none when there is no word in it.

    What is written in one, as an e-mail address or a reference, is a phrase of its words.
    """
    found = []
    for quoted, single in _SOUGHT.findall(storable(text)):
        chunk = quoted or single
        if parts := tuple(words(chunk)):
            found.append(Phrase(parts, begins=not quoted and chunk.endswith("*")))
    return tuple(found)
