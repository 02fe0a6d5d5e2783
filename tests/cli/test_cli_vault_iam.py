"""`strongroom vault iam`: the policies for the bucket of the settings, or of a name that is given."""

import json
from pathlib import Path

import pytest
from command_line import Strongroom

from strongroom.vault.iam_policy import policy_document
from strongroom.vault.permissions import Role

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1c6b4a6e-2c2f-4f7a-9d3c-9f7d0a3b5e11"


def test_a_roles_policy_is_for_the_bucket_of_the_settings(strongroom: Strongroom, environment: dict[str, str]) -> None:
    assert strongroom("vault", "iam", "worker").document == policy_document(
        Role.WORKER, environment["STRONGROOM_BUCKET"]
    )


def test_with_a_bucket_named_no_settings_are_needed(strongroom: Strongroom) -> None:
    asked = ("vault", "iam", "--bucket", "held", "--kms-key-arn", KEY, "--partition", "aws-cn", "--json")
    document = strongroom(*asked).document
    assert document["bucket"] == "held"
    assert document["policies"] == {role: policy_document(role, "held", "aws-cn", KEY) for role in Role}


def test_without_a_role_every_rule_is_shown_with_its_reason(strongroom: Strongroom) -> None:
    shown = strongroom("vault", "iam", "--bucket", "held").out
    assert shown.splitlines()[0].split() == ["role", "rule", "effect", "why"]
    for words in ("worker", "NeverBypassALock", "Deny", "Promise 3"):
        assert words in shown


def test_out_writes_a_file_a_role_and_the_page(strongroom: Strongroom, tmp_path: Path) -> None:
    folder = tmp_path / "iam"
    assert strongroom("vault", "iam", "--bucket", "held", "--out", str(folder)).exit_code == 0
    assert {file.name for file in folder.iterdir()} == {"README.md", *(f"{role}.json" for role in Role)}
    assert json.loads((folder / "auditor.json").read_text()) == policy_document(Role.AUDITOR, "held")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("boss",), "worker"),
        (("--bucket", "No Bucket"), "bucket's name"),
        (("--bucket", "held", "--kms-key-arn", "alias/vault"), "ARN"),
        (("--bucket", "held", "--partition", "moon"), "partition"),
        (("--bucket", "held", "--out", "/proc/none"), "can't be written"),
    ],
)
def test_what_can_not_be_meant_is_refused(strongroom: Strongroom, arguments: tuple[str, ...], words: str) -> None:
    strongroom("vault", "iam", *arguments).refused(2, words)
