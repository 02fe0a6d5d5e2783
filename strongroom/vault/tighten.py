"""Lengthening and strengthening the lock of an object that stands. Never the other way."""

from strongroom.vault.errors import NotLocked, VaultRefused
from strongroom.vault.lock import Lock, LockMode
from strongroom.vault.store import Store

_ATTEMPTS = 3


def tighten(store: Store, key: str, version_id: str, lock: Lock, standing: Lock | None = None) -> Lock:
    """Make a version's lock cover `lock` and return it as the store then says it. What covers it already is left.

    `standing` is the version's lock where it is known, and spares asking for it. From GOVERNANCE to COMPLIANCE a store
    may demand the permission `s3:BypassGovernanceRetention`; it is used for nothing else.
    Raises NotLocked when the lock stays short; LockInThePast, NotStored, VaultUnreachable, VaultRefused.
    """
    standing = standing or store.describe(key, version_id).lock
    refusal: VaultRefused | None = None
    for _ in range(_ATTEMPTS):
        if standing is not None and standing.covers(lock):
            return standing
        wanted = lock.union(standing) if standing else lock
        stricter = standing is not None and standing.mode is LockMode.GOVERNANCE and wanted.mode is not standing.mode
        try:
            store.retain(key, version_id, wanted, bypass_governance=stricter and refusal is not None)
        except VaultRefused as error:
            refusal = error  # another worker may have lengthened it since we looked: look again, then decide
        standing = store.describe(key, version_id).lock
    if standing is not None and standing.covers(lock):
        return standing
    found = f"{standing.mode} until {standing.retain_until.isoformat()}" if standing else "no lock"
    raise NotLocked(
        f"version {version_id} has {found}, and must have {lock.mode} until {lock.retain_until.isoformat()}",
        where=store.where(key),
        todo="give the role s3:PutObjectRetention; from GOVERNANCE to COMPLIANCE only break-glass can set it",
    ) from refusal
