"""What stands below a prefix of the evidence, in the order of the keys; delete markers hide nothing here."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from strongroom.vault.errors import s3_errors
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef


@dataclass(frozen=True)
class Listed:
    """A version that stands at a key. Where a key has several it is the oldest: what came later hides nothing."""

    key: str
    version_id: str
    size_bytes: int


def listed_below(store: Store, prefix: str, *, after: str = "") -> Iterator[Listed]:
    """What stands below the prefix at keys behind `after`, a key that stands itself; one request a thousand versions.

    Raises VaultUnreachable, VaultRefused.
    """
    last: Listed | None = None
    with s3_errors(store.where(prefix)):
        for page in _pages(store, prefix, after):
            for version in page.get("Versions", []):
                found = Listed(version["Key"], version["VersionId"], version["Size"])
                # S3 lists the newest version of a key first
                if last is not None and last.key != found.key:
                    yield last
                last = found
    if last is not None:
        yield last


def _pages(store: Store, prefix: str, after: str) -> Iterator["ListObjectVersionsOutputTypeDef"]:
    # boto3's paginator takes no key to begin behind
    ask = partial(store.patient.list_object_versions, Bucket=store.bucket, Prefix=prefix)
    page = ask(KeyMarker=after) if after else ask()
    yield page
    while page["IsTruncated"]:
        page = ask(KeyMarker=page["NextKeyMarker"], VersionIdMarker=page["NextVersionIdMarker"])
        yield page


def read_whole(store: Store, listed: Listed) -> bytes:
    """The bytes of a version, for what is known to be small. Raises NotStored, VaultUnreachable, VaultRefused."""
    return b"".join(store.read(listed.key, listed.version_id))
