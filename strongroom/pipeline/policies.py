"""Each retention policy that was in force goes into the vault once, and into the log: manifests name its version."""

from strongroom.evidence.entries import PolicyEntry
from strongroom.house import House
from strongroom.ledger.log import is_logged
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.vault.evidence_keys import policy_key


def store_policy(house: House) -> PolicyEntry | None:
    """Store the policy in force; the entry the log must have, None when it has it. Run again it stores nothing twice.

    Raises the vault's and the ledger's errors.
    """
    version = house.policy.version
    if is_logged(house.engine, f"{PolicyEntry.kind}/{version}"):
        return None
    stored = store_evidence(
        house, PolicyEntry.kind, policy_key(version), house.policy.text, content_type="application/yaml"
    )
    return PolicyEntry(
        trial=house.settings.trial,
        key=stored.key,
        version_id=stored.standing_version,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        policy_version=version,
    )
