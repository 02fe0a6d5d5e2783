"""Words as PostgreSQL's text search holds them and asks for them, its limits kept.

Its own parser is not used: how that cuts a text depends on the locale of the database. Limits: chapter 12.11 of its
documentation, a vector is less than 1 MiB, a place at most 16,383, of a word at most 256 places are kept.
"""

from collections.abc import Iterable, Iterator, Sequence

from strongroom.words import Phrase

_MOST_PLACES = 255
_MOST_WORDS = 15_000
_MOST_BYTES = 500_000
"""Of words, places and what PostgreSQL adds to each: half of what a vector may be."""
_OVERLAP = 30
"""Words that begin the next vector again, so that a phrase is not cut in two."""
_PER_WORD_BYTES = 8


def vectors(words: Iterable[str]) -> Iterator[str]:
    """The words of one text as `tsvector`s: one, or of a long text several, and all its words once more without places.

    So words that are far apart are found together in a long text as well. At least one, if an empty one.
    """
    places: dict[str, list[int]] = {}
    recent: list[str] = []
    all_words: dict[str, None] = {}
    size_bytes = all_bytes = place = pieces = 0
    for word in words:
        if place >= _MOST_WORDS or size_bytes >= _MOST_BYTES:
            yield _placed(places)
            pieces += 1
            places, size_bytes, place = {}, 0, 0
            for again in recent:
                place += 1
                size_bytes += _add(places, again, place)
        if word not in all_words:
            if all_bytes >= _MOST_BYTES:
                yield " ".join(map(_quoted, all_words))
                all_words, all_bytes = {}, 0
            all_words[word] = None
            all_bytes += len(word.encode()) + _PER_WORD_BYTES
        place += 1
        size_bytes += _add(places, word, place)
        recent = [*recent[1 - _OVERLAP :], word]
    yield _placed(places)
    if pieces:
        yield " ".join(map(_quoted, all_words))


def query(phrases: Sequence[Phrase]) -> str:
    """A `tsquery` that all of these phrases meet."""
    return " & ".join(f"({' <-> '.join(_sought(phrase))})" for phrase in phrases)


def _add(places: dict[str, list[int]], word: str, place: int) -> int:
    """Note a word's place; how many bytes that adds."""
    known = places.get(word)
    if known is None:
        places[word] = [place]
        return len(word.encode()) + _PER_WORD_BYTES
    if len(known) < _MOST_PLACES:
        known.append(place)
        return 2
    return 0


def _placed(places: dict[str, list[int]]) -> str:
    return " ".join(f"{_quoted(word)}:{','.join(map(str, where))}" for word, where in places.items())


def _sought(phrase: Phrase) -> Iterator[str]:
    *before, last = phrase.words
    yield from map(_quoted, before)
    yield f"{_quoted(last)}:*" if phrase.begins else _quoted(last)


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
