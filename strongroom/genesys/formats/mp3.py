"""MP3: frames of MPEG-1 and MPEG-2 audio, layer III (ISO/IEC 11172-3, 13818-3), with ID3 tags around them."""

from typing import BinaryIO

from strongroom.genesys.formats.damage import NotWhole

_HEADER = 4
_ID3V1 = 128
_WINDOW = 1024 * 1024
_MPEG_1, _MPEG_2, _MPEG_2_5 = 3, 2, 0
_LAYER_III = 1
_KBIT_S = {
    _MPEG_1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    _MPEG_2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    _MPEG_2_5: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HZ = {
    _MPEG_1: (44100, 48000, 32000),
    _MPEG_2: (22050, 24000, 16000),
    _MPEG_2_5: (11025, 12000, 8000),
}


def frame_length(header: bytes) -> int | None:
    """The bytes of the frame that begins with these four, itself included; None when no layer III frame does.

    Free-format frames, whose length is not in the header, count as none.
    """
    if len(header) < _HEADER or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate, frequency, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version not in _KBIT_S or layer != _LAYER_III or rate in {0, 15} or frequency == 3:
        return None
    samples_in_bytes = 144 if version == _MPEG_1 else 72
    return samples_in_bytes * _KBIT_S[version][rate - 1] * 1000 // _HZ[version][frequency] + padding


def begins(head: bytes) -> bool:
    """Whether a file begins with a frame, and with a second one after it when `head` is long enough to tell."""
    length = frame_length(head[:_HEADER])
    if length is None:
        return False
    return len(head) < length + _HEADER or frame_length(head[length : length + _HEADER]) is not None


def check(file: BinaryIO, size: int) -> None:
    """After an ID3v2 tag if there is one, frames follow each other to the last byte, or to an ID3v1 tag there."""
    end = size
    if size >= _ID3V1:
        file.seek(size - _ID3V1)
        if file.read(3) == b"TAG":
            end = size - _ID3V1
    file.seek(0)
    position = _id3v2_length(file.read(10))
    if position >= end:
        raise NotWhole("no frame in it")
    window, window_start = b"", 0
    while position < end:
        if position + _HEADER > window_start + len(window):
            file.seek(position)
            window, window_start = file.read(_WINDOW), position
        offset = position - window_start
        length = frame_length(window[offset : offset + _HEADER])
        if length is None:
            raise NotWhole(f"no frame begins at byte {position}, where one must")
        position += length
    if position != end:
        raise NotWhole(f"the last frame reaches to byte {position} and the sound ends at {end}")


def _id3v2_length(start: bytes) -> int:
    """The bytes of a leading ID3v2 tag (id3.org, ID3v2.4, section 3.1: seven bits a byte), or 0."""
    if start[:3] != b"ID3" or len(start) < 10:
        return 0
    footer = 10 if start[5] & 0x10 else 0
    return 10 + footer + (start[6] << 21 | start[7] << 14 | start[8] << 7 | start[9])
