"""The policy's document: whatever the policy says is in it, and every process makes the same bytes."""

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from config.settings import Settings
from strongroom.genesys.transport import permissions_asked_for
from strongroom.pipeline.policy_document import document_sha256, policy_document
from strongroom.pipeline.policy_pdf import policy_document_pdf
from strongroom.retention.policy import Policy, load_policy
from strongroom.roles import RIGHTS
from strongroom.vault.permissions import TABLE

FILE = Path(Settings.model_fields["policy_file"].default)
ELSEWHERE = """
from pathlib import Path
from strongroom.pipeline.policy_document import document_sha256
from strongroom.retention.policy import load_policy
print(document_sha256(load_policy(Path({!r}))))
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The policy that comes with it."""
    return load_policy(FILE)


def test_it_says_what_the_policy_says(policy: Policy) -> None:
    text = policy_document(policy)
    assert policy.version in text
    for one in policy.classes:
        [row] = [line for line in text.splitlines() if line.startswith(f"| {one.name}") and one.lock_mode in line]
        assert [one.basis, f"{one.required_years} years", f"{one.retained_years} years"] == row.split(" | ")[1:4]
        [position] = [line for line in text.splitlines() if line.startswith(f"| {one.name} |") and "17(3)" in line]
        if one.erasable:
            assert "may be granted" in position
        else:
            assert "Article 17(3)(b)" in position
            assert "Article 17(3)(e)" in position
            assert one.basis in position
    for rule in policy.rules:
        assert f"| {rule.name} | " in text
    for role, rights in RIGHTS.items():
        assert f"| {role.value} | {', '.join(sorted(rights))} |" in text
    for vault_role, permissions in TABLE.items():
        assert f"### Vault: {vault_role.value}" in text
        for action in {action for one in permissions.statements for action in one.actions}:
            assert action in text
    for permission in permissions_asked_for():
        assert f"- {permission}\n" in text
    assert "| General Counsel |  |  |  |" in text


def test_another_process_makes_the_same_bytes(policy: Policy) -> None:
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", ELSEWHERE.format(str(FILE))],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == document_sha256(policy)
    assert document_sha256(policy) == hashlib.sha256(policy_document(policy).encode()).hexdigest()


def test_another_policy_is_another_document(policy: Policy) -> None:
    longer = replace(policy, version="0" * 64)
    assert document_sha256(longer) != document_sha256(policy)


def test_a_policy_cannot_write_into_the_document(policy: Policy) -> None:
    sly = replace(policy.default_class, basis="a | b\n\n## 12. Nothing is ever kept")
    text = policy_document(replace(policy, classes=(*policy.classes[:-1], sly), default_class=sly))
    assert not re.search(r"^## 12", text, re.MULTILINE)
    assert "a \\| b ## 12. Nothing is ever kept" in text


def test_the_pdf_says_the_same_and_has_lines_to_sign(policy: Policy) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    content = policy_document_pdf(policy, at)
    assert content == policy_document_pdf(policy, at)
    pages = [page.extract_text() for page in PdfReader(BytesIO(content)).pages]
    text = " ".join(" ".join(pages).split())
    assert policy.version in text
    assert document_sha256(policy) in text
    for one in policy.classes:
        assert one.name in text
    for heading in re.findall(r"^## (.*)$", policy_document(policy), re.MULTILINE):
        assert heading in text
    for signer in ("General Counsel", "Chief Compliance Officer", "Records manager"):
        assert signer in pages[-1], "what is signed stands on one page"
