"""ZIP (PKWARE's APPNOTE 6.3): the directory at the end, and every member read against its CRC."""

import struct
import zipfile
import zlib
from typing import BinaryIO

from strongroom.genesys.formats.damage import NotWhole

_END_RECORD = 22
_MAX_COMMENT = 0xFFFF
_ENCRYPTED = 0x01
_READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_CHUNK = 1024 * 1024
_MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
MAX_UNPACKED_BYTES = 16 * 1024**3
"""What members may unpack to, all together: a bound on a ZIP made to be endless."""


def check(file: BinaryIO, size: int) -> None:
    """The end record is the file's last bytes, the directory reads, and every member unpacks to its length and CRC.

    Members that are encrypted or packed by a rarer method can't be read here; for them the directory must do.
    """
    _check_end(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            # zipfile also forgives bytes before the first member, and offsets that come out negative for it.
            if members and min(member.header_offset for member in members) != 0:
                raise NotWhole("its first member is not at its beginning")
            if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise NotWhole(f"its members unpack to more than {MAX_UNPACKED_BYTES} bytes")
            for number, member in enumerate(members, start=1):
                if not member.flag_bits & _ENCRYPTED and member.compress_type in _READABLE:
                    _read_through(archive, member, number)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        raise NotWhole("its directory can't be read") from None


def _read_through(archive: zipfile.ZipFile, member: zipfile.ZipInfo, number: int) -> None:
    try:
        with archive.open(member) as content:
            read = 0
            while chunk := content.read(_CHUNK):
                read += len(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, struct.error):
        raise NotWhole(f"member {number} is broken") from None
    if read != member.file_size:
        raise NotWhole(f"member {number} has {read} of {member.file_size} bytes")


def _check_end(file: BinaryIO, size: int) -> None:
    """zipfile forgives bytes after the end record, and reads a directory of any size into memory; this does not."""
    file.seek(max(0, size - _END_RECORD - _MAX_COMMENT))
    tail = file.read()
    start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) - start < _END_RECORD:
        raise NotWhole("the directory at its end is missing")
    directory_bytes, _, comment = struct.unpack_from("<IIH", tail, start + 12)
    if start + _END_RECORD + comment != len(tail):
        raise NotWhole("it does not end where its directory does")
    if directory_bytes > min(_MAX_DIRECTORY_BYTES, size):
        raise NotWhole(f"a directory of {directory_bytes} bytes")
