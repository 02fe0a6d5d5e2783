"""Each retention policy that was in force goes into the vault once, and into the log: manifests name its version."""

from strongroom.evidence.entries import PolicyEntry
from strongroom.house import House
from strongroom.ledger.log import is_logged
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.pipeline.policy_document import document_sha256, policy_document
from strongroom.vault.evidence_keys import policy_document_key, policy_key


def store_policy(house: House) -> PolicyEntry | None:
    """Store the policy in force and its document; the entry the log must have, None when it has it.

    Run again it stores nothing twice. The document has no entry of its own: each manifest under it names its hash.

    Raises the vault's and the ledger's errors.
    """
    version = house.policy.version
    document = policy_document(house.policy).encode()
    key = policy_document_key(document_sha256(house.policy))
    store_evidence(house, "policy document", key, document, content_type="text/markdown; charset=utf-8")
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
