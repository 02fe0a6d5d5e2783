"""Which conversations there are and when: three arrays of numbers, sorted by start. All else is made when asked for."""

import hashlib
import hmac
import uuid
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date

from simulator.awkwardness import Part
from simulator.draws import digest
from simulator.population import DAY_MS, Conversations, Outline, Place, Stretch, midnight_ms

_MAX_NUMBER = 1 << 24


class World:
    """Rows are numbered by start. Some 32 bytes a conversation; a hundred thousand take seconds to lay out.

    The few that are re-opened, shown late or awkward have an entry of their own beside the arrays.
    """

    def __init__(self, conversations: Conversations) -> None:
        self.conversations = conversations
        self._key = digest(conversations.seed, "conversation ids", size=32)
        self._counts = {(day, still_open): count for day, still_open, count in conversations.places()}
        self.starts, self.ends, self._places = array("q"), array("q"), array("q")
        self.shown: dict[int, int] = {}
        self.parts: dict[int, Part] = {}
        self._reopened: dict[int, tuple[Stretch, ...]] = {}
        self._reopened_at: dict[int, tuple[Stretch, ...]] = {}
        unusual: dict[int, Outline] = {}
        rows = []
        for place in _all_places(self._counts):
            outline, packed = self.outline(place), _pack(place)
            rows.append((outline.start_ms, outline.end_ms, packed))
            if outline.part or outline.reopened or outline.shown_ms > outline.start_ms:
                unusual[packed] = outline
        for row, (start_ms, end_ms, packed) in enumerate(sorted(rows)):
            self.starts.append(start_ms)
            self.ends.append(end_ms)
            self._places.append(packed)
            if packed in unusual:
                self._take_note(row, unusual[packed])
        self._by_end = array("q", sorted(range(len(self)), key=self.ends.__getitem__))
        later_ends = (stretch.end_ms for stretches in self._reopened.values() for stretch in stretches)
        self._all_ends = array("q", sorted((*self.ends, *later_ends)))

    def _take_note(self, row: int, outline: Outline) -> None:
        if outline.part:
            self.parts[row] = outline.part
        if outline.shown_ms > outline.start_ms:
            self.shown[row] = outline.shown_ms
        if outline.reopened:
            self._reopened[row] = self._reopened_at[self._places[row]] = outline.reopened

    def __len__(self) -> int:
        return len(self.starts)

    def started(self, first: date, last: date, now_ms: int) -> range:
        """Rows of the conversations that started on the days from first to last, by now."""
        begin = bisect_left(self.starts, midnight_ms(first))
        end = bisect_left(self.starts, midnight_ms(last) + DAY_MS)
        return range(begin, min(end, bisect_right(self.starts, now_ms)))

    def ended(self, day: date, now_ms: int) -> list[int]:
        """Rows of the conversations whose last end by now is on a day, in the order of their (first) ends."""
        begin_ms = midnight_ms(day)
        begin = bisect_left(self._by_end, begin_ms, key=self.ends.__getitem__)
        end = bisect_left(self._by_end, begin_ms + DAY_MS, key=self.ends.__getitem__)
        candidates = {*self._by_end[begin:end], *self._reopened} if self._reopened else self._by_end[begin:end]
        return [
            row
            for row in sorted(candidates, key=self.ends.__getitem__)
            if begin_ms <= self.end_of(row, now_ms) < begin_ms + DAY_MS and self.ends[row] <= now_ms
        ]

    def active(self, begin_ms: int, end_ms: int) -> Iterator[int]:
        """Rows of the conversations that were open at some moment from `begin_ms` until before `end_ms`."""
        for row in range(bisect_left(self.starts, end_ms)):
            if self.ends[row] >= begin_ms or any(
                stretch.start_ms < end_ms and stretch.end_ms >= begin_ms for stretch in self._reopened.get(row, ())
            ):
                yield row

    def end_of(self, row: int, now_ms: int) -> int:
        """The last end a conversation has had by now, or its first one, which is then to come."""
        ends = self.ends_of(row, now_ms)
        return ends[-1] if ends else self.ends[row]

    def ends_of(self, row: int, now_ms: int) -> list[int]:
        """All ends a conversation has had by now, earliest first."""
        later = (stretch.end_ms for stretch in self._reopened.get(row, ()))
        return [end_ms for end_ms in (self.ends[row], *later) if end_ms <= now_ms]

    def times_reopened(self, place: Place, now_ms: int) -> int:
        """How often a conversation has been re-opened and has ended again by now."""
        return sum(stretch.end_ms <= now_ms for stretch in self._reopened_at.get(_pack(place), ()))

    def ended_count(self, now_ms: int) -> int:
        """How often any conversation has ended by now, or ended again."""
        return bisect_right(self._all_ends, now_ms)

    def end_of_the_last(self, ended_count: int) -> int:
        """When the last of the first so many ends was, in milliseconds since the epoch; 0 where there was none."""
        return self._all_ends[ended_count - 1] if ended_count else 0

    def unseen(self, now_ms: int) -> frozenset[int]:
        """Rows of the conversations that queries don't have yet, although they have started."""
        return frozenset(row for row, shown_ms in self.shown.items() if shown_ms > now_ms)

    def place(self, row: int) -> Place:
        """Which conversation a row is."""
        return _unpack(self._places[row])

    def outline(self, place: Place) -> Outline:
        """Times, kind and outcome of a conversation."""
        return self.conversations.outline(place)

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
