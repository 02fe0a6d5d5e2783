"""A changed policy applied to what is archived: locks are made longer and stricter, and each change is on the record.

The manifest stands as it was written, locked; what changed since is told by an event of the custody chain, which goes
to the vault with its day, and from which a ledger that is made anew takes it. First the vault, then the ledger: what is
cut off between the two is longer locked than the ledger says, and the next run records it.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from strongroom.actor import Actor
from strongroom.errors import Misconfigured, StrongroomError, Unreachable
from strongroom.house import House
from strongroom.ledger.archived import DecisionChange, change_decisions, kept_by
from strongroom.ledger.custody import NewEvent, record_events
from strongroom.pipeline.parts import tightened
from strongroom.pipeline.policies import store_policy
from strongroom.pipeline.policy_document import document_sha256
from strongroom.pipeline.policy_what_if import reclassified
from strongroom.pipeline.reclassify import Reclassified
from strongroom.vault.class_tag import set_class_tag
from strongroom.vault.lock import Lock, LockMode

_THREADS = 8
"""Records at once, with some four requests an object: boto3 keeps ten connections."""
_BATCH = 200
"""Records between two commits: what is done again at most after a run that was cut off, and puts nothing twice."""


@dataclass
class Applied:
    """What a run did. `changed` counts records; `failed` those whose lock the store refused, by what is to be done.

    `refusals` has the first refusal of each kind in full.
    """

    policy_version: str
    changed: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def apply_policy(
    house: House, first: date | None, last: date | None, by: Actor, progress: Callable[[int], None]
) -> Applied:
    """Apply the policy in force to what is archived of these UTC days, both included (None: without that bound).

    Restartable: what is changed already is decided alike and passed over. Two runs at once do each change once.
    `progress` is told how many records are changed by now. Raises Misconfigured in a trial vault, and Unreachable; what
    the store refuses is counted, and the rest goes on.
    """
    if house.settings.trial:
        raise Misconfigured(
            "a trial vault's locks last a day, whatever a policy asks",
            where=f"s3://{house.settings.bucket}",
            todo="apply it where records are kept",
        )
    applied = Applied(house.policy.version)
    store_policy(house)
    found = reclassified(house.engine, house.policy, first, last, applied.left_out)
    changing = (one for one in found if one.effect.changes)
    begun = False
    with ThreadPoolExecutor(_THREADS) as pool:
        while batch := list(islice(changing, _BATCH)):
            if not begun:
                record_events(house.engine, [_begun(house, first, last, by)])
                begun = True
            changes = []
            for one, refused in zip(batch, pool.map(lambda one: _keep(house, one), batch), strict=True):
                if refused is None:
                    changes.append(_change(one))
                else:
                    applied.failed[refused.todo] += 1
                    applied.refusals.setdefault(refused.todo, str(refused))
            applied.changed += change_decisions(house.engine, changes, by)
            progress(applied.changed)
    return applied


def _keep(house: House, one: Reclassified) -> StrongroomError | None:
    """Make every object's lock as long and as strict as decided, and its tag its class's; or why that can't be."""
    lock = Lock(LockMode(one.after.lock_mode), one.after.retain_until)
    try:
        for revision, row in kept_by(house.engine, one.revision.ref):
            tightened(house, row, lock)
            if revision == one.revision.ref.revision and one.after.retention_class != one.before.retention_class:
                set_class_tag(house.store, row.key, row.version_id, one.after.retention_class)
    except Unreachable:
        raise
    except StrongroomError as error:
        return error
    return None


def _change(one: Reclassified) -> DecisionChange:
    return DecisionChange(one.revision.ref, one.before, one.after, f"the policy changed: {one.effect.value}")


def _begun(house: House, first: date | None, last: date | None, by: Actor) -> NewEvent:
    details = {
        "policyVersion": house.policy.version,
        "policyDocument": document_sha256(house.policy),
        "firstDay": None if first is None else first.isoformat(),
        "lastDay": None if last is None else last.isoformat(),
    }
    return NewEvent("policy applied", by, reason="the policy in force is applied to what is archived", details=details)
