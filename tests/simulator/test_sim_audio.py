"""Audio: each format is well-formed to the last byte, as long as it says, and its recording's own."""

import io
import struct
import tracemalloc
import wave
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.audio import mp3, ogg, wav
from simulator.audio.formats import FORMATS


def file_of(format_id: str, title: str = "a-recording", seconds: int = 7) -> bytes:
    return b"".join(FORMATS[format_id].chunks(title, seconds))


@pytest.mark.parametrize("format_id", FORMATS)
@given(st.uuids().map(str), st.integers(1, 40))
def test_length_is_known_beforehand(format_id: str, title: str, seconds: int) -> None:
    assert len(file_of(format_id, title, seconds)) == FORMATS[format_id].size_bytes(title, seconds)


@pytest.mark.parametrize("format_id", FORMATS)
def test_bytes_are_reproducible_and_each_recordings_own(format_id: str) -> None:
    assert file_of(format_id) == file_of(format_id)
    assert file_of(format_id) != file_of(format_id, "another-recording")


@pytest.mark.parametrize("format_id", FORMATS)
@pytest.mark.parametrize("size", [100_000, 5_000_000])
def test_a_wished_for_size_is_met(format_id: str, size: int) -> None:
    form = FORMATS[format_id]
    assert form.size_bytes("a-recording", form.seconds_in(size)) == pytest.approx(size, rel=0.2)


def test_four_gib_of_wav_fit_riffs_lengths_and_little_memory() -> None:
    form = FORMATS["WAV"]
    seconds = form.seconds_in(4 * 1024**3)
    assert 4 * 1024**3 - 100_000 < form.size_bytes("a-recording", seconds) <= wav.MAX_BYTES
    tracemalloc.start()
    stream = form.chunks("a-recording", seconds)
    taken = sum(len(next(stream)) for _ in range(400))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken > 50_000_000
    assert peak < 3_000_000


def test_wav_is_pcm_and_audible() -> None:
    with wave.open(io.BytesIO(file_of("WAV"))) as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8_000, 2, 1)
        frames = sound.readframes(sound.getnframes())
    assert len(frames) == 7 * 16_000
    samples = struct.unpack("<8000h", frames[:16_000])
    assert max(samples) > 7_000
    assert min(samples) < -7_000


def test_mulaw_wav_has_its_chunks() -> None:
    data = file_of("WAV_ULAW")
    assert struct.unpack_from("<4sI4s", data) == (b"RIFF", len(data) - 8, b"WAVE")
    chunks = dict(riff_chunks(data))
    assert struct.unpack("<HHIIHHH", chunks[b"fmt "]) == (7, 1, 8_000, 8_000, 1, 8, 0)
    assert struct.unpack("<I", chunks[b"fact"]) == (7 * 8_000,)
    assert len(chunks[b"data"]) == 7 * 8_000


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position < len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        yield name, data[position + 8 : position + 8 + size]
        position += 8 + size
    assert position == len(data)


@given(st.integers(-32_768, 32_767))
def test_mulaw_is_g711(sample: int) -> None:
    byte = ~wav.mulaw(sample)
    exponent, mantissa = byte >> 4 & 7, byte & 15
    magnitude = ((mantissa << 3) + 132 << exponent) - 132
    assert abs((-magnitude if byte & 0x80 else magnitude) - max(-32_635, min(32_635, sample))) <= 4 << exponent


def test_mulaw_of_silence() -> None:
    assert (wav.mulaw(0), wav.mulaw(32_767), wav.mulaw(-32_768)) == (0xFF, 0x80, 0x00)


def test_ogg_pages_are_whole() -> None:
    pages = list(ogg_pages(file_of("OGG_OPUS")))
    assert pages[0][3].startswith(b"OpusHead")
    assert pages[1][3].startswith(b"OpusTags")
    assert b"a-recording" in pages[1][3]
    assert [flags for flags, *_ in pages] == [2, 0, 0, 4]
    assert [number for _, number, *_ in pages] == [0, 1, 2, 3]
    assert [granule for _, _, granule, _ in pages] == [0, 0, 5 * 48_000, 7 * 48_000]


def ogg_pages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Flags, number, granule position and body of each page; its checksum is checked bit by bit."""
    position = 0
    while position < len(data):
        magic, version, flags, granule, _, number, checksum, count = struct.unpack_from("<4sBBqIIIB", data, position)
        assert (magic, version) == (b"OggS", 0)
        begin = position + 27 + count
        end = begin + sum(data[position + 27 : begin])
        page = data[position : position + 22] + bytes(4) + data[position + 26 : end]
        assert crc_bit_by_bit(page) == checksum
        yield flags, number, granule, data[begin:end]
        position = end
    assert position == len(data)


def crc_bit_by_bit(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


@given(st.binary(max_size=300))
def test_ogg_checksum(page: bytes) -> None:
    assert ogg.checksum(page) == crc_bit_by_bit(page)


def test_mp3_frames_tile_the_file() -> None:
    data = file_of("MP3")
    assert len(data) % mp3.FRAME_BYTES == 0
    assert {data[at : at + 4] for at in range(0, len(data), mp3.FRAME_BYTES)} == {b"\xff\xfb\x18\xc4"}


def test_webm_elements_nest_to_the_last_byte() -> None:
    data = file_of("WEBM")
    (ebml, _), (segment, content) = elements(data)
    assert (ebml, segment) == (0x1A45DFA3, 0x18538067)
    inside = list(elements(content))
    clusters = [body for identity, body in inside if identity == 0x1F43B675]
    assert len(clusters) == 7
    for second, cluster in enumerate(clusters):
        (timestamp, at), *blocks = elements(cluster)
        assert (timestamp, int.from_bytes(at, "big")) == (0xE7, second * 1000)
        assert [struct.unpack(">h", block[1:3])[0] for _, block in blocks] == list(range(0, 1000, 20))


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        id_bytes = 9 - data[position].bit_length()
        identity = int.from_bytes(data[position : position + id_bytes], "big")
        position += id_bytes
        size_bytes = 9 - data[position].bit_length()
        size = int.from_bytes(data[position : position + size_bytes], "big") & (1 << 7 * size_bytes) - 1
        position += size_bytes
        yield identity, data[position : position + size]
        position += size
    assert position == len(data)
