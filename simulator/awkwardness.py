"""Everything awkward the real one does, by name, and who in a day has to play it.

Opt-in: without it the population is what it always was. With it, in each three hundred conversations of a day the
first ordinary ones are given the parts of `CAST`, in its order. What each comes to is done where it belongs: times in
`population`, story in `oddities`, listing in `pages`, recordings in `recordings`.
"""

from enum import StrEnum
from typing import NamedTuple

from simulator.kinds import Kind


class Awkwardness(StrEnum):
    """What is awkward."""

    SHIFTING_PAGES = "shifting_pages"
    REPEATED_ON_TWO_PAGES = "repeated_on_two_pages"
    CHANGING_TOTAL_HITS = "changing_total_hits"
    SHORT_PAGES = "short_pages"
    OVER_100K_HITS = "over_100k_hits"
    LATE_SHOWN = "late_shown"
    REOPENED_SAME_DAY = "reopened_same_day"
    REOPENED_DAYS_LATER = "reopened_days_later"
    MULTI_DAY_EMAIL = "multi_day_email"
    LONG_THREAD = "long_thread"
    RECORDED_FLAG_NOTHING_BEHIND = "recorded_flag_nothing_behind"
    LISTED_AT_SECOND_LOOK = "listed_at_second_look"
    FILE_STATES = "file_states"
    TRANSCODING_202 = "transcoding_202"
    DUAL_CHANNEL = "dual_channel"
    STATION_AND_TRUNK_COPIES = "station_and_trunk_copies"
    SCREEN_RECORDING = "screen_recording"
    SNIPPET = "snippet"
    VOICEMAIL = "voicemail"
    UNKNOWN_MEDIA_TYPE = "unknown_media_type"
    NEW_FIELDS = "new_fields"
    UNICODE_NAMES = "unicode_names"
    LONG_SUBJECT = "long_subject"
    LARGE_ATTACHMENT = "large_attachment"
    ZERO_BYTE_ATTACHMENT = "zero_byte_attachment"
    PATH_NAMED_ATTACHMENT = "path_named_attachment"
    SAME_NAME_ATTACHMENTS = "same_name_attachments"
    TRANSCRIPT_TOO_LARGE = "transcript_too_large"
    ID_AS_QUEUE_NAME = "id_as_queue_name"
    NO_PURPOSE = "no_purpose"
    MANY_SEGMENTS = "many_segments"
    CLOCK_SKEW = "clock_skew"
    DELETED_QUEUE = "deleted_queue"
    DELETED_USER = "deleted_user"


class Part(NamedTuple):
    """What a conversation plays: an awkwardness, and which of its variants, from 0."""

    awkwardness: Awkwardness
    variant: int


CAST: dict[Awkwardness, tuple[Kind, ...]] = {
    Awkwardness.SHIFTING_PAGES: (Kind.VOICE, Kind.VOICE),
    Awkwardness.REPEATED_ON_TWO_PAGES: (Kind.VOICE,),
    Awkwardness.CHANGING_TOTAL_HITS: (Kind.VOICE,),
    Awkwardness.SHORT_PAGES: (Kind.VOICE,),
    Awkwardness.OVER_100K_HITS: (),
    Awkwardness.LATE_SHOWN: (Kind.VOICE, Kind.EMAIL),
    Awkwardness.REOPENED_SAME_DAY: (Kind.EMAIL, Kind.MESSAGE),
    Awkwardness.REOPENED_DAYS_LATER: (Kind.EMAIL_ATTACHMENTS, Kind.MESSAGE),
    Awkwardness.MULTI_DAY_EMAIL: (Kind.EMAIL_DAYS,),
    Awkwardness.LONG_THREAD: (Kind.EMAIL,),
    Awkwardness.RECORDED_FLAG_NOTHING_BEHIND: (Kind.VOICE,),
    Awkwardness.LISTED_AT_SECOND_LOOK: (Kind.TRANSFER,),
    Awkwardness.FILE_STATES: (Kind.VOICE, Kind.VOICE, Kind.VOICE, Kind.VOICE, Kind.VOICE, Kind.EMAIL_ATTACHMENTS),
    Awkwardness.TRANSCODING_202: (Kind.VOICE,),
    Awkwardness.DUAL_CHANNEL: (Kind.VOICE,),
    Awkwardness.STATION_AND_TRUNK_COPIES: (Kind.VOICE,),
    Awkwardness.SCREEN_RECORDING: (Kind.VOICE,),
    Awkwardness.SNIPPET: (Kind.VOICE,),
    Awkwardness.VOICEMAIL: (Kind.ABANDONED,),
    Awkwardness.UNKNOWN_MEDIA_TYPE: (Kind.VOICE,),
    Awkwardness.NEW_FIELDS: (Kind.VOICE, Kind.EMAIL_ATTACHMENTS),
    Awkwardness.UNICODE_NAMES: (Kind.CHAT, Kind.EMAIL, Kind.MESSAGE),
    Awkwardness.LONG_SUBJECT: (Kind.EMAIL,),
    Awkwardness.LARGE_ATTACHMENT: (Kind.EMAIL,),
    Awkwardness.ZERO_BYTE_ATTACHMENT: (Kind.EMAIL,),
    Awkwardness.PATH_NAMED_ATTACHMENT: (Kind.EMAIL,),
    Awkwardness.SAME_NAME_ATTACHMENTS: (Kind.EMAIL,),
    Awkwardness.TRANSCRIPT_TOO_LARGE: (Kind.EMAIL,),
    Awkwardness.ID_AS_QUEUE_NAME: (Kind.CHAT,),
    Awkwardness.NO_PURPOSE: (Kind.VOICE,),
    Awkwardness.MANY_SEGMENTS: (Kind.VOICE,),
    Awkwardness.CLOCK_SKEW: (Kind.VOICE,),
    Awkwardness.DELETED_QUEUE: (Kind.VOICE,),
    Awkwardness.DELETED_USER: (Kind.VOICE,),
}
"""The kinds of the conversations that play each part, one for each of its variants; none where only a limit does."""

_ONCE_A_DAY = {Awkwardness.LARGE_ATTACHMENT}
EVERY = tuple(Awkwardness)


def parts(awkward: tuple[Awkwardness, ...], *, first_of_day: bool) -> list[tuple[Part, Kind]]:
    """The parts to be given, in order."""
    return [
        (Part(name, variant), kind)
        for name in Awkwardness
        if name in awkward and (first_of_day or name not in _ONCE_A_DAY)
        for variant, kind in enumerate(CAST[name])
    ]
