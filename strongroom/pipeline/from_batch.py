"""A recording whose links a batch gave: fetched without asking the API for it.

Where the links are of no use (an error among them, expired, or no recording behind them), it is asked for singly.
"""

from strongroom.genesys.errors import GenesysAnswerInvalid, LinkExpired, MediaDamaged, NotFound
from strongroom.genesys.media import fetch_media
from strongroom.genesys.recordings import Recording, recording_of
from strongroom.house import House
from strongroom.ledger.batch_results import Link, forget_results
from strongroom.ledger.recordings import HeldRecording
from strongroom.pipeline.batch_check import AUDIO, TEXT, kind_of_result

LONGEST_TEXT_BYTES = 64 * 1024 * 1024
"""Of JSON that is read into memory at once, as much as of an API answer."""
_LINK_ATTEMPTS = 2
"""What fails more often than that by its links is asked for singly: links can be what is wrong."""

LINKS_OF_NO_USE = (LinkExpired, NotFound, GenesysAnswerInvalid)


def recording_from_batch(house: House, held: HeldRecording, links: tuple[Link, ...]) -> Recording | None:
    """The recording that its links lead to, or None when it must be asked for singly: the links are forgotten then.

    Of a text recording the JSON is fetched here; media are fetched when they are stored.
    """
    if not links:
        return None
    if not _usable(house, held, links):
        forget_results(house.engine, held.ref)
        return None
    if kind_of_result(links[0].content_type) == TEXT:
        try:
            return _text(house, held, str(links[0].url))
        except LINKS_OF_NO_USE:
            forget_results(house.engine, held.ref)
            return None
    return _media(held, links)


def _usable(house: House, held: HeldRecording, links: tuple[Link, ...]) -> bool:
    if held.attempts > _LINK_ATTEMPTS or any(link.url is None for link in links):
        return False
    kinds = {kind_of_result(link.content_type) for link in links}
    if TEXT in kinds:
        # one JSON, and nothing else beside it; exports are given singly only
        return len(links) == 1 and not house.settings.text_exports
    # a batch gives the original codec, and nothing else
    return AUDIO not in kinds or house.settings.audio_format == "NONE"


def _text(house: House, held: HeldRecording, url: str) -> Recording:
    chunks: list[bytes] = []
    size_bytes = 0

    def take(chunk: bytes) -> None:
        nonlocal size_bytes
        size_bytes += len(chunk)
        if size_bytes > LONGEST_TEXT_BYTES:
            raise MediaDamaged(
                f"a transcript of more than {LONGEST_TEXT_BYTES} bytes",
                where=str(held.ref),
                todo="nothing: it is asked for singly",
            )
        chunks.append(chunk)

    fetch_media(house.media, url, take, expected_length=None)
    return recording_of(b"".join(chunks), str(held.ref.conversation_id), held.ref.recording_id)


def _media(held: HeldRecording, links: tuple[Link, ...]) -> Recording:
    return Recording(
        raw={},
        body=None,
        recording_id=held.ref.recording_id,
        session_id=held.session_id,
        media=None,
        media_subtype=None,
        file_state="AVAILABLE",
        error_status=None,
        remaining_restorations=None,
        media_uris=tuple((link.identity, str(link.url)) for link in links),
        attachments=(),
    )
