"""The policy's document as a PDF, for counsel to sign."""

from datetime import datetime

from strongroom.evidence.document_pdf import as_pdf
from strongroom.evidence.facts import Fact
from strongroom.pipeline.policy_document import TITLE, blocks_of, document_sha256
from strongroom.retention.policy import Policy


def policy_document_pdf(policy: Policy, made_at: datetime) -> bytes:
    """The same document as a PDF. It names the SHA-256 of the Markdown: that is what manifests name."""
    facts = [
        Fact("policy", policy.version, exact=True),
        Fact("document", document_sha256(policy), exact=True),
    ]
    return as_pdf(TITLE, f"version {policy.version[:16]}", facts, blocks_of(policy), made_at)
