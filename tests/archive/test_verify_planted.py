"""`verify` on a sealed vault: nothing is found where nothing was changed, and each planted change is found and named.

The S3 server runs in this process, so that its storage can be changed underneath its API.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from archives import Archive
from moto.server import ThreadedMotoServer
from planted_changes import KINDS
from planting import Forger, backdate_custody

from embedded.timestamp_authority import running_timestamp_authority
from strongroom.actor import Actor
from strongroom.evidence.keys import new_key_file
from strongroom.ledger.checks import latest_checks
from strongroom.pipeline.seal import seal
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope
from strongroom.pipeline.verify.share import verify_share

StartArchive = Callable[..., Archive]
ORIGIN = "example.com/planted"
ANNE = Actor("anne", "legal-1")
IN_MAKE_TEST = 2 * len(KINDS)
A_THOUSAND = 42 * len(KINDS)


@pytest.fixture
def archive(start_archive: StartArchive, tmp_path: Path) -> Iterator[Archive]:
    """A sealed day with two checkpoints, both with timestamp and witness, and two custody days in the vault."""
    new_key_file(tmp_path / "log.pem", ORIGIN)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request takes longer than the request
    server.start()
    host, port = server.get_host_and_port()
    with ExitStack() as running:
        running.callback(server.stop)
        authority = running.enter_context(running_timestamp_authority(tmp_path / "authority"))
        archive = start_archive(
            conversations=4,
            settings={
                "STRONGROOM_S3_ENDPOINT_URL": f"http://{host}:{port}",
                "STRONGROOM_LOG_KEY_FILE": str(tmp_path / "log.pem"),
                "STRONGROOM_LOG_ORIGIN": ORIGIN,
                "STRONGROOM_TIMESTAMP_URL": authority.url,
                "STRONGROOM_TIMESTAMP_ROOTS_FILE": str(authority.roots_file),
                "STRONGROOM_WITNESS": str(tmp_path / "witness"),
            },
        )
        archive.archive_here()
        backdate_custody(archive.engine, 2)
        assert seal(archive.house).timestamped == 1
        one = _conversations(archive)[0]
        verify(archive.house, Scope((one,)), Depth.LISTED, ANNE)
        backdate_custody(archive.engine, 1)
        assert seal(archive.house).timestamped == 1
        yield archive


def _conversations(archive: Archive) -> list[UUID]:
    return [row[0] for row in archive.rows("SELECT conversation_id FROM conversations WHERE state = 'archived'")]


@pytest.mark.long
def test_nothing_is_found_in_a_clean_vault_and_each_change_is_named(archive: Archive) -> None:
    _require_clean(archive)
    _plant(archive, IN_MAKE_TEST, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_a_thousand_changes_are_found_and_named(archive: Archive) -> None:
    assert A_THOUSAND >= 1_000
    _plant(archive, A_THOUSAND, seed=2)


def _require_clean(archive: Archive) -> None:
    day, one = archive.day, _conversations(archive)[0]
    for scope in (Scope(), Scope(first=day, last=day), Scope((one,))):
        for depth in Depth:
            done = verify(archive.house, scope, depth, ANNE)
            assert done.findings == (), (scope, depth)
    done = verify(archive.house, Scope(), Depth.PROVEN, ANNE)
    objects = archive.rows("SELECT count(*), sum(size_bytes) FROM objects")[0]
    assert (done.objects, done.bytes_hashed) == tuple(objects)
    checkpoints = archive.rows("SELECT count(*) FROM checkpoints")[0][0]
    unsealed = archive.rows("SELECT count(*) FROM objects WHERE part = 'manifest' AND leaf_index IS NULL")[0][0]
    assert checkpoints >= 2
    assert (done.checkpoints, done.timestamps, done.unsealed) == (checkpoints, checkpoints, unsealed)
    assert done.entries == archive.rows("SELECT max(size) FROM checkpoints")[0][0]
    assert done.custody_events == archive.rows("SELECT count(*) FROM custody_events")[0][0] - 1
    assert {(check.kind, check.scope) for check in latest_checks(archive.engine)} >= {
        (str(depth), scope) for depth in Depth for scope in ("all", str(day), str(one))
    }


def _plant(archive: Archive, count: int, seed: int) -> None:
    """Plant so many changes, every kind equally often, one at a time, and take each back."""
    forger = Forger(archive, Random(seed))
    kinds = list(KINDS.items())
    done = Counter[str]()
    for number in range(count):
        name, plant = kinds[number % len(kinds)]
        with plant(forger) as planted:
            scope = Scope() if planted.conversation is None else Scope((UUID(planted.conversation),))
            found = verify(archive.house, scope, Depth.PROVEN, ANNE).findings
        told = [f"{finding.where}: {finding.what}" for finding in found]
        for wanted in planted.names:
            assert any(wanted in one for one in told), (name, planted, told)
        if planted.conversation is not None:
            assert {str(one.conversation_id) for one in found} == {planted.conversation}, (name, planted, told)
        if planted.alone:
            assert all(any(wanted in one for wanted in planted.names) for one in told), (name, planted, told)
        done[name] += 1
    assert min(done[name] for name in KINDS) >= min(2, count // len(kinds)), done
    assert verify(archive.house, Scope(), Depth.PROVEN, ANNE).findings == ()


def test_the_nightly_share_takes_first_what_was_never_hashed(archive: Archive) -> None:
    ids = set(_conversations(archive))
    settings = archive.house.settings.model_copy(update={"verify_quarter_days": len(ids) - 1})
    house = replace(archive.house, settings=settings)
    nights = [verify_share(house) for _ in ids]
    shares = [set(night.scope.conversations) for night in nights if night is not None]
    assert all(len(share) == 2 for share in shares)
    assert set().union(*shares[: -(-len(ids) // 2)]) == ids
    assert shares[-1] != shares[-2]
    [share] = [check for check in latest_checks(archive.engine) if check.scope == "a share"]
    assert (share.kind, share.examined, share.findings) == ("hashed", 2, [])
