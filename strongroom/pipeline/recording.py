"""A recording: asked for, checked, put once part by part; or tried again later; or given to a person."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from structlog.contextvars import bind_contextvars

from strongroom.errors import StrongroomError
from strongroom.genesys.errors import GenesysAnswerInvalid, NotReady
from strongroom.genesys.recordings import Recording, recording_metadata, recording_with_media, request_restore
from strongroom.house import House
from strongroom.ledger.batch_results import MoreResults, forget_results, results_of
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
    wait_for_restore,
)
from strongroom.ledger.references import RecordingRef
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.expecting import PLACEHOLDER, expected_of
from strongroom.pipeline.failures import Review, given_up, verdict
from strongroom.pipeline.files import TEXT_MEDIA, store_files
from strongroom.pipeline.from_batch import LINKS_OF_NO_USE, recording_from_batch
from strongroom.pipeline.outcomes import NOTHING, Next

_log = structlog.get_logger()

MOST_ATTEMPTS = 100
"""More attempts than a deadline leaves room for: they ended without a word, so the worker died of the recording."""
RESTORED_FOR = timedelta(days=7)
"""How long Genesys is asked to keep a recording out of its own archive."""


def archive_recording(house: House, ref: RecordingRef) -> Next:
    """Fetch and store one recording; next is its conversation's manifest when this was the last to settle."""
    held = take_recording(house.engine, ref, house.holder)
    if held is None:
        return NOTHING
    bind_contextvars(day=str(held.day))
    if held.background:
        house = house.in_background()
    lease = kept_recording(house.engine, ref, house.holder)
    return attempt(lease, lambda: _attempt(house, held), lambda error: _put_off(house, held, error))


def _attempt(house: House, held: HeldRecording) -> Next:
    if held.taken_at >= held.deadline_at and held.attempts > MOST_ATTEMPTS:
        return _settle(house, held, "review", f"tried {held.attempts - 1} times, and the worker was lost each time")
    if held.ref.recording_id.startswith(PLACEHOLDER):
        return _look_for_session(house, held)
    return _archive(house, held)


def _put_off(house: House, held: HeldRecording, error: StrongroomError) -> Next:
    _log.info("recording put off", recording=str(held.ref), reason=str(error))
    decided = verdict(error, attempts=held.attempts, retry_interval_s=house.settings.retry_interval_s)
    try:
        if isinstance(decided, Review):
            return _settle(house, held, "review", error.reason)
        deadline_at = held.deadline_at
        if isinstance(error, NotReady) and error.restoring:
            deadline_s = house.settings.restore_deadline_s
            deadline_at = wait_for_restore(house.engine, held.ref, house.holder, asked=False, deadline_s=deadline_s)
        overdue = held.taken_at >= deadline_at
        if not decided.ours and given_up(error, overdue=overdue, attempts=held.attempts):
            settings = house.settings
            tried_s = settings.retry_deadline_s if held.restore_asked_at is None else settings.restore_deadline_s
            return _settle(house, held, "review", f"given up after {_in_words(tried_s)}: {error.reason}")
        postpone_recording(
            house.engine,
            held.ref,
            house.holder,
            decided.due_in_s,
            error.reason,
            past_deadline=decided.ours or overdue,
            lost_s=decided.due_in_s if decided.ours else 0,
        )
    except LeaseLost:
        _log.info("another worker has the recording", recording=str(held.ref))
    return NOTHING


def _in_words(duration_s: float) -> str:
    return f"{duration_s / 3600:g} hours" if duration_s >= 3600 else f"{duration_s:g} seconds"


def _settle(
    house: House,
    held: HeldRecording,
    state: Settled,
    cause: str,
    unavailable: Sequence[Mapping[str, str]] = (),
    *,
    results: int | None = None,
    duration_s: float | None = None,
) -> Next:
    complete = settle_recording(
        house.engine, held.ref, house.holder, state, cause, unavailable, results=results, duration_s=duration_s
    )
    return Next(complete=complete)


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
    links = held.links
    while (recording := recording_from_batch(house, held, links)) is not None:
        if recording.body is not None:
            refresh_listing(
                house.engine, held.ref, house.holder, recording.media, recording.listing, recording.session_id
            )
        try:
            return _store(house, held, recording, results=len(links))
        except LINKS_OF_NO_USE:
            forget_results(house.engine, held.ref)
            break
        except MoreResults:
            links = results_of(house.engine, held.ref)
    return _archive_singly(house, held)


def _archive_singly(house: House, held: HeldRecording) -> Next:
    """Ask Genesys for this recording alone, which says how it stands."""
    recording = recording_with_media(
        house.genesys, str(held.ref.conversation_id), held.ref.recording_id, house.settings.audio_format
    )
    refresh_listing(house.engine, held.ref, house.holder, recording.media, recording.listing, recording.session_id)
    match recording.file_state:
        case "DELETED":
            return _settle(house, held, "absent", "deleted in Genesys before it was archived")
        case "ERROR":
            return _settle(house, held, "review", "Genesys says the recording failed (fileState ERROR)")
        case "ARCHIVED":
            raise _ask_for_restore(house, held, recording)
    return _store(house, held, recording)


def _store(house: House, held: HeldRecording, recording: Recording, *, results: int | None = None) -> Next:
    """Store what there is of it and settle it. `results`: how many results of a batch it consists of."""
    stored = store_files(house, held, recording)
    objects = stored.objects
    if recording.error_status is not None:
        return _settle_partly(house, held, recording, recording.error_status, results)
    if objects == 0:
        raise GenesysAnswerInvalid(
            "Genesys says the recording is available but gives no media",
            where=f"recording {held.ref.recording_id} of conversation {held.ref.conversation_id}",
            todo="look the recording up in Genesys; re-queue when it plays there",
        )
    cause = f"{objects} {'object stands' if objects == 1 else 'objects stand'} in the vault"
    return _settle(house, held, "stored", cause, results=results, duration_s=stored.duration_s)


def _settle_partly(
    house: House, held: HeldRecording, recording: Recording, error_status: str, results: int | None
) -> Next:
    """The vendor says that part of it can't be had: what there is is stored, and a person must know."""
    part = "transcript" if recording.media in TEXT_MEDIA else "media"
    cause = f"Genesys can't give the {part} ({error_status}); the rest is archived"
    return _settle(house, held, "review", cause, [{"part": part, "reason": error_status}], results=results)


def _ask_for_restore(house: House, held: HeldRecording, recording: Recording) -> NotReady:
    """Have Genesys restore a recording from its own archive, once and within the allowance; it is waited for longer."""
    where = f"recording {held.ref.recording_id} of conversation {held.ref.conversation_id}"
    if held.restore_asked_at is None and recording.remaining_restorations == 0:
        return NotReady(
            "archived inside Genesys, and the organisation has no restores left",
            where=where,
            todo="have Genesys allow more, or re-queue when the allowance is renewed",
            estimate_s=None,
            restoring=True,
        )
    if held.restore_asked_at is None:
        until = held.taken_at + RESTORED_FOR
        request_restore(house.genesys, str(held.ref.conversation_id), recording, until)
        deadline_s = house.settings.restore_deadline_s
        wait_for_restore(house.engine, held.ref, house.holder, asked=True, deadline_s=deadline_s)
    return NotReady(
        "archived inside Genesys; its restore was asked for",
        where=where,
        todo="restore it in Genesys if it stays so, then re-queue",
        estimate_s=None,
        restoring=True,
    )
