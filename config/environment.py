"""Reading the settings: from the environment, from files of secrets, and from one file of `NAME=value` lines.

The order: the environment wins over `STRONGROOM_SETTINGS_FILE`; `STRONGROOM_X_FILE` gives the content of a file as
`STRONGROOM_X`, for secrets that must not be in an environment. Explained in docs/settings.md.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.settings import Settings

_PREFIX = "STRONGROOM_"
_SETTINGS_FILE = "STRONGROOM_SETTINGS_FILE"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_IN_WORDS = {
    "missing": "is needed and not set",
    "string_unicode": "must be UTF-8 text",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be true or false",
    "date_from_datetime_parsing": "must be a day that exists, as YYYY-MM-DD",
    "time_parsing": "must be a time of day that exists, as HH:MM",
    "greater_than": "must be more than {gt:.0f}",
    "greater_than_equal": "must be at least {ge:.0f}",
    "less_than_equal": "must be at most {le:.0f}",
    "literal_error": "must be one of {expected}",
    "value_error": "{error}",
}
"""Pydantic's error types as an operator reads them; the bounds and texts in braces are from the type's context."""


class SettingsInvalid(ValueError):
    """One or more settings can't be used. The text is one line; it names settings and never shows a value."""

    exit_code = 2

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more: {'; '.join(faults[1:])})" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")


class _Given(NamedTuple):
    """A value and where it is from: `where` names the variable, and the line where it is on one."""

    text: str
    where: str


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings at once. Raises SettingsInvalid with everything that is wrong."""
    given = _from_file(Path(environ[_SETTINGS_FILE])) if environ.get(_SETTINGS_FILE) else {}
    given |= {
        name: _Given(text, f"{name} (environment)")
        for name, text in environ.items()
        if name.startswith(_PREFIX) and name != _SETTINGS_FILE
    }
    faults: dict[str, str] = {}
    values: dict[str, _Given] = {}
    for name, one in given.items():
        field = name.removeprefix(_PREFIX).lower()
        secret = field.removesuffix("_file")
        if name == _variable(field) and field in Settings.model_fields:
            values[field] = one
        elif name != _variable(field) or secret not in Settings.model_fields:
            faults[name] = f"{one.where} is no setting of Strongroom's: correct or remove it"
        elif _variable(secret) in given:
            faults[secret] = f"{one.where} and {given[_variable(secret)].where} are both set: remove one"
        else:
            try:
                values[secret] = _Given(Path(one.text).read_text(encoding="utf-8").strip(), one.where)
            except (OSError, UnicodeDecodeError) as error:
                faults[secret] = f"{one.where}: the file can't be read: {_reason(error)}"
    # an empty value is what `NAME=` leaves behind: as good as not given
    present = {field: one.text for field, one in values.items() if one.text.strip()}
    try:
        settings = Settings.model_validate(present)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            field = str(fault["loc"][0])
            where = values[field].where if field in present else _variable(field)
            faults.setdefault(field, f"{where}: {_in_words(fault)}")
        raise SettingsInvalid(list(faults.values())) from None
    if faults:
        raise SettingsInvalid(list(faults.values()))
    return settings


def _variable(field: str) -> str:
    return _PREFIX + field.upper()


def _in_words(fault: ErrorDetails) -> str:
    words = _IN_WORDS.get(fault["type"])
    return fault["msg"] if words is None else words.format(**fault.get("ctx", {}))


def _from_file(path: Path) -> dict[str, _Given]:
    """The settings of a file in dotenv form, each with its line. Raises SettingsInvalid."""
    try:
        # Windows editors put a byte order mark first
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid([f"{_SETTINGS_FILE}: {path} can't be read: {_reason(error)}"]) from error
    given: dict[str, _Given] = {}
    lines: dict[str, int] = {}
    faults: list[str] = []
    for binding in bindings:
        # a binding begins with the blank lines before it
        text = binding.original.string
        line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
        where = f"{path} line {line}"
        if binding.key is None and not binding.error:
            continue
        # what is no name may be a piece of a secret: not repeated
        if binding.error or binding.key is None or binding.value is None or not _NAME.fullmatch(binding.key):
            faults.append(f"{where}: not of the form NAME=value")
        elif binding.key in lines:
            faults.append(f"{where}: {binding.key} was set on line {lines[binding.key]} already")
        elif not binding.key.startswith(_PREFIX):
            faults.append(f"{where}: {binding.key} does not begin with {_PREFIX}")
        elif binding.key == _SETTINGS_FILE:
            faults.append(f"{where}: {binding.key} can only be set in the environment")
        else:
            lines[binding.key] = line
            given[binding.key] = _Given(binding.value, f"{binding.key} ({where})")
    if faults:
        raise SettingsInvalid(faults)
    return given


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "unreadable") if isinstance(error, OSError) else "not UTF-8 text"
