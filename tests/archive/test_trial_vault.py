"""A day in a trial vault: everything is locked for a day, and says that it is a trial."""

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from archives import StartArchive

from strongroom.errors import StrongroomError
from strongroom.house import require_ready
from strongroom.times import utc_now

TRIAL = {"STRONGROOM_TRIAL": "true", "STRONGROOM_BUCKET": "archive-of-a-day-trial"}


def test_a_day_in_a_trial_vault_is_locked_for_a_day_and_says_so(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=8, settings=TRIAL)
    lengthened = archive.proxy.requests("PutObjectRetention")
    began = utc_now()
    archive.archive_here()
    ended = utc_now()

    standing = archive.standing().objects
    assert len(standing) > 16
    for found in standing:
        assert found.lock_mode == "GOVERNANCE"
        assert found.retain_until is not None
        # each from its own put, and never lengthened for what refers to it
        assert began <= found.retain_until - timedelta(days=1) <= ended + timedelta(seconds=1)
    assert archive.proxy.requests("PutObjectRetention") == lengthened

    schema = json.loads((Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text())
    manifests = [json.loads(found.body) for found in standing if found.body is not None]
    assert len(manifests) >= 8
    for manifest in manifests:
        jsonschema.validate(manifest, schema)
        assert (manifest["trial"], manifest["lockMode"]) == (True, "GOVERNANCE")
        assert manifest["retainUntil"] == min(each["retainUntil"] for each in manifest["objects"])


def test_a_worker_with_a_trial_s_settings_refuses_a_vault_of_the_same_name(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=1, settings=TRIAL | {"STRONGROOM_BUCKET": "not-yet-tagged-trial"})
    require_ready(archive.house)
    archive.house.store.once.delete_bucket_tagging(Bucket=archive.bucket)
    with pytest.raises(StrongroomError, match="not tagged strongroom=trial"):
        require_ready(archive.house)
