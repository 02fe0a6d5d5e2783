"""Bringing an object back from an archive storage class: whether it can be read now, and asking S3 to restore it.

A restore makes a copy that can be read for some days; the version, its storage class and its lock stay as they are.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from strongroom.errors import StrongroomError
from strongroom.vault.errors import s3_errors
from strongroom.vault.prices import ARCHIVED, STANDARD
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.literals import TierType

# S3 API reference, HeadObject: `x-amz-restore`
_RESTORE_HEADER = re.compile(r'ongoing-request="(?:(true)|false", expiry-date="([A-Za-z0-9 :,]+ GMT))"')
_BY_HAND = "restore it by hand (S3 User Guide, 'Restoring an archived object'), then ask again"


class RestoreNotUnderstood(StrongroomError):
    """What the store says of a restore can't be read, so nobody knows whether the object can be."""


class NotRestorable(StrongroomError):
    """The object stands where Strongroom puts none, and comes back by hand only."""


class TierNotAvailable(StrongroomError):
    """The store has no capacity for this retrieval tier now; another one will do it."""


class Asked(StrEnum):
    """What the store made of a request to restore."""

    BEGUN = "begun"
    """It begins, or goes on in the faster tier that was asked for (HTTP 202)."""
    EXTENDED = "extended"
    """The copy was there, and is kept for as many days from now (HTTP 200)."""
    UNDER_WAY = "under way"
    """It was under way, and nothing has changed (HTTP 409)."""


@dataclass(frozen=True)
class RestoreHeader:
    """What `x-amz-restore` says. `readable_until` is None while the restore is under way."""

    readable_until: datetime | None


@dataclass(frozen=True)
class Readability:
    """Whether a version can be read. `archived`: only after a restore, and `restore` says how that stands, if asked."""

    storage_class: str
    archived: bool
    restore: RestoreHeader | None

    def readable(self, now: datetime) -> bool:
        """Whether a GET would be answered with the object at `now`."""
        return not self.archived or (self.readable_until is not None and self.readable_until > now)

    @property
    def readable_until(self) -> datetime | None:
        """Until when there is a copy to read; None where there is none, or none is needed."""
        return self.restore.readable_until if self.archived and self.restore else None

    @property
    def under_way(self) -> bool:
        """Whether a restore was asked for and has not ended yet."""
        return self.restore is not None and self.restore.readable_until is None


def parse_restore_header(value: str, where: str) -> RestoreHeader:
    """Read `x-amz-restore`, in exactly the two forms S3 documents. Raises RestoreNotUnderstood."""
    match = _RESTORE_HEADER.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        return RestoreHeader(None if match[1] else parsedate_to_datetime(match[2]).astimezone(UTC))
    except (ValueError, OverflowError):
        raise RestoreNotUnderstood(
            "what the store says of a restore is not in S3's form (x-amz-restore)",
            where=where,
            todo="look at the object with the store's own tools; report it",
        ) from None


def look(store: Store, key: str, version_id: str) -> Readability:
    """Whether a version can be read now, and how a restore of it stands.

    Raises NotRestorable for an archive tier of S3 Intelligent-Tiering, RestoreNotUnderstood; NotStored,
    VaultUnreachable, VaultRefused.
    """
    with s3_errors(store.where(key)):
        head = store.patient.head_object(Bucket=store.bucket, Key=key, VersionId=version_id)
    if tier := head.get("ArchiveStatus"):
        raise NotRestorable(
            f"the object lies in Intelligent-Tiering's {tier}, where Strongroom's tiers put none",
            where=store.where(key),
            todo=_BY_HAND,
        )
    storage_class = head.get("StorageClass", STANDARD)
    said = head.get("Restore")
    return Readability(
        storage_class=storage_class,
        archived=storage_class in ARCHIVED,
        restore=None if said is None else parse_restore_header(said, store.where(key)),
    )


def ask(store: Store, key: str, version_id: str, *, tier: str, days: int) -> Asked:
    """Ask for a version to be readable for `days`, or sooner by a faster tier, or for longer when it is readable.

    One request, never repeated: each is billed. An answer that is lost (VaultUnreachable) leaves open whether it has
    begun; `look` tells. While one is under way S3 takes a faster tier only, with the days of the first request.
    Raises TierNotAvailable; NotStored, VaultUnreachable, VaultRefused.
    """
    with s3_errors(store.where(key)):
        try:
            answer = store.once.restore_object(
                Bucket=store.bucket,
                Key=key,
                VersionId=version_id,
                RestoreRequest={"Days": days, "GlacierJobParameters": {"Tier": cast("TierType", tier)}},
            )
        except ClientError as error:
            match error.response.get("Error", {}).get("Code"):
                case "RestoreAlreadyInProgress":
                    return Asked.UNDER_WAY
                case "GlacierExpeditedRetrievalNotAvailable":
                    raise TierNotAvailable(
                        f"AWS has no capacity for {tier} retrievals now",
                        where=store.where(key),
                        todo="nothing to do: it is tried again, another tier meanwhile; provisioned capacity avoids it",
                    ) from error
            raise
    return Asked.EXTENDED if answer["ResponseMetadata"]["HTTPStatusCode"] == 200 else Asked.BEGUN
