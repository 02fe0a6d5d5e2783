"""A record's life on real servers: archived, held, expired, listed, approved, gone everywhere, and known to be."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from archives import Archive, StartArchive
from ending import ANNE, EVE, RITA, RON, Life
from rebuilding import NewLedger, rebuilt
from recounting import lose_from_vault
from sqlalchemy import text

from embedded.postgres import Postgres
from strongroom.actor import Actor
from strongroom.evidence.certificates import read_certificate
from strongroom.evidence.keys import new_key_file
from strongroom.house import bucket_blueprint
from strongroom.ledger.changed_records import known_records
from strongroom.ledger.kept_objects import kept_of_day
from strongroom.ledger.verification import longest_unhashed
from strongroom.legal import disposition, endings, holds
from strongroom.legal.access import Forbidden, NotThere
from strongroom.legal.errors import NotNow
from strongroom.legal.holding import apply_hold, holds_due
from strongroom.legal.search import SearchQuery, find, look_up
from strongroom.pipeline.bundle import BundleRefused, make_bundle
from strongroom.pipeline.seal import seal
from strongroom.pipeline.vault_check import check_vault
from strongroom.pipeline.verify.run import Verified, verify
from strongroom.pipeline.verify.scope import Depth, Scope
from strongroom.vault.evidence_keys import certificate_key

ADA = Actor("ada", "desk-1")
EVERYTHING = Scope()
ACTS_OF = "SELECT act FROM custody_events WHERE conversation_id = :one ORDER BY position"
STATES_OF = "SELECT DISTINCT state FROM conversations WHERE conversation_id = ANY(:going)"


@pytest.fixture
def life(start_archive: StartArchive, tmp_path: Path) -> Iterator[Life]:
    """A settled and sealed day."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/life")
    archive = start_archive(
        conversations=6,
        settings={"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/life"},
    )
    archive.archive_here()
    seal(archive.house)
    yield Life(archive)


def proven(archive: Archive, scope: Scope = EVERYTHING) -> Verified:
    return verify(archive.house, scope, Depth.PROVEN, ADA)


def faults(archive: Archive) -> list[str]:
    blueprint = bucket_blueprint(archive.house.settings, archive.house.policy)
    check = check_vault(archive.house.engine, archive.house.store, blueprint, None)
    return [finding.kind for finding in check.faults]


def test_from_the_list_to_the_certificate(life: Life, new_ledger: NewLedger, tmp_path: Path) -> None:
    archive = life.archive
    kept, *going = life.conversations()
    life.expire(going)
    drawn = disposition.draw_up(life.house, RITA)
    assert set(life.states("disposition", drawn.ending_id)) == set(going)

    # four eyes, and nothing before
    with pytest.raises(NotNow):
        life.run("disposition", drawn.ending_id)
    with pytest.raises(Forbidden):
        endings.propose(life.house, ANNE, "disposition", drawn.ending_id)
    endings.propose(life.house, RITA, "disposition", drawn.ending_id)
    with pytest.raises(Forbidden):
        endings.approve(life.house, RITA, "disposition", drawn.ending_id)
    with pytest.raises(NotNow):
        life.run("disposition", drawn.ending_id)
    assert all(life.standing(one) for one in going)
    endings.approve(life.house, EVE, "disposition", drawn.ending_id)

    done = life.run("disposition", drawn.ending_id)
    assert (done.ended, done.stayed, done.refused, done.stuck, done.certificates) == (len(going), 0, 0, 0, (1,))
    assert done.finished
    assert {one for one in going if life.standing(one)} == set()
    assert life.standing(kept)
    with pytest.raises(NotNow):
        life.run("disposition", drawn.ending_id)

    [row] = archive.rows("SELECT document FROM certificates")
    stands = b"".join(life.store.read(certificate_key(1), _version(archive, certificate_key(1))))
    assert stands == row.document.encode()
    certificate = read_certificate(stands)
    assert {one.conversation_id for one in certificate.records} == set(going)
    assert (certificate.proposed_by, certificate.approved_by, certificate.carried_out_by) == (
        RITA.name,
        EVE.name,
        RON.name,
    )
    _require_gone(life, going)

    for _ in range(2):  # before the certificate is in the log, and after
        for scope in (EVERYTHING, Scope(tuple(going)), Scope(first=archive.day, last=archive.day + timedelta(days=1))):
            verified = proven(archive, scope)
            assert verified.findings == (), scope
            assert {one.conversation_id for one in verified.ended} == set(going)
            assert {one.words for one in verified.ended} == {"disposed of under certificate 1"}
        assert faults(archive) == []
        seal(archive.house)
    assert [json.loads(one.document)["kind"] for one in archive.rows("SELECT document FROM log_entries")].count(
        "certificate"
    ) == 1
    assert seal(archive.house).entries == 0

    with pytest.raises(BundleRefused, match="disposed of under certificate 1"):
        make_bundle(life.house, [going[0]], tmp_path / "bundle.zip", ADA, "Subpoena 1")
    _require_rebuilt_alike(life, new_ledger(archive), going)


def _version(archive: Archive, key: str) -> str:
    [row] = archive.rows("SELECT version_id FROM evidence_objects WHERE key = :key", key=key)
    return str(row.version_id)


def _require_gone(life: Life, going: list[UUID]) -> None:
    archive = life.archive
    for table in ("objects", "intents", "recordings", "search_records", "search_texts"):
        left = archive.rows(f"SELECT count(*) FROM {table} WHERE conversation_id = ANY(:going)", going=going)
        assert left == [(0,)], table
    found = find(life.house, ANNE, SearchQuery()).rows
    assert {one.conversation_id for one in found}.isdisjoint(going)
    with pytest.raises(NotThere, match="disposed of under certificate 1"):
        look_up(life.house, ANNE, going[0])
    rows = archive.rows(
        "SELECT record, names, decision, state, certificate FROM conversations WHERE conversation_id = ANY(:going)",
        going=going,
    )
    assert {(str(row.record), row.names, row.decision, row.state, row.certificate) for row in rows} == {
        ("{}", None, None, "ended", 1)
    }


def _require_rebuilt_alike(life: Life, anew: Archive, going: list[UUID]) -> None:
    done = rebuilt(anew)
    assert done.findings == ()
    columns = "conversation_id, revision, day, state, certificate, retention_class, lock_mode, policy_version"
    query = f"SELECT {columns} FROM conversations WHERE state <> 'review' ORDER BY 1, 2"
    assert anew.rows(query) == life.archive.rows(query)
    assert {row.conversation_id for row in anew.rows(query) if row.state == "ended"} == set(going)
    verified = proven(anew)
    assert verified.findings == ()
    assert {one.conversation_id for one in verified.ended} == set(going)
    # what ended is not found again
    anew.archive_here()
    assert {one for one in going if life.standing(one)} == set()
    assert anew.rows("SELECT number, kind, records, document FROM certificates") == life.archive.rows(
        "SELECT number, kind, records, document FROM certificates"
    )


def test_what_is_called_ending_and_is_on_no_list_is_looked_at_like_the_rest(life: Life) -> None:
    archive = life.archive
    one, other = life.conversations()[:2]
    keys = [row.key for row in archive.rows("SELECT key FROM objects WHERE conversation_id = :one", one=one)]
    life.expire([one])
    lose_from_vault(archive, keys)
    # on a list indeed, and that was never approved
    drawn = disposition.draw_up(life.house, RITA)
    assert set(life.states("disposition", drawn.ending_id)) == {one}
    for called in ("ending", "deleting"):
        with archive.engine.begin() as connection:
            if called == "ending":
                change = "UPDATE conversations SET state = 'ending' WHERE conversation_id IN (:one, :other)"
                connection.execute(text(change), {"one": one, "other": other})
            else:
                connection.execute(text("UPDATE ending_records SET state = 'deleting'"))
        found = proven(archive).findings
        told = {finding.what for finding in found if finding.conversation_id == other}
        assert told == {"it is called ending, and no approved list has it"}, found
        missing = {finding.where for finding in found if "does not stand" in finding.what}
        assert all(any(key in where for where in missing) for key in keys), found
        assert faults(archive).count("object-missing") == len(keys)
        assert set(keys) <= {kept.key for kept in kept_of_day(archive.engine, archive.day)}
        assert other in known_records(archive.engine, [other])
        assert other in longest_unhashed(archive.engine, 1)


def test_a_certificate_that_never_comes_to_the_log_is_found(life: Life) -> None:
    archive, one = life.archive, life.conversations()[0]
    life.expire([one])
    assert life.run("disposition", life.disposition().ending.ending_id).certificates == (1,)
    assert proven(archive).findings == ()
    for change, said in (
        ("UPDATE certificates SET made_at = made_at - interval '49 hours'", "the log does not have the certificate"),
        ("UPDATE certificates SET made_at = now(), document = '{}'", "the ledger has another certificate"),
        ("UPDATE ending_records SET certificate = NULL", "the ledger has another certificate"),
        ("DELETE FROM certificates", "neither log nor ledger has the certificate"),
    ):
        with archive.engine.begin() as connection:
            connection.execute(text(change))
        for scope in (EVERYTHING, Scope((one,))):
            assert said in {finding.what for finding in proven(archive, scope).findings}, (change, scope)


def test_held_by_two_matters_it_outlives_its_retention_until_both_are_released(life: Life) -> None:
    archive, one = life.archive, life.conversations()[0]
    matters = [
        holds.place(life.house, RITA, name, "a claim was filed", conversations=[one]).matter
        for name in ("Miller v. Bank", "Smith v. Bank")
    ]
    _tell_store(life)
    life.expire([one])
    before = life.standing(one)
    for still in (["Miller v. Bank", "Smith v. Bank"], ["Smith v. Bank"]):
        held = life.disposition()
        [count] = held.counts
        assert (count.state, count.records) == ("held", 1)
        assert all(name in count.cause for name in still)
        assert life.run("disposition", held.ending.ending_id).ended == 0
        assert life.standing(one) == before
        assert proven(archive).findings == ()
        assert faults(archive) == []
        matter = matters.pop(0)
        holds.ask_release(life.house, RITA, matter.matter_id, "it was settled")
        holds.approve(life.house, RON, matter.matter_id)
        _tell_store(life)
    # held once more between the approval and the run
    approved = life.disposition()
    assert approved.count("listed") == 1
    last = holds.place(life.house, RITA, "Jones v. Bank", "a claim was filed", conversations=[one]).matter
    assert life.run("disposition", approved.ending.ending_id).stayed == 1
    assert set(life.states("disposition", approved.ending.ending_id).values()) == {"held"}
    assert life.standing(one) == before
    holds.ask_release(life.house, RITA, last.matter_id, "it was settled")
    holds.approve(life.house, RON, last.matter_id)
    _tell_store(life)
    assert life.run("disposition", life.disposition().ending.ending_id).ended == 1
    assert life.standing(one) == []
    _require_gone(life, [one])
    assert proven(archive).findings == ()
    assert faults(archive) == []
    acts = [row.act for row in archive.rows(ACTS_OF, one=one)]
    assert acts[-1] == "disposed"
    assert acts.count("released") >= 3


def _tell_store(life: Life) -> None:
    for conversation_id in holds_due(life.house).conversations:
        apply_hold(life.house, conversation_id)


def test_a_ledger_restored_from_a_backup_forgets_again_what_ended(life: Life, postgres: Postgres) -> None:
    archive = life.archive
    going = life.conversations()[:2]
    source = str(archive.engine.url.database)
    archive.house.engine.dispose()
    archive.engine.dispose()
    url = postgres.create_database(f"{source}_backup", template=source)
    life.expire(going)
    life.run("disposition", life.disposition().ending.ending_id)
    seal(archive.house)
    restored = replace(archive, environment=archive.environment | {"STRONGROOM_DATABASE_URL": url})
    assert {row.state for row in restored.rows(STATES_OF, going=going)} == {"archived"}
    seal(restored.house)
    assert {row.state for row in restored.rows(STATES_OF, going=going)} == {"ended"}
    assert restored.rows("SELECT count(*) FROM objects WHERE conversation_id = ANY(:going)", going=going) == [(0,)]
    verified = proven(restored, Scope(tuple(going)))
    assert {one.words for one in verified.ended} == {"disposed of under certificate 1"}
    assert faults(restored) == []
    # the next certificate takes the next number
    more = Life(restored)
    more.expire(more.conversations()[:1])
    assert more.run("disposition", more.disposition().ending.ending_id).certificates == (2,)
    restored.house.engine.dispose()
    restored.engine.dispose()
    postgres.drop_database(f"{source}_backup")
