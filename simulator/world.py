"""Which conversations there are and when: three arrays of numbers, sorted by start. All else is made when asked for."""

import hashlib
import hmac
import uuid
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date

from simulator.draws import digest
from simulator.population import DAY_MS, Outline, Place, Population, midnight_ms

_MAX_NUMBER = 1 << 24


class World:
    """Rows are numbered by start. Some 32 bytes a conversation; a hundred thousand take seconds to lay out."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self._key = digest(population.seed, "conversation ids", size=32)
        self._counts = {(day, still_open): count for day, still_open, count in population.places()}
        rows = sorted(
            (outline.start_ms, outline.end_ms, _pack(place))
            for place in _all_places(self._counts)
            for outline in (population.outline(place),)
        )
        self.starts = array("q", (start for start, _, _ in rows))
        self.ends = array("q", (end for _, end, _ in rows))
        self._places = array("q", (place for _, _, place in rows))
        self._by_end = array("q", sorted(range(len(rows)), key=self.ends.__getitem__))

    def __len__(self) -> int:
        return len(self.starts)

    def started(self, first: date, last: date, now_ms: int) -> range:
        """Rows of the conversations that started on the days from first to last, by now."""
        begin = bisect_left(self.starts, midnight_ms(first))
        end = bisect_left(self.starts, midnight_ms(last) + DAY_MS)
        return range(begin, min(end, bisect_right(self.starts, now_ms)))

    def ended(self, day: date, now_ms: int) -> list[int]:
        """Rows of the conversations that ended on a day, by now, in the order of their ends."""
        begin = bisect_left(self._by_end, midnight_ms(day), key=self.ends.__getitem__)
        end = bisect_left(self._by_end, midnight_ms(day) + DAY_MS, key=self.ends.__getitem__)
        return [row for row in self._by_end[begin:end] if self.ends[row] <= now_ms]

    def ended_count(self, now_ms: int) -> int:
        """How many of all conversations have ended by now."""
        return bisect_right(self._by_end, now_ms, key=self.ends.__getitem__)

    def end_of_the_last(self, ended_count: int) -> int:
        """When the last of the first so many ended, in milliseconds since the epoch; 0 where none has."""
        return self.ends[self._by_end[ended_count - 1]] if ended_count else 0

    def place(self, row: int) -> Place:
        """Which conversation a row is."""
        return _unpack(self._places[row])

    def outline(self, place: Place) -> Outline:
        """Times, kind and outcome of a conversation."""
        return self.population.outline(place)

    def conversation_id(self, place: Place) -> str:
        """A UUID that holds the place, encrypted, so that no table from ids to conversations is needed."""
        payload = _pack(place).to_bytes(6, "big")
        tag = uuid.UUID(bytes=bytes(6) + self._tag(payload), version=4).bytes[6:]
        return str(uuid.UUID(bytes=_mask(payload, tag) + tag))

    def find(self, conversation_id: str) -> Place | None:
        """The place behind an id; None where the id is not one of this world's."""
        try:
            raw = uuid.UUID(conversation_id).bytes
            place = _unpack(int.from_bytes(_mask(raw[:6], raw[6:]), "big"))
        except (ValueError, OverflowError):
            return None
        if place.number >= self._counts.get((place.day, place.still_open), 0):
            return None
        return place if self.conversation_id(place) == conversation_id.lower() else None

    def _tag(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")[:10]


def _all_places(counts: dict[tuple[date, bool], int]) -> Iterator[Place]:
    for (day, still_open), count in counts.items():
        for number in range(count):
            yield Place(day, number, still_open)


def _pack(place: Place) -> int:
    """Six bytes: the day's ordinal and whether it is still open (three), the number (three)."""
    return (place.day.toordinal() * 2 + place.still_open) * _MAX_NUMBER + place.number


def _unpack(packed: int) -> Place:
    """The reverse of `_pack`. Raises ValueError where the six bytes name no day."""
    group, number = divmod(packed, _MAX_NUMBER)
    return Place(date.fromordinal(group // 2), number, bool(group % 2))


def _mask(payload: bytes, tag: bytes) -> bytes:
    stream = hashlib.blake2b(tag, digest_size=len(payload)).digest()
    return bytes(left ^ right for left, right in zip(payload, stream, strict=True))
