"""What a policy file may say, and what it warns about."""

from pathlib import Path

from strongroom.retention.conditions import Condition, Subject
from strongroom.retention.policy import LockMode, load_policy

POLICY = """\
\ufeffdefault_class: kept
classes:
  kept:
    basis: >-
      A ground that is
      long
    required_years: 15
    retained_years: 15
    lock_mode: COMPLIANCE
    erasable: no
    retrieval_promise_hours: 720
  spare:
    basis: none yet
    required_years: 1
    retained_years: 1
    lock_mode: GOVERNANCE
    erasable: yes
    retrieval_promise_hours: 1
rules:
  - {name: Übergabe, class: kept, when: {queue: [0A1B2C3D-0000-4000-8000-00000000000A, "*Ärzte*"], direction: inbound}}
  - name: either
    class: kept
    when: {participants: [agent, ivr-only], queue: Sales}
"""


def test_a_policy_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(POLICY.replace("\n", "\r\n").encode())
    policy = load_policy(path)
    assert policy.default_class is policy.classes[0]
    assert policy.cap_years == 15
    kept, spare = policy.classes
    assert (kept.basis, kept.retained_years, kept.lock_mode) == ("A ground that is long", 15, LockMode.COMPLIANCE)
    assert (kept.erasable, spare.erasable) == (False, True)
    first, second = policy.rules
    assert first.name == "Übergabe"
    assert first.when == (
        Condition(Subject.QUEUE, ("0A1B2C3D-0000-4000-8000-00000000000A", "*Ärzte*")),
        Condition(Subject.DIRECTION, ("inbound",)),
    )
    assert second.retention_class is kept


def test_an_unused_class_and_a_default_that_can_not_be_mended_are_warnings(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    default, unused = load_policy(path).warnings
    assert (default.line, unused.line) == (3, 12)
    assert "'kept' is the default and locks COMPLIANCE" in default.message
    assert "'spare' is used by no rule" in unused.message


def test_the_version_changes_with_every_byte(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(POLICY, encoding="utf-8")
    other.write_text(POLICY + "# a comment\n", encoding="utf-8")
    assert load_policy(one).version != load_policy(other).version
