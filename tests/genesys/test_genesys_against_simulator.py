"""The whole client against the simulator, a stranger to it: a day found, fetched and proved."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from embedded.simulator import Simulator
from strongroom.genesys.analytics import ended_since, started_on
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.containers import HEAD_BYTES, check_whole, identify
from strongroom.genesys.conversations import Conversation
from strongroom.genesys.errors import (
    CredentialsRefused,
    GenesysUnavailable,
    GenesysUnreachable,
    LinkExpired,
    MediaDamaged,
    NotReady,
    RateLimited,
)
from strongroom.genesys.media import MediaSession, fetch_media
from strongroom.genesys.names import Names
from strongroom.genesys.recordings import recording_metadata, recording_with_media
from strongroom.times import day_of, start_of

DAY = date(2025, 5, 14)
FAULTS = {
    "rate_429": 0.03,
    "rate_500": 0.03,
    "rate_503": 0.03,
    "rate_reset": 0.03,
    "rate_truncated": 0.05,
    "rate_overlong": 0.05,
    "rate_expired_link": 0.05,
    "rate_token_refused": 0.03,
}
PASSING = (CredentialsRefused, GenesysUnavailable, GenesysUnreachable, LinkExpired, MediaDamaged, RateLimited)


@dataclass
class Fetched:
    """Bytes of one part: where they came from, what they are, their hash."""

    recording_id: str
    media: str | None
    format: str
    sha256: str


def client_of(simulator: Simulator) -> GenesysClient:
    return GenesysClient(
        simulator.url, simulator.url, "client-1", "secret-1", connect_timeout_s=10, read_timeout_s=30, patience_s=1
    )


def ended_on(client: GenesysClient, day: date) -> Iterator[Conversation]:
    for offset in range(8):
        start_day = day - timedelta(days=offset)
        pages = started_on(client, day) if offset == 0 else ended_since(client, start_day, start_of(day))
        for page in pages:
            assert page.invalid == []
            yield from (found for found in page.conversations if found.ended_at and day_of(found.ended_at) == day)


def again_and_again(attempt: Callable[[], Any]) -> Any:
    for _ in range(30):
        try:
            return attempt()
        except PASSING:
            continue
    raise AssertionError("thirty attempts failed")


def fetch_all(
    client: GenesysClient, media: MediaSession, conversation: Conversation, spool: Path, states: Counter[str]
) -> Iterator[Fetched]:
    for known in again_and_again(lambda: recording_metadata(client, conversation.conversation_id)):

        def parts(recording_id: str = known.recording_id) -> list[tuple[str, str]]:
            recording = recording_with_media(client, conversation.conversation_id, recording_id, "NONE")
            states[str(recording.file_state)] += 1
            fetched = []
            for _, link in recording.media_uris:
                with spool.open("wb") as file:
                    fetch_media(media, link, file.write, expected_length=None)
                container = identify(spool.read_bytes()[:HEAD_BYTES], None)
                check_whole(spool, container)
                fetched.append((container.extension, hashlib.sha256(spool.read_bytes()).hexdigest()))
            for attachment in recording.attachments:
                assert attachment.url is not None
                digest = hashlib.sha256()
                fetch_media(media, attachment.url, digest.update, expected_length=attachment.content_length)
                fetched.append(("attachment", digest.hexdigest()))
            return fetched

        try:
            for format_name, sha256 in again_and_again(parts):
                yield Fetched(known.recording_id, known.media, format_name, sha256)
        except NotReady:
            states["not ready"] += 1


@pytest.mark.parametrize("faults", [{}, pytest.param(FAULTS, marks=pytest.mark.long)], ids=["in peace", "under faults"])
def test_a_day_is_found_fetched_and_whole(
    simulator: Callable[..., Simulator], tmp_path: Path, faults: dict[str, float]
) -> None:
    running = simulator(conversations=120, day=DAY, seed=3, rate_limit_per_min=0, faults=faults, audio_bytes=50_000)
    running.clock(now=datetime.combine(DAY + timedelta(days=1), time(0, 30), UTC))
    truth = {one["conversationId"]: one for one in running.truth(DAY)["conversations"]}
    client = client_of(running)
    media = MediaSession(connect_timeout_s=10, read_timeout_s=30)

    found: dict[str, Conversation] = {}
    again_and_again(lambda: found.update({one.conversation_id: one for one in ended_on(client, DAY)}))
    assert found.keys() == truth.keys()

    states: Counter[str] = Counter()
    names = Names(client)
    for conversation_id, conversation in found.items():
        told = truth[conversation_id]
        assert set(conversation.media_types) == set(told["mediaTypes"])
        assert set(conversation.queue_ids) == set(told["queueIds"])
        known = again_and_again(lambda conversation=conversation: names.behind(conversation))
        assert None not in known.queues.values()
        hashes = {one["id"]: {file["sha256"] for file in one["files"]} for one in told["recordings"]}
        for part in fetch_all(client, media, conversation, tmp_path / "spool", states):
            # A ZIP's bytes are not in the truth: the simulator doesn't promise them to be stable.
            if part.format != "zip":
                assert part.sha256 in hashes[part.recording_id], part
    assert states["AVAILABLE"] > 50
    assert states["not ready"] > 0
    assert states["DELETED"] > 0


@pytest.mark.parametrize("audio_format", ["WAV", "WAV_ULAW", "OGG_OPUS", "MP3", "WEBM"])
def test_every_format_it_serves_is_recognised_and_whole(
    simulator: Callable[..., Simulator], tmp_path: Path, audio_format: str
) -> None:
    running = simulator(conversations=10, day=DAY, seed=4, rate_limit_per_min=0, transcode_s=0)
    client = client_of(running)
    media = MediaSession(connect_timeout_s=10, read_timeout_s=30)
    recording = next(
        (told["conversationId"], one["id"], one["files"])
        for told in running.truth(DAY)["conversations"]
        for one in told["recordings"]
        if one["media"] == "audio" and one["outcome"] == "available"
    )
    (_, link), *_ = again_and_again(
        lambda: recording_with_media(client, recording[0], recording[1], audio_format)
    ).media_uris
    spool = tmp_path / "spool"
    with spool.open("wb") as file:
        size = fetch_media(media, link, file.write, expected_length=None).size_bytes
    container = identify(spool.read_bytes()[:HEAD_BYTES], None)
    assert container.extension == {"WAV_ULAW": "wav", "OGG_OPUS": "ogg"}.get(audio_format, audio_format.lower())
    check_whole(spool, container)
    assert (audio_format, size) in {(file["format"], file["size"]) for file in recording[2]}
