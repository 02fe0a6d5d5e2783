"""The bucket's listing of a day against the ledger, key by key: both in the order of the keys' bytes, streaming."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, groupby, islice
from operator import itemgetter
from uuid import UUID

import structlog

from strongroom.house import House
from strongroom.ledger.activity import ActivityRead
from strongroom.ledger.changed_records import mark_vanished
from strongroom.ledger.kept_objects import KeptOfDay, find_kept, intended, kept_of_day
from strongroom.ledger.recounts import brought_back
from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.rebuild import bring_back
from strongroom.pipeline.recount_named import Named
from strongroom.vault.listing import KeyVersions, list_keys, versions_of

_BATCH = 500
_ID_AT = 2
"""`archive/{day}/{conversation id}/…`"""

_log = structlog.get_logger()


@dataclass
class VaultSide:
    """What the listing gave: keys and conversations with a manifest; what a delete marker hides; what nobody knows."""

    objects: int = 0
    conversations: int = 0
    delete_markers: Named = field(default_factory=Named)
    unknown: Named = field(default_factory=Named)


def compare_with_vault(house: House, read: ActivityRead, side: VaultSide) -> Iterator[list[ConversationRef]]:
    """Hold the day's listing against the ledger, and mend the ledger; what is to be archived once more.

    What stands and the ledger has lost is brought back from its manifest, before anything would be archived a second
    time beside it. What the ledger names and does not stand is archived again as a revision. What a delete marker hides
    stands, and is told. Raises the vault's and the ledger's errors.
    """
    pairs = _side_by_side(house, read)
    manifests: set[str] = set()
    looked_at: set[str] = set()
    while batch := list(islice(pairs, _BATCH)):
        yield _vanished(house, read, batch)
        unknown = {}
        for kept, standing in batch:
            if standing.versions:
                side.objects += 1
                if standing.key.endswith("/manifest.json"):
                    manifests.add(_conversation(standing.key))
            if kept is None and standing.versions:
                unknown[standing.key] = standing
            if standing.markers:
                side.delete_markers.add({"key": standing.key, "markers": list(standing.markers)})
        _look_into(house, read, unknown, looked_at, side)
    side.conversations = len(manifests)


def _side_by_side(house: House, read: ActivityRead) -> Iterator[tuple[KeptOfDay | None, KeyVersions]]:
    kept = kept_of_day(house.engine, read.day)
    # before the listing begins: what is stored meanwhile is then in the listing alone
    first = list(islice(kept, 1))
    ledger = ((one.key.encode(), one, None) for one in chain(first, kept))
    listed = list_keys(house.store, f"archive/{read.day.isoformat()}/")
    vault = ((one.key.encode(), None, one) for one in listed)
    for key, both in groupby(merge(ledger, vault, key=itemgetter(0)), key=itemgetter(0)):
        named: KeptOfDay | None = None
        standing = KeyVersions(key.decode(), (), ())
        for _, in_ledger, in_vault in both:
            named, standing = in_ledger or named, in_vault or standing
        yield named, standing


def _vanished(
    house: House, read: ActivityRead, batch: Sequence[tuple[KeptOfDay | None, KeyVersions]]
) -> list[ConversationRef]:
    gone: dict[ConversationRef, list[str]] = {}
    for kept, standing in batch:
        # asked for once more by itself: a part of an earlier revision may stand under a later day
        if (
            kept is not None
            and kept.version_id not in standing.versions
            and kept.version_id not in versions_of(house.store, kept.key).versions
        ):
            gone.setdefault(ConversationRef(kept.conversation_id, kept.revision), []).append(kept.key)
    if not gone:
        return []
    _log.error("objects do not stand in the vault", day=str(read.day), conversations=len(gone))
    return mark_vanished(house.engine, gone, house.actor, deadline_s=house.settings.retry_deadline_s)


def _look_into(
    house: House, read: ActivityRead, unknown: dict[str, KeyVersions], looked_at: set[str], side: VaultSide
) -> None:
    """What stands and the ledger did not name for the day: stored meanwhile, lost from the ledger, or alien."""
    if not unknown:
        return
    since = find_kept(house.engine, unknown, trial=house.settings.trial)
    rest = unknown.keys() - since.keys() - intended(house.engine, unknown)
    for conversation in sorted({_conversation(key) for key in rest} - looked_at):
        looked_at.add(conversation)
        _bring_back(house, read, conversation)
    still = find_kept(house.engine, rest, trial=house.settings.trial)
    for key in sorted(rest - still.keys()):
        side.unknown.add({"key": key, "versions": list(unknown[key].versions)})


def _bring_back(house: House, read: ActivityRead, conversation: str) -> None:
    try:
        conversation_id = UUID(conversation)
    except ValueError:
        return
    folder = list(list_keys(house.store, f"archive/{read.day.isoformat()}/{conversation}/"))
    # told before it is written: a recount that is cut off between the two must still tell of it. What can't be brought
    # back stays as the extract has it: missed, and archived
    revisions = bring_back(
        house,
        [one for one in folder if one.versions],
        lambda: brought_back(house.engine, read.day, conversation_id),
    )
    if revisions:
        _log.warning("brought back into the ledger", conversation=conversation, revisions=revisions)


def _conversation(key: str) -> str:
    parts = key.split("/")
    return parts[_ID_AT] if len(parts) > _ID_AT else ""
