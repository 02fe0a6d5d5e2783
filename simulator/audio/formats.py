"""The audio formats the simulator serves, by the names Genesys gives them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.audio import mp3, ogg, wav, webm

ORIGINAL = "OGG_OPUS"


@dataclass(frozen=True)
class AudioFormat:
    """How long a file is and what is in it, from a title (unique to a recording) and its whole seconds."""

    content_type: str
    extension: str
    size_bytes: Callable[[str, int], int]
    seconds_in: Callable[[int], int]
    chunks: Callable[[str, int], Iterator[bytes]]


FORMATS = {
    "OGG_OPUS": AudioFormat(ogg.CONTENT_TYPE, "ogg", ogg.size_bytes, ogg.seconds_in, ogg.chunks),
    "WAV": AudioFormat(wav.CONTENT_TYPE, "wav", wav.pcm_size_bytes, wav.pcm_seconds_in, wav.pcm_chunks),
    "WAV_ULAW": AudioFormat(wav.CONTENT_TYPE, "wav", wav.mulaw_size_bytes, wav.mulaw_seconds_in, wav.mulaw_chunks),
    "MP3": AudioFormat(mp3.CONTENT_TYPE, "mp3", mp3.size_bytes, mp3.seconds_in, mp3.chunks),
    "WEBM": AudioFormat(webm.CONTENT_TYPE, "webm", webm.size_bytes, webm.seconds_in, webm.chunks),
}
