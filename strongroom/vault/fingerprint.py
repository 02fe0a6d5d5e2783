"""The hashes of what is to be put: of the whole, and of each part S3 will see."""

import hashlib
import io
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from s3transfer.utils import ReadFileChunk

from strongroom.vault.errors import BodyDamaged

_CHUNK_BYTES = 1024 * 1024
_MOST_PARTS = 10_000  # Amazon S3 User Guide, "Multipart upload limits"


@dataclass(frozen=True)
class Part:
    """A stretch of the body, sent in one request. Number counts from 1."""

    number: int
    offset: int
    size_bytes: int
    sha256: bytes
    md5: bytes

    @property
    def checksum(self) -> str:
        """SHA-256 in the form of S3's `ChecksumSHA256`."""
        return b64encode(self.sha256).decode()


@dataclass(frozen=True)
class Fingerprint:
    """The hashes of a body and of its parts. One part means a plain put, several a multipart upload."""

    size_bytes: int
    sha256: str
    parts: tuple[Part, ...]

    @property
    def checksums(self) -> frozenset[str]:
        """What S3 may call the SHA-256 of the object: the whole's, or that of the parts' hashes ("composite").

        Amazon S3 User Guide, "Checking object integrity". The composite is without its `-{number of parts}`.
        """
        composite = hashlib.sha256(b"".join(part.sha256 for part in self.parts))
        return frozenset({b64encode(bytes.fromhex(self.sha256)).decode(), b64encode(composite.digest()).decode()})

    @property
    def etag(self) -> str:
        """The ETag of an object that is not encrypted with KMS: the MD5, or of several parts the MD5 of their MD5s."""
        if len(self.parts) == 1:
            return self.parts[0].md5.hex()
        joined = hashlib.md5(b"".join(part.md5 for part in self.parts), usedforsecurity=False)
        return f"{joined.hexdigest()}-{len(self.parts)}"


def fingerprint(body: Path | bytes, part_size_bytes: int) -> Fingerprint:
    """Read a body once and hash it, in constant memory. Raises BodyDamaged when it can't be read."""
    with _readable(body):
        size_bytes = len(body) if isinstance(body, bytes) else body.stat().st_size
        part_size_bytes = max(part_size_bytes, -(-size_bytes // _MOST_PARTS))
        whole = hashlib.sha256()
        parts: list[Part] = []
        for offset in range(0, max(size_bytes, 1), part_size_bytes):
            length = min(part_size_bytes, size_bytes - offset)
            # of a body that is one part the whole's hash is the part's
            sha256 = whole if size_bytes <= part_size_bytes else hashlib.sha256()
            md5 = hashlib.md5(usedforsecurity=False)
            digests = (whole, md5) if sha256 is whole else (whole, sha256, md5)
            with open_stretch(body, offset, length) as stretch:
                while chunk := stretch.read(_CHUNK_BYTES):
                    for digest in digests:
                        digest.update(chunk)
            parts.append(Part(len(parts) + 1, offset, length, sha256.digest(), md5.digest()))
    return Fingerprint(size_bytes, whole.hexdigest(), tuple(parts))


def open_stretch(body: Path | bytes, offset: int, size_bytes: int) -> IO[bytes]:
    """A file-like view of a stretch of the body; the caller closes it. Raises BodyDamaged when it can't be read."""
    if isinstance(body, bytes):
        return io.BytesIO(body[offset : offset + size_bytes])
    with _readable(body):
        return cast(IO[bytes], ReadFileChunk.from_filename(str(body), offset, size_bytes))


@contextmanager
def _readable(body: Path | bytes) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BodyDamaged(
            f"what is to be put can't be read: {error.strerror}",
            where=str(body) if isinstance(body, Path) else "memory",
            todo="check the spool's disk; the record must be fetched again",
        ) from error
