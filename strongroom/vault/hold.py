"""Legal holds in the store: on every version at a key, seen to be there before anybody relies on it.

S3 asks one permission for placing and lifting; of the roles in `permissions` only the records manager has it.
"""

from strongroom.errors import StrongroomError
from strongroom.vault.errors import NotStored
from strongroom.vault.listing import versions_of
from strongroom.vault.store import Store


class HoldNotSet(StrongroomError):
    """The store took the request, and says of the version what it said before."""


def set_hold(store: Store, key: str, version_id: str, *, on: bool) -> int:
    """Put a legal hold on all that stands at a key, the archived version and whatever came beside it, or lift it.

    How many versions that were. Raises NotStored when the archived version is gone, HoldNotSet, VaultUnreachable,
    VaultRefused.
    """
    standing = versions_of(store, key).versions
    if version_id not in standing:
        raise NotStored(
            "the object version does not stand in the vault",
            where=store.where(key),
            todo="find out who removed it; bring it back from a replica of the bucket",
        )
    # the archived one last: once it is so, all are
    for one in (*(other for other in standing if other != version_id), version_id):
        store.hold(key, one, on=on)
        if store.describe(key, one).held is not on:
            raise HoldNotSet(
                f"version {one} {'has no' if on else 'still has its'} legal hold, though the store took the request",
                where=store.where(key),
                todo="give the role s3:GetObjectLegalHold; HEAD leaves the hold out without it",
            )
    return len(standing)
