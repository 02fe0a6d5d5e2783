"""WebM: an EBML document (RFC 8794) of Matroska elements (RFC 9559)."""

from typing import BinaryIO

from strongroom.genesys.formats.damage import NotWhole, read_exactly

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_ANYWHERE = {0xEC, 0xBF}  # Void, CRC-32
_IN_SEGMENT = _ANYWHERE | {
    _CLUSTER,
    0x114D9B74,  # SeekHead
    0x1549A966,  # Info
    0x1654AE6B,  # Tracks
    0x1C53BB6B,  # Cues
    0x1941A469,  # Attachments
    0x1043A770,  # Chapters
    0x1254C367,  # Tags
}
_IN_CLUSTER = _ANYWHERE | {
    0xE7,  # Timestamp
    0xA3,  # SimpleBlock
    0xA0,  # BlockGroup
    0xA7,  # Position
    0xAB,  # PrevSize
    0x5854,  # SilentTracks
    0xAF,  # EncryptedBlock
}


def check(file: BinaryIO, size: int) -> None:
    """One EBML header and one Segment that ends with the file, its elements known ones that fill it to that end.

    A Segment or Cluster of unknown size, as live recorders write them, is followed through its elements.
    """
    element, length, position = _element(file, 0)
    if element != _EBML or length is None or position + length > size:
        raise NotWhole("no EBML header, or not all of it")
    element, length, position = _element(file, position + length)
    if element != _SEGMENT:
        raise NotWhole("no Segment after the EBML header")
    if length is not None and position + length != size:
        raise NotWhole(f"the Segment ends at byte {position + length} and the file at {size}")
    has_cluster = in_open_cluster = False
    while position < size:
        element, length, content = _element(file, position)
        in_open_cluster = in_open_cluster and element not in _IN_SEGMENT - _ANYWHERE
        if element not in (_IN_CLUSTER if in_open_cluster else _IN_SEGMENT):
            raise NotWhole(f"no element that may stand there begins at byte {position}")
        if element == _CLUSTER:
            has_cluster = True
            in_open_cluster = length is None
        elif length is None:
            raise NotWhole(f"the element at byte {position} has no size")
        position = content + (length or 0)
    if position != size:
        raise NotWhole(f"the last element ends at byte {position} and the file at {size}")
    if not has_cluster:
        raise NotWhole("no Cluster in it")


def _element(file: BinaryIO, position: int) -> tuple[int, int | None, int]:
    """The id, the content's size (None: unknown) and the content's first byte of the element at a position."""
    file.seek(position)
    element, id_length = _number(file, 4, keep_marker=True)
    length, size_length = _number(file, 8, keep_marker=False)
    unknown = length == (1 << 7 * size_length) - 1
    return element, None if unknown else length, position + id_length + size_length


def _number(file: BinaryIO, longest: int, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-size integer (RFC 8794, section 4) and how many bytes it took; ids keep their length marker."""
    first = read_exactly(file, 1, "an element's header")[0]
    length = 9 - first.bit_length()
    if length > longest:
        raise NotWhole("an element's header is no EBML")
    if not keep_marker:
        first &= (1 << 8 - length) - 1
    rest = read_exactly(file, length - 1, "an element's header")
    return int.from_bytes(bytes([first]) + rest, "big"), length
