"""What a batch gave of a conversation, held against its sessions: is every recorded session there?

A batch gives what is ready now. A leg still in processing is simply not among the results, which say nothing of
sessions either: what can be compared is how many recordings there are of each kind.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from strongroom.genesys.batches import BatchResult
from strongroom.genesys.conversations import Conversation
from strongroom.ledger.batch_results import FoundRecording, Link
from strongroom.ledger.conversations import ExpectedRecording

AUDIO, SCREEN, TEXT, OTHER = "audio", "screen", "text", "other"
_KIND_OF_SESSION = {
    "voice": AUDIO,
    "callback": AUDIO,
    "screenshare": SCREEN,
    "screenmonitoring": SCREEN,
    "cobrowse": SCREEN,
    "video": SCREEN,
    "chat": TEXT,
    "email": TEXT,
    "message": TEXT,
    "internalmessage": TEXT,
}


def kind_of_result(content_type: str | None) -> str | None:
    """What a result is, by the content type Genesys gives it; None for an error, which says nothing of it."""
    if content_type is None:
        return None
    said = content_type.partition(";")[0].strip().lower()
    if said.startswith("audio/"):
        return AUDIO
    if said.startswith("video/"):
        return SCREEN
    return TEXT if said == "application/json" else OTHER


def has_all(conversation: Conversation, results: Sequence[BatchResult]) -> bool:
    """Whether the results account for every session that was recorded, and for what was written.

    One session may have several recordings, so more of a kind than sessions say nothing where there is one session of
    it, and are doubtful where there are several: one may have two and the other none yet. A recording of which there
    is an error only may be of any kind.
    """
    if any(result.recording_id is None for result in results):
        return False
    sessions = _sessions_of_kind(conversation)
    kinds = {
        recording_id: next((kind for kind in map(_kind_of, of_it) if kind is not None), None)
        for recording_id, of_it in _by_recording(results).items()
    }
    found = Counter(kind for kind in kinds.values() if kind is not None)
    errors = sum(kind is None for kind in kinds.values())
    missing = sum(max(0, count - found[kind]) for kind, count in sessions.items())
    doubtful = any(count > 1 and found[kind] > count for kind, count in sessions.items())
    return missing <= errors and not doubtful


def found_recordings(conversation: Conversation, results: Sequence[BatchResult]) -> list[FoundRecording]:
    """The recordings of which there are results, as the ledger expects them; what was told of each is kept."""
    of_kind: dict[str, list[tuple[str, str | None]]] = {}
    for session in conversation.recorded_sessions:
        of_kind.setdefault(_kind_of_session(session[1]), []).append(session)
    return [_found(of_it, of_kind) for of_it in _by_recording(results).values()]


def _sessions_of_kind(conversation: Conversation) -> Counter[str]:
    """How many sessions of each kind have a recording. `recording: true` is about audio: text is kept without it.

    What was written in a queue or to a bot is a transcript as well, of one session at least.
    """
    sessions = Counter(_kind_of_session(media) for _, media in conversation.recorded_sessions)
    if any(_kind_of_session(media) == TEXT for media in conversation.media_types):
        answered = sum(_kind_of_session(media) == TEXT for media in conversation.answered_media)
        sessions[TEXT] = max(sessions[TEXT], answered, 1)
    return sessions


def _found(results: Sequence[BatchResult], sessions: dict[str, list[tuple[str, str | None]]]) -> FoundRecording:
    first = next((one for one in results if one.url is not None), results[0])
    kind = _kind_of(first)
    candidates = sessions.get(kind or "", [])
    media = {AUDIO: "audio", SCREEN: "screen"}.get(kind or "")
    expected = ExpectedRecording(
        recording_id=str(first.recording_id),
        # where only one session can be meant, it is told; what is text says so itself
        session_id=candidates[0][0] if len(candidates) == 1 else None,
        media=media,
        listed=first.told,
        cause="given by a batch" if first.url is not None else "a batch gave an error for it",
    )
    return FoundRecording(expected, tuple(Link(one.identity, one.url, one.content_type) for one in results))


def _by_recording(results: Iterable[BatchResult]) -> dict[str, list[BatchResult]]:
    found: dict[str, list[BatchResult]] = {}
    for result in results:
        if result.recording_id is not None:
            found.setdefault(result.recording_id, []).append(result)
    return found


def _kind_of(result: BatchResult) -> str | None:
    return kind_of_result(result.content_type) if result.url is not None else None


def _kind_of_session(media_type: str | None) -> str:
    return _KIND_OF_SESSION.get(media_type or "", OTHER)
