"""Legal holds on a real archive: matched while it is archived, compared by `vault check`, brought back by a rebuild."""

from pathlib import Path
from uuid import UUID

import pytest
from archives import Archive, StartArchive, wait_until
from custody_material import backdate
from rebuilding import NewLedger, everything, rebuilt

from strongroom.evidence.keys import new_key_file
from strongroom.house import bucket_blueprint
from strongroom.ledger.engine import transaction
from strongroom.ledger.holds import held_by
from strongroom.ledger.rebuild_holds import FOUND_HELD
from strongroom.legal import holds
from strongroom.legal.access import Principal, Role
from strongroom.legal.holding import apply_hold, holds_due, look_through
from strongroom.legal.search import SearchQuery, find
from strongroom.pipeline.seal import seal
from strongroom.pipeline.vault_check import check_vault
from strongroom.vault.findings import Finding

RITA = Principal("rita", frozenset({Role.RECORDS_MANAGER}), None, "192.0.2.1")
ROBERT = Principal("robert", frozenset({Role.RECORDS_MANAGER}), None, "192.0.2.1")


@pytest.fixture
def archive(start_archive: StartArchive, tmp_path: Path) -> Archive:
    """A day that is not archived yet."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/held")
    settings = {"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/held"}
    return start_archive(conversations=8, settings=settings)


def work(archive: Archive) -> None:
    """What the workers of the queue `records` do."""
    due = holds_due(archive.house)
    for search_id in due.searches:
        look_through(archive.house, search_id)
    for conversation_id in due.conversations:
        apply_hold(archive.house, conversation_id)
    assert archive.rows("SELECT 1 FROM conversation_holds WHERE state = 'wanted'") == []


def findings(archive: Archive) -> list[Finding]:
    """What `vault check --all` finds."""
    house = archive.house
    return check_vault(house.engine, house.store, bucket_blueprint(house.settings, house.policy), None).faults


def names(archive: Archive) -> dict[UUID, tuple[str, ...]]:
    """Which matters hold which conversation."""
    ids = [row.conversation_id for row in archive.rows("SELECT DISTINCT conversation_id FROM conversations")]
    with transaction(archive.engine) as connection:
        return dict(held_by(connection, ids))


def hold(archive: Archive, name: str, *conversations: UUID, **query: str) -> None:
    """Place a hold, and have the store told."""
    asked = SearchQuery(**query) if query else None  # type: ignore[arg-type]
    holds.place(archive.house, RITA, name, "Preservation notice", conversations=conversations, query=asked)
    work(archive)


@pytest.mark.long
def test_later_matches_are_held_the_check_compares_both_and_a_rebuild_brings_them_back(
    archive: Archive, new_ledger: NewLedger
) -> None:
    hold(archive, "All calls", media="voice")
    hold(archive, "Some customer", address="+442079460017")
    archive.archive_here()
    work(archive)
    calls = {row.conversation_id for row in find(archive.house, RITA, SearchQuery(media="voice")).rows}
    others = sorted({row.conversation_id for row in find(archive.house, RITA, SearchQuery()).rows} - calls)
    assert calls and len(others) >= 2
    assert names(archive) == dict.fromkeys(calls, ("All calls",))
    assert findings(archive) == []

    # both ways: what a matter holds and the store does not, what the store holds and no matter does
    store = archive.house.store
    lost = archive.rows("SELECT key, version_id FROM objects WHERE conversation_id = :id", id=min(calls))[0]
    foreign = archive.rows("SELECT key, version_id FROM objects WHERE conversation_id = :id", id=others[0])[0]
    store.hold(lost.key, lost.version_id, on=False)
    store.hold(foreign.key, foreign.version_id, on=True)
    told = {(one.kind, one.where.partition(" ")[0]) for one in findings(archive)}
    assert told == {("hold-missing", store.where(lost.key)), ("hold-foreign", store.where(foreign.key))}
    store.hold(lost.key, lost.version_id, on=True)
    store.hold(foreign.key, foreign.version_id, on=False)

    hold(archive, "Case 17", min(calls), others[0])
    over = holds.place(archive.house, RITA, "Over", "Preservation notice", conversations=[others[1]]).matter.matter_id
    work(archive)
    holds.ask_release(archive.house, RITA, over, "settled")
    holds.approve(archive.house, ROBERT, over)
    work(archive)
    holds.ask_release(archive.house, RITA, holds.named(archive.house, RITA, "Case 17").matter_id, "settled")
    backdate(archive.engine, 1)
    seal(archive.house)
    # of this day only the ledger tells, and it is lost
    hold(archive, "Today's", others[1])
    before, held_before = everything(archive), names(archive)

    anew = new_ledger(archive)
    done = rebuilt(anew)
    assert [one.kind for one in done.findings] == ["hold-search"] and "Some customer" in done.findings[0].what
    assert names(anew) == held_before | {others[1]: (FOUND_HELD,)}
    work(anew)
    assert findings(anew) == []
    assert everything(anew) == before
    states = {row.name: row.state for row in anew.rows("SELECT name, state FROM matters")}
    assert states == {
        "All calls": "open", "Some customer": "open", "Case 17": "release asked", "Over": "released",
        FOUND_HELD: "open",
    }  # fmt: skip
    counts = (
        "SELECT m.name, r.state, count(*) FROM matters m JOIN hold_records r USING (matter_id)"
        " WHERE m.name NOT IN (:found, :today) GROUP BY 1, 2 ORDER BY 1, 2"
    )
    values = {"found": FOUND_HELD, "today": "Today's"}
    assert anew.rows(counts, **values) == archive.rows(counts, **values)
    # the search goes on, and the release that was asked for can be approved by another
    assert [row.criteria for row in anew.rows("SELECT criteria FROM matter_searches")] == [
        {"named": [["media", "voice"]]}
    ]
    holds.approve(anew.house, ROBERT, holds.named(anew.house, RITA, "Case 17").matter_id)
    work(anew)
    assert names(anew) == dict.fromkeys(calls, ("All calls",)) | {others[1]: (FOUND_HELD,)}
    assert findings(anew) == []


@pytest.mark.long
def test_the_process_records_tells_the_store_and_puts_nothing(archive: Archive) -> None:
    archive.archive_here()
    ids = [row.conversation_id for row in archive.rows("SELECT conversation_id FROM conversations")]
    puts_before = archive.proxy.requests("PutObject")
    with archive.fleet({"records": 1, "beat": 1}):
        matter = holds.place(archive.house, RITA, "Case 17", "Preservation notice", conversations=ids).matter.matter_id
        wait_until(lambda: holds.read(archive.house, RITA, matter).applied == len(ids), "all is held", every_s=0.5)
        assert archive.rows("SELECT 1 FROM objects WHERE held IS NOT TRUE") == []
        holds.ask_release(archive.house, RITA, matter, "settled")
        holds.approve(archive.house, ROBERT, matter)
        wait_until(lambda: holds.read(archive.house, RITA, matter).lifted == len(ids), "all is let go", every_s=0.5)
    assert archive.rows("SELECT 1 FROM objects WHERE held IS NOT FALSE") == []
    # the records manager's role may put nothing, not even the probe of the others
    assert archive.proxy.requests("PutObject") == puts_before
    assert findings(archive) == []
