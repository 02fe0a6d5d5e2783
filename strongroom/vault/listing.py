"""Everything that stands in the bucket, key by key: the versions that hold data, and the delete markers over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from strongroom.vault.errors import s3_errors
from strongroom.vault.store import Store


@dataclass(frozen=True)
class KeyVersions:
    """One key. `versions` are the ids of what holds data, `markers` those of delete markers on top of all of them."""

    key: str
    versions: tuple[str, ...]
    markers: tuple[str, ...]


def list_keys(store: Store, prefix: str = "") -> Iterator[KeyVersions]:
    """Every key that begins so, in the order of its UTF-8 bytes; one request a thousand versions.

    Raises VaultUnreachable, VaultRefused, also half-way.
    """
    for key, entries in groupby(_entries(store, prefix), key=lambda entry: entry[0]):
        versions, markers = [], []
        for _, version_id, holds_data, is_latest in entries:
            if holds_data:
                versions.append(version_id)
            elif is_latest:
                markers.append(version_id)
        yield KeyVersions(key, tuple(versions), tuple(markers))


def versions_of(store: Store, key: str) -> KeyVersions:
    """What stands at exactly this key; nothing at all is no versions and no markers. Raises as `list_keys` does."""
    # keys are listed in order, so the exact one comes before those it is only the beginning of
    first = next(list_keys(store, key), None)
    return first if first is not None and first.key == key else KeyVersions(key, (), ())


def _entries(store: Store, prefix: str) -> Iterator[tuple[str, str, bool, bool]]:
    with s3_errors(store.where(prefix)):
        for page in store.patient.get_paginator("list_object_versions").paginate(Bucket=store.bucket, Prefix=prefix):
            both: list[tuple[dict[str, Any], bool]] = [
                *((dict(entry), True) for entry in page.get("Versions", [])),
                *((dict(entry), False) for entry in page.get("DeleteMarkers", [])),
            ]
            # S3 gives versions and markers in two lists; a page holds the same stretch of keys in both
            for entry, holds_data in sorted(both, key=lambda one: one[0]["Key"].encode()):
                yield entry["Key"], entry["VersionId"], holds_data, entry["IsLatest"]
