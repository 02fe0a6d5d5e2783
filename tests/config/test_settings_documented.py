"""docs/settings.md names every setting, its default, and nothing that is none; its examples are accepted."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from settings_material import environment

from config.environment import load_settings
from config.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(
    r"^\| `STRONGROOM_(?P<name>[A-Z0-9_]+)` \| .+ \| (?P<default>.*) \| `(?P<example>[^`]+)` \|$", re.MULTILINE
)
ROWS = {row["name"].lower(): row for row in ROW.finditer(DOCUMENT.read_text(encoding="utf-8"))}


def told(field: FieldInfo) -> str:
    """A default as the document writes it."""
    default: Any = field.default
    if field.is_required():
        return "needed"
    if default is None:
        return "none"
    if isinstance(default, bool):
        return "`true`" if default else "`false`"
    if isinstance(default, Path):
        default = default.relative_to(Path(__file__).parents[2]) if default.is_absolute() else default
    return f"`{default:%H:%M}`" if hasattr(default, "hour") else f"`{default}`"


def test_every_setting_is_explained_and_no_other() -> None:
    assert set(ROWS) == set(Settings.model_fields)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_its_default_is_the_one_told(name: str) -> None:
    assert ROWS[name]["default"] == told(Settings.model_fields[name])


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_its_example_is_accepted(name: str) -> None:
    load_settings(environment(**{name.upper(): ROWS[name]["example"]}))


def test_no_other_variable_is_mentioned_as_if_it_were_one() -> None:
    mentioned = set(re.findall(r"STRONGROOM_([A-Z0-9_]+)", DOCUMENT.read_text(encoding="utf-8")))
    known = {name.upper() for name in Settings.model_fields} | {"SETTINGS_FILE", "DATABASE_URL_FILE"}
    assert mentioned <= known
