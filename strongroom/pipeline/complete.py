"""The end of a conversation's archiving: its record, then the manifest that names every object, written last."""

from collections.abc import Sequence

import structlog
from structlog.contextvars import bind_contextvars

from strongroom import __version__
from strongroom.canonical import canonical_json, sha256_hex
from strongroom.evidence.manifest import Manifest, ManifestObject, ManifestRecording, Predecessor
from strongroom.genesys.recordings import recording_metadata
from strongroom.house import House
from strongroom.ledger.changed_records import OnceMore, open_once_more
from strongroom.ledger.conversations import (
    Decided,
    ExpectedRecording,
    HeldConversation,
    archived,
    expect_more,
    take_captured,
)
from strongroom.ledger.heartbeat import kept_conversation
from strongroom.ledger.objects import (
    ObjectRow,
    PartRef,
    documents_before,
    find_earlier,
    find_part,
    objects_of_recordings,
)
from strongroom.ledger.recordings import KnownRecording, known_recordings
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.attempt import attempt
from strongroom.pipeline.capture import put_off
from strongroom.pipeline.coverage import covers_what_was_spoken
from strongroom.pipeline.expecting import expected_of
from strongroom.pipeline.indexing import index_conversation
from strongroom.pipeline.locks import lock_at_put
from strongroom.pipeline.outcomes import NOTHING, Next
from strongroom.pipeline.parts import Content, Placement, store, stored_already, tightened
from strongroom.times import utc_now
from strongroom.vault.keys import conversation_key, manifest_key
from strongroom.vault.lock import Lock

LISTED_LATE = "a recording was listed when the manifest was being written"

_log = structlog.get_logger()


def complete_conversation(house: House, ref: ConversationRef) -> Next:
    """Write conversation.json and the manifest once every recording has settled, then index it for Legal.

    Run again, it does nothing.
    """
    held = take_captured(house.engine, ref, house.holder)
    if held is None:
        return NOTHING
    bind_contextvars(day=str(held.day))
    if held.background:
        house = house.in_background()
    lease = kept_conversation(house.engine, ref, house.holder)
    following = attempt(
        lease, lambda: _complete(house, held, _decided(held)), lambda error: put_off(house, held, error)
    )
    # where it is not archived yet this does nothing; where it is cut off, the sweep finds it due
    index_conversation(house, ref)
    return following


def _listed_meanwhile(house: House, held: HeldConversation) -> list[ExpectedRecording]:
    """Recordings that Genesys lists only now.

    They are listed where one had to be waited for, and where what a batch gave does not cover what was spoken.
    """
    known = known_recordings(house.engine, held.ref)
    if all(recording.attempts <= 1 for recording in known) and covers_what_was_spoken(held.record, known):
        return []
    known_ids = {recording.recording_id for recording in known}
    listed = recording_metadata(house.genesys, str(held.ref.conversation_id))
    return [expected_of(recording) for recording in listed if recording.recording_id not in known_ids]


def _begun(house: House, ref: ConversationRef) -> bool:
    """Whether the first of the revision's documents stands, or may yet: what they tell of its recordings is settled."""
    stored, intents = find_part(house.engine, PartRef(*ref, None, "conversation"))
    return stored is not None or bool(intents)


def _decided(held: HeldConversation) -> Decided:
    if held.decided is None:
        raise AssertionError(f"{held.ref} is capturing without a decision")
    return held.decided


def _complete(house: House, held: HeldConversation, decided: Decided) -> Next:
    deadline_s = house.settings.retry_deadline_s
    again: list[ConversationRef] = []
    if late := _listed_meanwhile(house, held):
        if not _begun(house, held.ref):
            return Next(recordings=expect_more(house.engine, held, house.holder, late, deadline_s=deadline_s))
        # before this one is archived: were it cut off after, nobody would look for them again
        again = open_once_more(house.engine, [OnceMore(held.ref, LISTED_LATE)], deadline_s=deadline_s)
    lock = lock_at_put(house.settings, decided.lock_mode, decided.retain_until)
    placement = Placement(held.ref, held.day, decided.retention_class, lock, decided.policy_version)
    recordings = known_recordings(house.engine, held.ref)
    media, of_media = _objects_of_recordings(house, held.ref, recordings, lock)
    record = _store_document(
        house,
        placement,
        PartRef(*held.ref, None, "conversation"),
        conversation_key(held.day, str(held.ref.conversation_id), held.ref.revision),
        {
            "conversation": held.record,
            "recordings": [recording.listed for recording in recordings if recording.listed is not None],
            "names": held.names,
        },
    )
    of_documents = _keep_documents_before(house, held.ref, lock)
    objects = [record, *media]
    manifest = _store_document(
        house,
        placement,
        PartRef(*held.ref, None, "manifest"),
        manifest_key(held.day, str(held.ref.conversation_id), held.ref.revision),
        _manifest(house, held, decided, lock, recordings, objects).document(),
    )
    archived(house.engine, held, house.holder, manifest, len(objects), locks_lengthened=of_media + of_documents)
    _log.info("conversation archived", conversation=str(held.ref))
    return Next(unlisted=again)


def _objects_of_recordings(
    house: House, ref: ConversationRef, recordings: Sequence[KnownRecording], lock: Lock
) -> tuple[list[ObjectRow], int]:
    """The objects of all recordings; those that earlier revisions put are referred to, and locked as long as this one.

    Also of recordings in review: what could be had of them is locked and must be named. With them how many of the locks
    were lengthened or tightened.
    """
    found = objects_of_recordings(house.engine, ref, [recording.recording_id for recording in recordings])
    return _tightened(house, [row for _, row in found], lock)


def _keep_documents_before(house: House, ref: ConversationRef, lock: Lock) -> int:
    """What earlier revisions' manifests and records tell is kept as long as the conversation is, and as strictly.

    How many of their locks were lengthened or tightened.
    """
    return _tightened(house, documents_before(house.engine, ref), lock)[1]


def _tightened(house: House, rows: Sequence[ObjectRow], lock: Lock) -> tuple[list[ObjectRow], int]:
    kept = [tightened(house, row, lock) for row in rows]
    return kept, sum(after != before for after, before in zip(kept, rows, strict=True))


def _predecessor(house: House, ref: ConversationRef) -> Predecessor | None:
    """The manifest before this one; the revision before has none when it never got past review."""
    part = PartRef(*ref, None, "manifest")
    # named even where it does not stand any more: the log says that it did
    earlier = find_earlier(house.engine, part, vanished_too=True)
    if earlier is None:
        return None
    revision, row = earlier
    return Predecessor(revision, row.key, row.version_id, row.sha256)


def _store_document(
    house: House, placement: Placement, part: PartRef, key: str, document: dict[str, object]
) -> ObjectRow:
    standing = stored_already(house, placement, part)
    if standing is not None:
        return standing
    body = canonical_json(document)
    return store(
        house,
        placement,
        placement.conversation,
        part,
        key,
        Content(body, len(body), sha256_hex(body), "application/json"),
    )


def _manifest(
    house: House,
    held: HeldConversation,
    decided: Decided,
    lock: Lock,
    recordings: Sequence[KnownRecording],
    objects: Sequence[ObjectRow],
) -> Manifest:
    return Manifest(
        conversation_id=held.ref.conversation_id,
        revision=held.ref.revision,
        predecessor=_predecessor(house, held.ref),
        day=held.day,
        conversation_start=held.conversation_start,
        conversation_end=held.conversation_end,
        record=held.record,
        names=held.names or {},
        region=house.region,
        retention_class=decided.retention_class,
        basis=decided.decision["basis"],
        retained_years=decided.decision["retainedYears"],
        lock_mode=lock.mode.value,
        # a trial's objects were locked one by one, each for a day: what holds for all of them is told
        retain_until=min(row.retain_until for row in objects) if house.settings.trial else lock.retain_until,
        policy_version=decided.policy_version,
        policy_document=decided.decision.get("policyDocument"),
        reasons=decided.decision["reasons"],
        defaulted=decided.decision["defaulted"],
        pipeline_version=__version__,
        archived_at=utc_now(),
        trial=house.settings.trial,
        recordings=[
            ManifestRecording(
                recording_id=recording.recording_id,
                session_id=recording.session_id,
                media=recording.media,
                state=recording.state,
                reason=recording.cause,
                object_keys=tuple(row.key for row in objects if row.recording_id == recording.recording_id),
                unavailable=recording.unavailable or (),
            )
            for recording in recordings
        ],
        objects=[
            ManifestObject(
                key=row.key,
                version_id=row.version_id,
                size_bytes=row.size_bytes,
                sha256=row.sha256,
                content_type=row.content_type,
                lock_mode=row.lock_mode,
                retain_until=row.retain_until,
                recording_id=row.recording_id,
                part=row.part,
                file_name=row.file_name,
            )
            for row in objects
        ],
    )
