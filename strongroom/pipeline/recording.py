"""A recording: asked for, checked, put once part by part; or tried again later; or given to a person."""

import structlog

from strongroom.errors import StrongroomError
from strongroom.genesys.errors import GenesysAnswerInvalid, NotReady
from strongroom.genesys.recordings import recording_metadata, recording_with_media
from strongroom.house import House
from strongroom.ledger.engine import LeaseLost
from strongroom.ledger.heartbeat import kept_recording
from strongroom.ledger.recordings import (
    HeldRecording,
    Settled,
    known_recordings,
    postpone_recording,
    refresh_listing,
    replace_placeholder,
    settle_recording,
    take_recording,
)
from strongroom.ledger.references import RecordingRef
from strongroom.pipeline.capture import PLACEHOLDER, expected_of
from strongroom.pipeline.failures import Review, Unexpected, verdict
from strongroom.pipeline.files import store_files
from strongroom.pipeline.outcomes import NOTHING, Next

_log = structlog.get_logger()


def archive_recording(house: House, ref: RecordingRef) -> Next:
    """Fetch and store one recording; next is its conversation's manifest when this was the last to settle."""
    held = take_recording(house.engine, ref, house.holder)
    if held is None:
        return NOTHING
    try:
        with kept_recording(house.engine, ref, house.holder):
            if ref.recording_id.startswith(PLACEHOLDER):
                return _look_for_session(house, held)
            return _archive(house, held)
    except LeaseLost:
        return NOTHING
    except StrongroomError as error:
        return _put_off(house, held, error)
    except Exception as error:  # noqa: BLE001  # one record that we can't handle must not block its row for ever
        return _put_off(house, held, Unexpected(error))


def _put_off(house: House, held: HeldRecording, error: StrongroomError) -> Next:
    _log.info("recording put off", recording=str(held.ref), reason=str(error))
    decided = verdict(error, attempts=held.attempts, retry_interval_s=house.settings.retry_interval_s)
    try:
        if isinstance(decided, Review):
            return _settle(house, held, "review", error.reason)
        if held.taken_at >= held.deadline_at and not decided.ours:
            tried = _in_words(house.settings.retry_deadline_s)
            return _settle(house, held, "review", f"given up after {tried}: {error.reason}")
        postpone_recording(
            house.engine, held.ref, house.holder, decided.due_in_s, error.reason, past_deadline=decided.ours
        )
    except LeaseLost:
        return NOTHING
    return Next(again_in_s=decided.due_in_s)


def _in_words(duration_s: float) -> str:
    return f"{duration_s / 3600:g} hours" if duration_s >= 3600 else f"{duration_s:g} seconds"


def _settle(house: House, held: HeldRecording, state: Settled, cause: str) -> Next:
    return Next(complete=settle_recording(house.engine, held.ref, house.holder, state, cause))


def _look_for_session(house: House, held: HeldRecording) -> Next:
    """Ask again what Genesys lists for a session that was recorded."""
    known = {recording.recording_id for recording in known_recordings(house.engine, held.ref.conversation)}
    listed = [
        expected_of(recording)
        for recording in recording_metadata(house.genesys, str(held.ref.conversation_id))
        if recording.session_id == held.session_id and recording.recording_id not in known
    ]
    if not listed:
        raise NotReady(
            "Genesys lists no recording for a session that was recorded",
            where=f"session {held.session_id} of conversation {held.ref.conversation_id}",
            todo="look the conversation up in Genesys; re-queue when the recording is there",
            estimate_s=None,
        )
    return Next(recordings=replace_placeholder(house.engine, held.ref, house.holder, listed))


def _archive(house: House, held: HeldRecording) -> Next:
    recording = recording_with_media(
        house.genesys, str(held.ref.conversation_id), held.ref.recording_id, house.settings.audio_format
    )
    refresh_listing(house.engine, held.ref, house.holder, recording.media, recording.raw)
    match recording.file_state:
        case "DELETED":
            return _settle(house, held, "absent", "deleted in Genesys before it was archived")
        case "ERROR":
            return _settle(house, held, "review", "Genesys says the recording failed (fileState ERROR)")
        case "ARCHIVED":
            return _settle(house, held, "review", "archived inside Genesys: restore it there, then re-queue")
    objects = store_files(house, held, recording)
    if objects == 0:
        raise GenesysAnswerInvalid(
            "Genesys says the recording is available but gives no media",
            where=f"recording {held.ref.recording_id} of conversation {held.ref.conversation_id}",
            todo="look the recording up in Genesys; re-queue when it plays there",
        )
    return _settle(
        house, held, "stored", f"{objects} {'object stands' if objects == 1 else 'objects stand'} in the vault"
    )
