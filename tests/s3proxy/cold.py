"""A store whose objects lie in archive storage classes: what S3 answers to GET, HEAD and RestoreObject then.

By the S3 API reference, RestoreObject and HeadObject. moto restores at once, and any version; S3 takes its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree

from .refusals import Refused

_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_SPEED = {"Bulk": 0, "Standard": 1, "Expedited": 2}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class _Copy:
    """A restored copy: being made until `ready_at`, readable until `expires_at`."""

    tier: str
    days: int
    ready_at: datetime
    expires_at: datetime


@dataclass
class Cold:
    """`classes`: by a part of the key, the storage class its objects lie in; others are left as the server has them.

    `INTELLIGENT_TIERING ARCHIVE_ACCESS` is a storage class and the archive tier in it.

    `ready_after_s` None: a restore never ends. `lapses_after_s`: copies go that long after they are ready, whatever was
    asked for. `refuses_expedited`: no capacity for Expedited retrievals.
    """

    classes: Mapping[str, str] = field(default_factory=dict)
    ready_after_s: float | None = 0.0
    lapses_after_s: float | None = None
    refuses_expedited: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    _copies: dict[tuple[str, str], _Copy] = field(default_factory=dict)

    def storage_class(self, path: str) -> str | None:
        """The class an object is said to lie in; None: ask the server."""
        return next((name for part, name in self.classes.items() if part in path), None)

    def headers(self, path: str, version_id: str) -> dict[str, str]:
        """What HEAD says beside what the server says."""
        storage_class = self.storage_class(path)
        if storage_class is None or storage_class == "STANDARD":
            return {}
        name, _, archive_status = storage_class.partition(" ")
        headers = {"x-amz-storage-class": name}
        if archive_status:
            headers["x-amz-archive-status"] = archive_status
        if copy := self._copy(path, version_id):
            if copy.ready_at > datetime.now(UTC):
                headers["x-amz-restore"] = 'ongoing-request="true"'
            else:
                expiry = format_datetime(copy.expires_at, usegmt=True)
                headers["x-amz-restore"] = f'ongoing-request="false", expiry-date="{expiry}"'
        return headers

    def refuse_reading(self, path: str, version_id: str) -> None:
        """Raise Refused for what must be restored before it can be read."""
        copy = self._copy(path, version_id)
        is_readable = copy is not None and copy.ready_at <= datetime.now(UTC)
        if self.storage_class(path) in _ARCHIVED and not is_readable:
            raise Refused(403, "InvalidObjectState", "the operation is not valid for the object's storage class")

    def restore(self, path: str, version_id: str, body: bytes) -> int:
        """Answer RestoreObject: the HTTP status of what was accepted. Raises Refused."""
        wanted = {element.tag.rpartition("}")[2]: element.text or "" for element in ElementTree.fromstring(body).iter()}
        tier, days = wanted.get("Tier", "Standard"), int(wanted["Days"])
        try:
            status = self._restore(path, version_id, tier, days)
        except Refused as refused:
            status = refused.status
            raise
        finally:
            self.asked.append({"path": path, "tier": tier, "days": days, "status": status})
        return status

    def _restore(self, path: str, version_id: str, tier: str, days: int) -> int:
        now = datetime.now(UTC)
        storage_class = self.storage_class(path)
        if storage_class not in _ARCHIVED:
            raise Refused(403, "InvalidObjectState", "restore is not allowed for the object's storage class")
        if tier == "Expedited" and storage_class == "DEEP_ARCHIVE":
            raise Refused(400, "InvalidArgument", "Expedited is not available for this storage class")
        if tier == "Expedited" and self.refuses_expedited:
            raise Refused(503, "GlacierExpeditedRetrievalNotAvailable", "try again later")
        copy = self._copy(path, version_id)
        if copy is not None and copy.ready_at > now:
            if _SPEED[tier] <= _SPEED[copy.tier] or days != copy.days:
                raise Refused(409, "RestoreAlreadyInProgress", "object restore is already in progress")
            copy.tier = tier
            return 202
        ready_at = _NEVER if self.ready_after_s is None else now + timedelta(seconds=self.ready_after_s)
        if copy is not None:
            ready_at = copy.ready_at
        lasts = timedelta(days=days) if self.lapses_after_s is None else timedelta(seconds=self.lapses_after_s)
        expires_at = _NEVER if ready_at == _NEVER else max(ready_at, now) + lasts
        self._copies[path, version_id] = _Copy(tier, days, ready_at, expires_at)
        return 202 if copy is None else 200

    def _copy(self, path: str, version_id: str) -> _Copy | None:
        copy = self._copies.get((path, version_id))
        return copy if copy is not None and copy.expires_at > datetime.now(UTC) else None
