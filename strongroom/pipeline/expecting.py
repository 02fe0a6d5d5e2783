"""Which recordings a conversation must have before its manifest can be written, and what is carried over to it."""

from collections.abc import Mapping, Sequence

from strongroom.genesys.conversations import Conversation
from strongroom.genesys.recordings import Recording
from strongroom.ledger.conversations import ExpectedRecording
from strongroom.ledger.recordings import KnownRecording

PLACEHOLDER = "session:"
"""A session that was recorded, but whose recording Genesys doesn't list yet, is expected under this and its id."""

# what tells that a recording went on since it was stored; links and states differ at every look
_CONTENT_FIELDS = ("startTime", "endTime", "media", "mediaSubtype", "outputDurationMs", "outputSizeInBytes")


def expected_of(recording: Recording) -> ExpectedRecording:
    """A listed recording as the ledger expects it."""
    return ExpectedRecording(recording.recording_id, recording.session_id, recording.media, recording.listing)


def recordings_expected(
    conversation: Conversation, listed: Sequence[Recording], earlier: Sequence[KnownRecording]
) -> list[ExpectedRecording]:
    """Every listed recording, every recorded session nothing is listed for, and what earlier revisions had.

    `earlier` is what the last revision before had: what Genesys lists no more keeps its state and its objects.
    """
    known = {one.recording_id: one for one in earlier}
    listed_ids = {recording.recording_id for recording in listed}
    expected = [_expected(recording, known.get(recording.recording_id)) for recording in listed]
    expected += [
        _carried(one, one.listed) if not one.vanished else _to_fetch(one)
        for one in earlier
        if one.recording_id not in listed_ids and not one.recording_id.startswith(PLACEHOLDER)
    ]
    sessions = {one.session_id for one in expected}
    return expected + [
        ExpectedRecording(f"{PLACEHOLDER}{session_id}", session_id, None, None)
        for session_id in sorted(conversation.recorded_session_ids)
        if session_id not in sessions
    ]


def _expected(recording: Recording, known: KnownRecording | None) -> ExpectedRecording:
    """A listed recording: carried over when it is stored and has not gone on since, else to be fetched."""
    expected = expected_of(recording)
    if known is None or known.vanished:
        return expected
    if known.state == "stored" and not _went_on(recording, known):
        return _carried(known, recording.listing)
    if known.state == "review" and not _went_on(recording, known):
        # what could be stored of it then stands, and the rest goes beside it
        return ExpectedRecording(
            expected.recording_id,
            expected.session_id,
            expected.media,
            expected.listed,
            objects_revision=known.objects_revision,
        )
    return expected


def _carried(known: KnownRecording, listed: dict[str, object] | None) -> ExpectedRecording:
    return ExpectedRecording(
        known.recording_id,
        known.session_id,
        known.media,
        listed,
        known.state,
        known.cause,
        known.objects_revision,
        known.unavailable,
    )


def _to_fetch(known: KnownRecording) -> ExpectedRecording:
    """What Genesys lists no more and the vault has lost: asked for all the same, so that its fate has a reason."""
    return ExpectedRecording(
        known.recording_id, known.session_id, known.media, known.listed, cause="it does not stand in the vault any more"
    )


def _went_on(recording: Recording, known: KnownRecording) -> bool:
    """Whether it may have changed since: the listing and the single answer share only some of these fields.

    Of what a batch gave none are known, so it is looked at again; the same bytes are not stored a second time.
    """
    before, now = known.listed or {}, recording.raw
    shared = [name for name in _CONTENT_FIELDS if name in before and name in now]
    if given_by_batch(known.listed) and not shared:
        return True
    return any(before[name] != now[name] for name in shared)


def given_by_batch(listed: Mapping[str, object] | None) -> bool:
    """Whether what is told of a recording is a batch's result, which says no more than that it is there."""
    return listed is not None and "recordingId" in listed
