"""Tiers files for tests: the shipped one, a short one to break, and promises to keep."""

from pathlib import Path

from config.settings import Settings
from strongroom.vault.lock import LockMode
from strongroom.vault.tiers import ClassPromise, Tiers, load_tiers

SHIPPED = Path(Settings.model_fields["tiers_file"].default)

GOOD = """\
default_profile: near
classes:
  slow:
    profile: far
    accepts_retrieval_hours: 12
profiles:
  near:
    - after_days: 30
      storage_class: GLACIER_IR
  far:
    - after_days: 90
      storage_class: GLACIER
  stay: []
storage_classes:
  STANDARD:
    gb_month:
      - up_to_tb: 50
        usd: 0.023
      - usd: 0.022
    puts_per_1000: 0.005
    gets_per_1000: 0.0004
  GLACIER_IR:
    gb_month: 0.004
    minimum_days: 90
    minimum_kb: 128
    gets_per_1000: 0.01
    transitions_per_1000: 0.02
    retrieved_gb: 0.03
  GLACIER:
    gb_month: 0.0036
    minimum_days: 90
    overhead_kb: 32
    overhead_standard_kb: 8
    gets_per_1000: 0.0004
    transitions_per_1000: 0.03
    restores:
      Expedited:
        minutes_at_most: 5
        refusable: true
        gb: 0.03
        per_1000: 10
      Standard:
        minutes_at_most: 300
        gb: 0.01
        per_1000: 0.05
genesys_gb_month: 0.25
"""

STRICT = ClassPromise(retrieval_promise_hours=4, retained_years=7, lock_mode=LockMode.COMPLIANCE)
LENIENT = ClassPromise(retrieval_promise_hours=4, retained_years=3, lock_mode=LockMode.GOVERNANCE)


def shipped() -> Tiers:
    """The tiers that Strongroom comes with."""
    return load_tiers(SHIPPED)


def written(folder: Path, text: str) -> Path:
    """A tiers file with this text."""
    path = folder / "tiers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def shipped_but(folder: Path, old: str, new: str) -> Tiers:
    """The shipped tiers with one passage replaced."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    return load_tiers(written(folder, text.replace(old, new, 1)))
