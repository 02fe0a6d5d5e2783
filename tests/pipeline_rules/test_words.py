"""Words: the same in the index and in what is searched for, whatever is written."""

from hypothesis import given
from hypothesis import strategies as st

from strongroom.ledger.search_words import query, vectors
from strongroom.words import LONGEST_WORD, Phrase, folded, phrases, storable, words

ANYTHING = st.text(st.characters(codec=None, categories=None))


@given(ANYTHING)
def test_what_is_folded_stays_as_it_is_and_can_be_stored(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert "\x00" not in storable(text)
    storable(text).encode()
    assert storable(storable(text)) == storable(text)


@given(ANYTHING)
def test_words_are_letters_and_digits_of_a_length_an_index_takes(text: str) -> None:
    found = list(words(text))
    assert all(0 < len(word) <= LONGEST_WORD for word in found)
    assert list(words(" ".join(found))) == found
    assert not any(character in word for word in found for character in " '\"\\&|!():*<>\x00")


@given(ANYTHING)
def test_a_text_is_found_by_itself(text: str) -> None:
    plain = text.replace('"', " ")
    assert [word for phrase in phrases(plain) for word in phrase.words] == [
        word for chunk in plain.split() for word in words(chunk)
    ] or "\x00" in text
    quoted = phrases(f'"{plain}"')
    assert [phrase.words for phrase in quoted] == ([tuple(words(plain))] if any(words(plain)) else [])


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=3)))
def test_case_and_accents_make_no_difference(some: list[str]) -> None:
    text = " ".join(some)
    accented = "".join(f"{character}\u0301" for character in text.upper()).replace(" \u0301", " ")
    assert list(words(accented)) == list(words(text)) == some


def test_what_is_asked_for() -> None:
    assert phrases('order "Your Fee" 12-3 conf* “x”') == (
        Phrase(("order",)),
        Phrase(("your", "fee")),
        Phrase(("12", "3")),
        Phrase(("conf",), begins=True),
        Phrase(("x",)),
    )
    assert phrases('"open ended') == (Phrase(("open",)), Phrase(("ended",)))
    assert phrases('… - "\'" *') == ()
    assert query(phrases('a "b c" d*')) == "('a') & ('b' <-> 'c') & ('d':*)"


def test_a_vector_tells_each_word_and_its_places() -> None:
    assert list(vectors(words("Fees, and fees!"))) == ["'fees':1,3 'and':2"]
    assert list(vectors([])) == [""]


@given(st.integers(1, 32_000))
def test_a_long_text_is_cut_and_all_its_words_are_once_more_together(length: int) -> None:
    made = list(vectors(f"w{number}" for number in range(length)))
    assert all(len(vector) < 1024 * 1024 for vector in made)
    assert len(made) == 1 or set(made[-1].split()) == {f"'w{number}'" for number in range(length)}
    placed = [entry.rpartition(":") for vector in made[: max(1, len(made) - 1)] for entry in vector.split()]
    assert {word for word, _, _ in placed} == {f"'w{number}'" for number in range(length)}
    assert max(int(place) for _, _, place in placed) <= 16_383
