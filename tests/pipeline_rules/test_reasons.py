"""Every reason that our own code gives for the review list is of a kind that the runbook knows."""

import re
from pathlib import Path

import pytest

from strongroom.ledger.discovering import REOPENED_AFTER_ERASURE
from strongroom.reasons import KINDS, OTHER, kind_of

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("not-ready", "given up after 4 hours: the recording is TRANSCODING: it is asked for again"),
        ("not-listed", "given up after 4 hours: Genesys lists no recording for a session that was recorded: look"),
        ("failed-in-genesys", "Genesys says the recording failed (fileState ERROR)"),
        ("failed-in-genesys", "Genesys can't give the media (x); the rest is archived"),
        ("restore", "archived inside Genesys, and the organisation has no restores left: have Genesys allow more"),
        ("damaged-media", "given up after 4 hours: the media is not whole: 3 of 9 bytes: ask for the recording again"),
        ("damaged-media", "the wav file is not whole: no data: ask again"),
        ("refused-by-genesys", "Genesys Cloud answered 403 (missing.permission): give the role the permission x"),
        ("genesys-outage", "Genesys Cloud answered 503: the work stays due"),
        (
            "gone-from-genesys",
            "Genesys Cloud answered 404 (not.found): it was deleted in Genesys, or its division is not",
        ),
        ("vault-conflict", "other bytes stand at the key already; they were left alone: compare"),
        ("vault-conflict", "2 versions stand at one key: a, b: compare"),
        ("lock", "version v1 has no lock, and must have COMPLIANCE until 2033-01-01T00:00:00+00:00: lengthen it"),
        ("worker-lost", "tried 100 times, and the worker was lost each time"),
        ("unexpected", "unexpected KeyError in capture: report it; it is tried again"),
        ("erased", REOPENED_AFTER_ERASURE),
        (OTHER, "as nobody has ever said"),
    ],
)
def test_a_reason_has_its_kind(kind: str, reason: str) -> None:
    assert kind_of(reason) == kind


def test_the_runbook_says_what_to_do_about_each_kind() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \| ", RUNBOOK.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(KINDS)
