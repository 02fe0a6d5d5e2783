"""The timeline of a conversation: who took part, on what, from when to when, drawn in per cent of its length.

The analytics record is the vendor's and comes as it came: what is odd in it is passed over, never an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from strongroom.times import day_of, parse_instant
from web.views.names import Named, role
from web.views.wording import duration, plain, utc

MOST_BARS = 240
"""Bars of one lane: of more, only the longest are drawn; all of them are in the text."""
_STEPS_S = (1, 5, 15, 30, 60, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000)
_TICKS = 6
_KINDS = {
    "interact": "talk",
    "hold": "hold",
    "wrapup": "wrapup",
    "ivr": "menu",
    "voicemail": "voicemail",
    "alert": "alert",
    "dialing": "alert",
    "contacting": "alert",
    "delay": "alert",
    "parked": "hold",
    "sharing": "screen",
}
_WORDS = {"talk": "Conversation", "wait": "Waiting in queue", "hold": "On hold", "wrapup": "Wrap-up", "menu": "Menu",
          "voicemail": "Voicemail", "alert": "Ringing", "screen": "Screen", "other": "Other"}  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """One segment: `x` and `width` in per cent of the timeline, `kind` one of the legend's, `label` in words."""

    x: float
    width: float
    kind: str
    label: str


@dataclass(frozen=True)
class Lane:
    """One participant on one medium."""

    role: str
    name: str
    media: str
    queue: str | None
    bars: tuple[Bar, ...]
    summary: str


@dataclass(frozen=True)
class Tick:
    """A mark on the axis, in per cent, and its time of day or day."""

    x: float
    label: str


@dataclass(frozen=True)
class Moment:
    """A line of the timeline in text. `seconds` is how long it lasted, None where it isn't known."""

    at: datetime
    who: str
    what: str
    seconds: float | None


@dataclass(frozen=True)
class Timeline:
    """What is drawn, and the same in text."""

    start: datetime
    end: datetime
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    moments: tuple[Moment, ...]
    legend: tuple[tuple[str, str], ...]
    transfers: int

    @property
    def is_of_one_day(self) -> bool:
        """Whether a time of day says it all."""
        return day_of(self.start) == day_of(self.end)


@dataclass(frozen=True)
class _Segment:
    start: datetime
    end: datetime
    ended: bool
    kind: str
    what: str
    queue: str | None


def timeline(record: Mapping[str, Any], names: Mapping[str, Any] | None, start: datetime, end: datetime) -> Timeline:
    """The timeline of a conversation from `start` to `end`; wrap-ups that go on after its end lengthen it."""
    named = Named(names)
    found = [
        (participant, session, list(_segments(session, participant, named, end)))
        for participant in members(record, "participants")
        for session in members(participant, "sessions")
    ]
    every = [segment for _, _, segments in found for segment in segments]
    first = min([start, *(segment.start for segment in every)])
    last = max([end, *(segment.end for segment in every), first + timedelta(seconds=1)])
    lanes = tuple(_lane(participant, session, segments, named, first, last) for participant, session, segments in found)
    moments = sorted(
        (
            Moment(
                segment.start,
                _who(participant, named),
                segment.what,
                (segment.end - segment.start).total_seconds() if segment.ended else None,
            )
            for participant, _, segments in found
            for segment in segments
        ),
        key=lambda moment: moment.at,
    )
    drawn = {bar.kind for lane in lanes for bar in lane.bars}
    return Timeline(
        start=first,
        end=last,
        lanes=lanes,
        ticks=tuple(_ticks(first, last)),
        moments=tuple(moments),
        legend=tuple((kind, words) for kind, words in _WORDS.items() if kind in drawn),
        transfers=sum(_is_transfer(segment) for segment in _raw_segments(record)),
    )


def members(parent: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The objects in a list of the record; nothing where it is none."""
    value = parent.get(name)
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def instant_of(value: object) -> datetime | None:
    """An instant of the record, or None when it is none."""
    if not isinstance(value, str):
        return None
    try:
        return parse_instant(value)
    except (ValueError, OverflowError):
        return None


def _segments(
    session: Mapping[str, Any], participant: Mapping[str, Any], named: Named, end: datetime
) -> Iterator[_Segment]:
    for segment in members(session, "segments"):
        started = instant_of(segment.get("segmentStart"))
        if started is None:
            continue
        ended = instant_of(segment.get("segmentEnd"))
        kind = _kind(segment, participant)
        queue = named.queue(segment["queueId"]) if isinstance(segment.get("queueId"), str) else None
        yield _Segment(
            start=started,
            end=max(started, ended or end),
            ended=ended is not None,
            kind=kind,
            what=_what(segment, kind, queue, named),
            queue=queue,
        )


def _kind(segment: Mapping[str, Any], participant: Mapping[str, Any]) -> str:
    segment_type = segment.get("segmentType")
    kind = _KINDS.get(segment_type, "other") if isinstance(segment_type, str) else "other"
    return "wait" if kind == "talk" and participant.get("purpose") == "acd" else kind


def _what(segment: Mapping[str, Any], kind: str, queue: str | None, named: Named) -> str:
    segment_type = segment.get("segmentType")
    words = plain(segment_type, 40).capitalize() if kind == "other" and segment_type else _WORDS[kind]
    parts = [words]
    if queue:
        parts.append(f"queue {queue}")
    if isinstance(segment.get("subject"), str):
        parts.append(f"subject “{plain(segment['subject'], 120)}”")
    if isinstance(segment.get("wrapUpCode"), str):
        parts.append(f"wrap-up code {named.wrap_up(segment['wrapUpCode'])}")
    if isinstance(segment.get("wrapUpNote"), str):
        parts.append(f"note “{plain(segment['wrapUpNote'], 200)}”")
    if _is_transfer(segment):
        parts.append("then transferred")
    elif isinstance(segment.get("disconnectType"), str):
        parts.append(f"ended by {plain(segment['disconnectType'], 40)}")
    return ", ".join(parts)


def _lane(
    participant: Mapping[str, Any],
    session: Mapping[str, Any],
    segments: list[_Segment],
    named: Named,
    first: datetime,
    last: datetime,
) -> Lane:
    whole = (last - first).total_seconds()
    longest = sorted(segments, key=lambda segment: segment.start - segment.end)[:MOST_BARS]
    bars = tuple(
        Bar(
            x=round((segment.start - first).total_seconds() / whole * 100, 3),
            width=max(0.4, round((segment.end - segment.start).total_seconds() / whole * 100, 3)),
            kind=segment.kind,
            label=f"{utc(segment.start)} to {utc(segment.end)}: {segment.what}",
        )
        for segment in sorted(longest, key=lambda segment: segment.start)
    )
    queue = next((segment.queue for segment in segments if segment.queue), None)
    media = plain(session.get("mediaType") or "unknown", 40)
    lasted = sum((segment.end - segment.start).total_seconds() for segment in segments if segment.kind != "wrapup")
    began = f" from {utc(segments[0].start)}, {duration(lasted)}" if segments else ""
    who = _who(participant, named)
    return Lane(
        role=role(participant.get("purpose")),
        name=queue if participant.get("purpose") == "acd" and queue else who,
        media=media,
        queue=queue,
        bars=bars,
        summary=f"{who} on {media}{began}",
    )


def _who(participant: Mapping[str, Any], named: Named) -> str:
    """The agent by the name its id had; others by the name in the record."""
    user_id = participant.get("userId")
    looked_up = named.user(user_id) if isinstance(user_id, str) else ""
    in_record = participant.get("participantName")
    if looked_up and looked_up != user_id:
        return looked_up
    if isinstance(in_record, str) and plain(in_record):
        return plain(in_record, 80)
    return looked_up or role(participant.get("purpose"))


def _raw_segments(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for participant in members(record, "participants"):
        for session in members(participant, "sessions"):
            yield from members(session, "segments")


def _is_transfer(segment: Mapping[str, Any]) -> bool:
    reason = segment.get("disconnectType")
    return isinstance(reason, str) and reason.lower() in {"transfer", "conferencetransfer", "consulttransfer"}


def _ticks(first: datetime, last: datetime) -> Iterator[Tick]:
    whole = (last - first).total_seconds()
    step = next((step for step in _STEPS_S if whole / step <= _TICKS), _STEPS_S[-1])
    offset = step - first.timestamp() % step
    form = "%d %b" if step >= 86_400 else "%H:%M:%S" if step < 60 else "%H:%M"
    if step < 86_400 < whole:
        form = "%d %b %H:%M"
    while offset < whole:
        yield Tick(round(offset / whole * 100, 3), f"{first + timedelta(seconds=offset):{form}}")
        offset += step
