"""A policy that changes, on an archive that stands: what it would change, what it does, and that everything agrees."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from archives import Archive, StartArchive
from custody_material import backdate
from rebuilding import NewLedger, rebuilt, table
from sqlalchemy import text

from cli.app import run
from config.settings import Settings
from strongroom.actor import Actor
from strongroom.canonical import sha256_hex
from strongroom.evidence.keys import new_key_file
from strongroom.house import House, bucket_blueprint
from strongroom.pipeline import policy_apply
from strongroom.pipeline.policy_apply import Applied, apply_policy
from strongroom.pipeline.policy_document import document_sha256, policy_document
from strongroom.pipeline.seal import seal
from strongroom.pipeline.vault_check import check_vault
from strongroom.pipeline.verify.run import verify
from strongroom.pipeline.verify.scope import Depth, Scope
from strongroom.vault.errors import VaultRefused
from strongroom.vault.evidence_keys import policy_document_key
from strongroom.vault.findings import Finding
from strongroom.vault.provision import create_bucket

MAY = Actor("may", "desk-1")
DAY = date(2026, 3, 10)
POLICY = Path(Settings.model_fields["policy_file"].default).read_text()
_GIB = 1024**3


def _changed(tmp_path: Path, name: str, **fields: str) -> Path:
    """The policy that comes with it, with fields of the class healthcare-voice changed."""
    head, rest = POLICY.split("  healthcare-voice:\n")
    body, tail = rest.split("\n\n", 1)
    for field, value in fields.items():
        lines = [f"    {field}: {value}" if line.strip().startswith(f"{field}:") else line for line in body.split("\n")]
        body = "\n".join(lines)
    file = tmp_path / f"{name}.yaml"
    file.write_text(f"{head}  healthcare-voice:\n{body}\n\n{tail}")
    return file


@pytest.fixture
def archive(start_archive: StartArchive, tmp_path: Path) -> Archive:
    """A day of calls on three queues, one of them the patients', sealed."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/policies")
    archive = start_archive(
        conversations=24,
        day=DAY,
        settings={"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/policies"},
    )
    archive.archive_here()
    return archive


@pytest.fixture
def strongroom(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Runs a command with --json in this archive's environment; its document."""

    def command(*arguments: str, policy: Path | None = None, exit_code: int = 0) -> Any:
        for name, value in archive.environment.items():
            monkeypatch.setenv(name, value)
        if policy is not None:
            monkeypatch.setenv("STRONGROOM_POLICY_FILE", str(policy))
        capsys.readouterr()
        assert run([*arguments, "--json"]) == exit_code
        return json.loads(capsys.readouterr().out)

    return command


def _healthcare(archive: Archive) -> list[Any]:
    """What the rule for patients' calls matched, whatever else it is filed under."""
    return archive.rows(
        "SELECT * FROM conversations WHERE state = 'archived' AND decision::text LIKE '%''healthcare"
        " voice''%' ORDER BY 1, 2"
    )


def _under(archive: Archive, policy: Path) -> House:
    return archive.open_house("another", STRONGROOM_POLICY_FILE=str(policy))


def _applied(house: House) -> Applied:
    return apply_policy(house, None, None, MAY, lambda changed: None)


def _faults(house: House) -> list[Finding]:
    return check_vault(house.engine, house.store, bucket_blueprint(house.settings, house.policy), None).faults


def _changes_on_record(archive: Archive) -> list[dict[str, Any]]:
    rows = archive.rows("SELECT document FROM custody_events WHERE act = 'retention changed' ORDER BY position")
    return [json.loads(row.document) for row in rows]


@pytest.mark.long
def test_a_month_with_healthcare_raised_to_ten_years(
    archive: Archive, strongroom: Callable[..., Any], tmp_path: Path
) -> None:
    raised = _changed(tmp_path, "raised", retained_years="10")
    found = strongroom("policy", "what-if", str(raised), "--from", "2026-03-01", "--to", "2026-03-31")

    # by hand, from what stands in the bucket: each manifest, and the objects in its folder
    standing = archive.standing().objects
    manifests = [json.loads(one.body) for one in standing if one.key.endswith("/manifest.json") and one.body]
    patients = [one for one in manifests if any("rule 'healthcare voice'" in reason for reason in one["reasons"])]
    raised_ids = {one["conversationId"] for one in patients}
    assert "healthcare-voice" in {one["retentionClass"] for one in patients}, "the day has no call of a patient"
    assert {one["retentionYears"] for one in patients} == {7}
    sizes = [one.size_bytes for one in standing if one.key.split("/")[2] in raised_ids]
    assert (found["records"], found["changed"]["records"]) == (len(manifests), len(raised_ids))
    assert found["changed"]["objects"] == len(sizes)
    assert found["changed"]["size_bytes"] == sum(sizes)
    assert found["changed"]["added_years"] == 3 * len(raised_ids)
    # three years more, each month at the price of a GB: GLACIER_IR's, which bills 128 KB at least and a move for $0.02
    # a thousand; or STANDARD's, where that is less over all of the years
    by_hand = sum(_kept(size, 10) - _kept(size, 7) for size in sizes)
    assert float(found["changed"]["added_usd"]) == pytest.approx(by_hand, rel=1e-3)
    assert by_hand > 0

    raised_to = {"retention_class": "healthcare-voice", "retained_years": 10, "lock_mode": "COMPLIANCE"}
    changing = {one["before"]["retention_class"]: one for one in found["groups"] if one["effect"] == "longer"}
    assert {name: one["records"] for name, one in changing.items()} == Counter(
        one["retentionClass"] for one in patients
    )
    for one in changing.values():
        assert one["after"] == one["decided"] == raised_to
        assert (one["before"]["retained_years"], one["before"]["lock_mode"]) == (7, "COMPLIANCE")
    untouched = Counter(one["retentionClass"] for one in manifests if one["conversationId"] not in raised_ids)
    same = [one for one in found["groups"] if one["effect"] == "same"]
    assert {one["before"]["retention_class"]: one["records"] for one in same} == untouched
    assert all(float(one["added_usd"]) == one["added_years"] == 0 for one in same)
    assert _changes_on_record(archive) == []

    assert strongroom("policy", "what-if", str(raised), "--from", "2026-02-01", "--to", "2026-02-28")["records"] == 0
    shortened = _changed(tmp_path, "shortened", retained_years="6", required_years="6")
    stays = strongroom("policy", "what-if", str(shortened), "--all")
    only_patients = sum(one["retentionClass"] == "healthcare-voice" for one in patients)
    assert (stays["changed"]["records"], stays["stays"]) == (0, only_patients)
    _a_record_that_tells_too_little_is_counted(archive, strongroom, raised)


def _kept(size: int, years: int) -> float:
    months = 12 * years
    in_standard = size * 0.023 * months / _GIB
    in_glacier_ir = max(size, 128 * 1024) * 0.004 * months / _GIB + 0.02 / 1000
    return min(in_standard, in_glacier_ir)


def _a_record_that_tells_too_little_is_counted(archive: Archive, strongroom: Callable[..., Any], raised: Path) -> None:
    with archive.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE conversations SET record = '{}' WHERE conversation_id = (SELECT"
                " min(conversation_id::text)::uuid"
                " FROM conversations WHERE state = 'archived' AND decision::text LIKE '%''healthcare voice''%')"
            )
        )
    found = strongroom("policy", "what-if", str(raised), "--all")
    [(reason, number)] = [one for one in found["left_out"].items() if "not there any more" in one[0]]
    assert number == 1
    assert found["changed"]["records"] == len(_healthcare(archive)) - 1
    in_review = archive.rows("SELECT count(*) FROM conversations WHERE state = 'review'")[0][0]
    assert sum(found["left_out"].values()) == number + in_review, reason


@pytest.mark.long
def test_applied_it_lengthens_locks_and_everything_agrees(
    archive: Archive, strongroom: Callable[..., Any], tmp_path: Path, new_ledger: NewLedger
) -> None:
    before = _healthcare(archive)
    manifests = {one.key: one.sha256 for one in archive.rows("SELECT key, sha256 FROM objects WHERE part = 'manifest'")}
    raised = _changed(tmp_path, "raised", retained_years="10")
    dry = strongroom("policy", "apply", "--all", policy=raised)
    assert (dry["dry_run"], dry["changed"]["records"]) == (True, len(before))
    assert _healthcare(archive) == before

    done = strongroom("policy", "apply", "--all", "--yes", policy=raised)
    assert (done["changed"], done["failed"]) == (len(before), {})
    house = _under(archive, raised)
    _each_is_kept_ten_years(archive, house, before)
    assert strongroom("policy", "apply", "--all", "--yes", policy=raised)["changed"] == 0
    assert len(_changes_on_record(archive)) == len(before)
    now = archive.rows("SELECT key, sha256 FROM objects WHERE part = 'manifest'")
    assert {one.key: one.sha256 for one in now} == manifests

    # back to the old policy: nothing is shortened
    old = _applied(archive.house)
    assert (old.changed, old.failed) == (0, {})
    _each_is_kept_ten_years(archive, house, before)

    archive.sweep_once()
    by_hand = archive.rows(
        "SELECT count(*) FROM search_records JOIN conversations USING (conversation_id, revision)"
        " WHERE search_records.retain_until < conversations.retain_until"
    )
    assert by_hand == [(0,)], "the search knows an end that is not true any more"
    backdate(archive.engine, 1)
    seal(house)
    verified = verify(house, Scope(first=DAY, last=DAY), Depth.PROVEN, MAY)
    assert (verified.findings, verified.conversations > 0) == ((), True)
    # the years are in the lifecycle's smallest sizes, and `vault create` mends those
    assert [fault.kind for fault in _faults(house)] == ["lifecycle-rule-changed"]
    create_bucket(house.store, "us-east-1", bucket_blueprint(house.settings, house.policy))
    assert _faults(house) == []

    anew = new_ledger(archive)
    assert rebuilt(anew).findings == ()
    for name in ("conversations", "objects"):
        assert table(anew, name) == table(archive, name)
    assert [one.retain_until for one in _healthcare(anew)] == [one.retain_until for one in _healthcare(archive)]
    assert _faults(_under(anew, raised)) == []
    assert [one.decision for one in _healthcare(anew)] == [one.decision for one in _healthcare(archive)]
    assert _applied(_under(anew, raised)).changed == 0
    house.engine.dispose()


def _each_is_kept_ten_years(archive: Archive, house: House, before: list[Any]) -> None:
    after = _healthcare(archive)
    assert [one.conversation_id for one in after] == [one.conversation_id for one in before]
    for was, now in zip(before, after, strict=True):
        assert now.retain_until == was.retain_until.replace(year=was.retain_until.year + 3)
        assert (now.lock_mode, now.policy_version) == ("COMPLIANCE", house.policy.version)
        assert now.decision["retainedYears"] == 10
        for key, version_id in archive.rows(
            "SELECT key, version_id FROM objects WHERE conversation_id = :id", id=now.conversation_id
        ):
            lock = house.store.describe(key, version_id).lock
            assert lock is not None
            assert lock.retain_until >= now.retain_until
    for event, now in zip(
        sorted(_changes_on_record(archive), key=lambda one: str(one["conversationId"])), after, strict=True
    ):
        assert (event["conversationId"], event["revision"]) == (str(now.conversation_id), now.revision)
        assert event["details"]["policy"] == house.policy.version
        assert event["details"]["wasUntil"] < event["details"]["until"]


def test_tightened_to_compliance_and_moved_to_another_class(archive: Archive, tmp_path: Path) -> None:
    default = archive.rows("SELECT conversation_id FROM conversations WHERE retention_class = 'unclassified'")
    assert default, "nothing fell to the default"
    file = tmp_path / "strict.yaml"
    stricter = POLICY.replace("unclassified", "everything-else").replace("healthcare-voice", "patient-voice")
    head, tail = stricter.rsplit("    lock_mode: GOVERNANCE\n    erasable: true\n", 1)
    file.write_text(f"{head}    lock_mode: COMPLIANCE\n    erasable: false\n{tail}")
    patients = archive.rows("SELECT conversation_id FROM conversations WHERE retention_class = 'healthcare-voice'")
    house = _under(archive, file)
    done = _applied(house)
    assert (done.changed, done.failed) == (len(default) + len(patients), {})
    assert archive.rows("SELECT DISTINCT lock_mode FROM conversations WHERE retention_class = 'everything-else'") == [
        ("COMPLIANCE",)
    ]
    # tags and locks are what the ledger says: the lifecycle goes by them
    kinds = {fault.kind for fault in _faults(house)}
    assert not {kind for kind in kinds if kind.startswith(("tag", "lock", "object"))}
    house.engine.dispose()


@pytest.mark.long
def test_cut_off_anywhere_it_is_run_again_and_each_change_is_told_once(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = len(_healthcare(archive))
    assert expected >= 2
    house = _under(archive, _changed(tmp_path, "raised", retained_years="10"))

    class Killed(BaseException):
        pass

    monkeypatch.setattr(policy_apply, "_BATCH", 1)
    commit = policy_apply.change_decisions
    commits = 0

    def die_before_the_second(*arguments: Any) -> int:
        nonlocal commits
        commits += 1
        if commits == 2:
            raise Killed
        return commit(*arguments)

    monkeypatch.setattr(policy_apply, "change_decisions", die_before_the_second)
    with pytest.raises(Killed):
        _applied(house)
    assert len(_changes_on_record(archive)) == 1
    # what is locked longer than the ledger says is no fault
    assert not {fault.kind for fault in _faults(house)} & {"lock-short", "lock-mode-weak"}

    # beside another run, which is faster than it with each record
    def overtaken(engine: Any, changes: Any, by: Actor) -> int:
        commit(engine, changes, by)
        return commit(engine, changes, by)

    monkeypatch.setattr(policy_apply, "change_decisions", overtaken)
    assert _applied(house).changed == 0, "what another run did is not this one's"
    monkeypatch.undo()
    assert len(_changes_on_record(archive)) == expected
    assert _applied(house).changed == 0
    house.engine.dispose()


@pytest.mark.long
def test_what_the_store_refuses_is_told_and_the_rest_goes_on(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = _under(archive, _changed(tmp_path, "raised", retained_years="10"))
    [refused, *others] = _healthcare(archive)
    retain = type(house.store).retain

    def no_permission(self: Any, key: str, *arguments: Any, **options: Any) -> None:
        if str(refused.conversation_id) in key:
            raise VaultRefused("AccessDenied", where=key, todo="give the role s3:PutObjectRetention")
        retain(self, key, *arguments, **options)

    monkeypatch.setattr(type(house.store), "retain", no_permission)
    done = _applied(house)
    assert (done.changed, sum(done.failed.values())) == (len(others), 1)
    assert str(refused.conversation_id) not in {event["conversationId"] for event in _changes_on_record(archive)}
    assert refused in _healthcare(archive)
    monkeypatch.undo()
    assert _applied(house).changed == 1
    house.engine.dispose()


@pytest.mark.long
def test_every_manifest_names_the_document_and_the_document_stands(archive: Archive) -> None:
    seal(archive.house)
    policy = archive.house.policy
    schema = json.loads((Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text())
    manifests = [
        json.loads(one.body) for one in archive.standing().objects if one.key.endswith("manifest.json") and one.body
    ]
    assert {one["policyDocument"] for one in manifests} == {document_sha256(policy)}
    jsonschema.validate(manifests[0], schema)
    key = policy_document_key(document_sha256(policy))
    [(version_id,)] = archive.rows("SELECT version_id FROM evidence_objects WHERE key = :key", key=key)
    content = b"".join(archive.house.store.read(key, version_id))
    assert content.decode() == policy_document(policy)
    assert sha256_hex(content) == document_sha256(policy)
    lock = archive.house.store.describe(key, version_id).lock
    assert lock is not None
    assert lock.mode.value == "COMPLIANCE"
