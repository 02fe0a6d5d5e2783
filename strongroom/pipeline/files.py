"""The files of a recording: which there are, and how each gets from its link into the vault."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from strongroom.canonical import sha256_hex
from strongroom.genesys.containers import check_whole, duration_s, identify
from strongroom.genesys.errors import GenesysAnswerInvalid
from strongroom.genesys.media import fetch_media
from strongroom.genesys.recordings import Recording
from strongroom.house import House
from strongroom.ledger.objects import PartRef, find_earlier, shas_of_parts
from strongroom.ledger.recordings import HeldRecording
from strongroom.pipeline.locks import lock_at_put
from strongroom.pipeline.parts import Content, Placement, store, stored_already
from strongroom.vault.keys import attachment_key, recording_key

TEXT_MEDIA = frozenset({"chat", "message", "email"})
"""Channels whose recording is its transcript: the answer itself is archived, as received."""


@dataclass(frozen=True)
class _Link:
    """One file of a recording that is to be fetched. `number` counts its parts, None for an attachment."""

    part: str
    number: int | None
    attachment_id: str | None
    url: str
    file_name: str | None
    declared_type: str | None
    length: int | None


@dataclass(frozen=True)
class StoredFiles:
    """How many objects a recording has, and how many seconds it lasts; None where that was not measured."""

    objects: int
    duration_s: float | None


def store_files(house: House, held: HeldRecording, recording: Recording) -> StoredFiles:
    """Store everything a recording consists of. Raises what Genesys and the vault raise."""
    links = list(_links_of(recording, exports=house.settings.text_exports))
    transcripts = 0
    if recording.media in TEXT_MEDIA and recording.body is not None:
        _store_transcript(house, held, recording.body)
        transcripts = 1
    taken = _taken(house, held, recording, links)
    durations = [_store_file(house, held, link, taken) for link in links]
    # its parts are channels: they last as long as each other
    measured = [one for one in durations if one is not None]
    return StoredFiles(transcripts + len(links), max(measured, default=None))


def _links_of(recording: Recording, *, exports: bool) -> Iterator[_Link]:
    """The files of a recording: its media, numbered after the transcript where there is one, and its attachments.

    The media of a text recording are exports of its transcript, EML or ZIP, which are kept where a setting asks for it.
    """
    is_text = recording.media in TEXT_MEDIA and recording.body is not None
    first = 2 if is_text else 1
    for number, (_, url) in enumerate(recording.media_uris if exports or not is_text else (), start=first):
        yield _Link(_part(recording.recording_id, number), number, None, url, None, None, None)
    times_seen: Counter[str] = Counter()
    for attachment in recording.attachments:
        if attachment.url is None:
            raise GenesysAnswerInvalid(
                "an attachment has no link",
                where=f"attachment {attachment.attachment_id} of recording {recording.recording_id}",
                todo="look the conversation up in Genesys; re-queue when the attachment opens there",
            )
        times_seen[attachment.attachment_id] += 1
        times = times_seen[attachment.attachment_id]
        # two different files under one id: both are kept, the later ones numbered
        attachment_id = attachment.attachment_id if times == 1 else f"{attachment.attachment_id}.{times}"
        yield _Link(
            part=f"recordings/{recording.recording_id}/attachments/{attachment_id}",
            number=None,
            attachment_id=attachment_id,
            url=attachment.url,
            file_name=attachment.name,
            declared_type=attachment.content_type,
            length=attachment.content_length,
        )


def _taken(
    house: House, held: HeldRecording, recording: Recording, links: Sequence[_Link]
) -> dict[int, frozenset[str]] | None:
    """The hashes of the parts that stand or were about to be put, by number; None where the place tells which is which.

    A batch numbers the parts as it tells them, another batch or the single answer in another order. So where there are
    several and one is taken, each is fetched and known by its bytes. Transcodes and exports, whose bytes are others at
    each request, are given singly alone, in one order.
    """
    of_batch = recording.media not in TEXT_MEDIA and house.settings.audio_format == "NONE"
    if not of_batch or sum(link.number is not None for link in links) < 2:
        return None
    placement, recording_id = _placement(house, held), held.ref.recording_id
    taken = {}
    for part, shas in shas_of_parts(house.engine, held.ref, held.objects_revision).items():
        number = part.removeprefix(f"recordings/{recording_id}/")
        if number.isdigit():
            row = stored_already(house, placement, _part_ref(held, part))
            taken[int(number)] = shas if row is None else frozenset([row.sha256])
    return taken or None


def _numbered(link: _Link, taken: dict[int, frozenset[str]], recording_id: str, sha256: str) -> _Link:
    """The link under the number its bytes have, or the next free one; nothing else gets that number after it."""
    number = next((each for each, shas in sorted(taken.items()) if shas == {sha256}), None)
    if number is None:
        number = max(taken) + 1
    taken[number] = frozenset()
    return replace(link, number=number, part=_part(recording_id, number))


def _part(recording_id: str, number: int) -> str:
    return f"recordings/{recording_id}/{number}"


def _store_transcript(house: House, held: HeldRecording, body: bytes) -> None:
    """The answer itself, byte for byte as received, is part 1 of a text recording."""
    part = _part_ref(held, _part(held.ref.recording_id, 1))
    placement = _placement(house, held)
    content = Content(body, len(body), sha256_hex(body), "application/json")
    if stored_already(house, placement, part) is None and not _stored_by_earlier_revision(house, part, content.sha256):
        store(house, placement, held.ref, part, _recording_key(held, 1, "json"), content)


def _store_file(
    house: House, held: HeldRecording, link: _Link, taken: dict[int, frozenset[str]] | None
) -> float | None:
    """Fetch one file to the spool, check it, put it once; its seconds. Extension and content type follow its bytes.

    What an earlier revision put is referred to: an attachment by its id, name and length, media by its bytes. `taken`:
    see `_taken`.
    """
    part = _part_ref(held, link.part)
    placement = _placement(house, held)
    by_place = taken is None or link.number is None
    if by_place and (
        stored_already(house, placement, part) is not None or _is_attachment_of_earlier_revision(house, part, link)
    ):
        return None
    with house.spool.file() as spooled:
        fetch_media(house.media, link.url, spooled.write, expected_length=link.length)
        if taken is not None and link.number is not None:
            link = _numbered(link, taken, held.ref.recording_id, spooled.sha256)
            part = _part_ref(held, link.part)
        container = identify(spooled.head, link.declared_type)
        if link.number is None:
            # what somebody sent along is archived as it was sent, broken or not; its length has been checked
            key = attachment_key(
                held.day,
                str(held.ref.conversation_id),
                held.objects_revision,
                held.ref.recording_id,
                str(link.attachment_id),
            )
        else:
            check_whole(spooled.path, container)
            key = _recording_key(held, link.number, container.extension)
        lasts_s = duration_s(spooled.path, container) if link.number is not None else None
        if _stored_by_earlier_revision(house, part, spooled.sha256):
            return lasts_s
        if not by_place and stored_already(house, placement, part) is not None:
            return lasts_s
        content = Content(spooled.path, spooled.size_bytes, spooled.sha256, container.content_type, link.file_name)
        store(house, placement, held.ref, part, key, content)
        return lasts_s


def _stored_by_earlier_revision(house: House, part: PartRef, sha256: str) -> bool:
    earlier = find_earlier(house.engine, part)
    return earlier is not None and earlier[1].sha256 == sha256


def _is_attachment_of_earlier_revision(house: House, part: PartRef, link: _Link) -> bool:
    if link.attachment_id is None or link.length is None:
        return False
    earlier = find_earlier(house.engine, part)
    return earlier is not None and (earlier[1].file_name, earlier[1].size_bytes) == (link.file_name, link.length)


def _recording_key(held: HeldRecording, number: int, extension: str) -> str:
    return recording_key(
        held.day, str(held.ref.conversation_id), held.objects_revision, held.ref.recording_id, number, extension
    )


def _part_ref(held: HeldRecording, part: str) -> PartRef:
    return PartRef(held.ref.conversation_id, held.objects_revision, held.ref.recording_id, part)


def _placement(house: House, held: HeldRecording) -> Placement:
    lock = lock_at_put(house.settings, held.lock_mode, held.retain_until)
    return Placement(held.ref.conversation, held.day, held.retention_class, lock, held.policy_version)
