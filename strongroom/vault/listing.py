"""What stands in the bucket, key by key: the versions that hold data, and the delete markers over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from strongroom.vault.errors import s3_errors
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef


@dataclass(frozen=True)
class KeyVersions:
    """One key. `versions` are the ids of what holds data, newest first, `sizes_bytes` their sizes, `markers` the ids of
    delete markers on top of all of them.
    """

    key: str
    versions: tuple[str, ...]
    markers: tuple[str, ...]
    sizes_bytes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Listed:
    """A version that stands at a key. Where a key has several it is the oldest: what came later hides nothing."""

    key: str
    version_id: str
    size_bytes: int


@dataclass(frozen=True)
class _Entry:
    """One line of a listing; `size_bytes` None: a delete marker."""

    key: str
    version_id: str
    is_latest: bool
    size_bytes: int | None


def list_keys(store: Store, prefix: str = "", *, after: str = "") -> Iterator[KeyVersions]:
    """Every key that begins so, in the order of its UTF-8 bytes; one request a thousand versions.

    `after`: only those behind this key. Raises VaultUnreachable, VaultRefused, also half-way.
    """
    for key, entries in groupby(_entries(store, prefix, after), key=lambda entry: entry.key):
        versions, sizes_bytes, markers = [], [], []
        for entry in entries:
            if entry.size_bytes is not None:
                versions.append(entry.version_id)
                sizes_bytes.append(entry.size_bytes)
            elif entry.is_latest:
                markers.append(entry.version_id)
        yield KeyVersions(key, tuple(versions), tuple(markers), tuple(sizes_bytes))


def versions_of(store: Store, key: str) -> KeyVersions:
    """What stands at exactly this key; nothing at all is no versions and no markers. Raises as `list_keys` does."""
    # keys are listed in order, so the exact one comes before those it is only the beginning of
    first = next(list_keys(store, key), None)
    return first if first is not None and first.key == key else KeyVersions(key, (), ())


def listed_below(store: Store, prefix: str, *, after: str = "") -> Iterator[Listed]:
    """What stands below the prefix, behind `after`, whatever delete marker is over it. Raises as `list_keys` does."""
    for one in list_keys(store, prefix, after=after):
        if one.versions:
            yield Listed(one.key, one.versions[-1], one.sizes_bytes[-1])


def read_whole(store: Store, listed: Listed) -> bytes:
    """The bytes of a version, for what is known to be small. Raises NotStored, VaultUnreachable, VaultRefused."""
    return b"".join(store.read(listed.key, listed.version_id))


def _entries(store: Store, prefix: str, after: str) -> Iterator[_Entry]:
    with s3_errors(store.where(prefix)):
        for page in _pages(store, prefix, after):
            both = [
                *(
                    _Entry(one["Key"], one["VersionId"], one["IsLatest"], one["Size"])
                    for one in page.get("Versions", [])
                ),
                *(_Entry(one["Key"], one["VersionId"], one["IsLatest"], None) for one in page.get("DeleteMarkers", [])),
            ]
            # S3 gives versions and markers in two lists; a page holds the same stretch of keys in both
            yield from sorted(both, key=lambda entry: entry.key.encode())


def _pages(store: Store, prefix: str, after: str) -> Iterator["ListObjectVersionsOutputTypeDef"]:
    # boto3's paginator takes no key to begin behind
    ask = partial(store.patient.list_object_versions, Bucket=store.bucket, Prefix=prefix)
    page = ask(KeyMarker=after) if after else ask()
    yield page
    while page["IsTruncated"]:
        page = ask(KeyMarker=page["NextKeyMarker"], VersionIdMarker=page["NextVersionIdMarker"])
        yield page
