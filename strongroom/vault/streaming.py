"""Some or all bytes of a version, as they come: opened before the first is asked for, held in memory chunk by chunk."""

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

from strongroom.vault.errors import s3_errors
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from botocore.response import StreamingBody

_CHUNK_BYTES = 256 * 1024


def open_stream(
    store: Store, key: str, version_id: str, part: tuple[int, int] | None = None
) -> Generator[bytes, None, None]:
    """Open a version, or the bytes from first to last (both included) of it, and return its chunks.

    What can be wrong with opening it is raised here: NotStored, VaultUnreachable, VaultRefused. In mid-stream the
    chunks raise them. Whoever doesn't read to the end closes the iterator.
    """
    with s3_errors(store.where(key)):
        if part is None:
            body = store.patient.get_object(Bucket=store.bucket, Key=key, VersionId=version_id)["Body"]
        else:
            bytes_wanted = f"bytes={part[0]}-{part[1]}"
            body = store.patient.get_object(Bucket=store.bucket, Key=key, VersionId=version_id, Range=bytes_wanted)[
                "Body"
            ]
    return _chunks(store, key, body)


def _chunks(store: Store, key: str, body: "StreamingBody") -> Generator[bytes, None, None]:
    with s3_errors(store.where(key)), closing(body):
        yield from body.iter_chunks(_CHUNK_BYTES)
