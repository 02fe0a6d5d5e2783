"""Reading the settings: from the environment, from files of secrets, and from one file of `NAME=value` lines.

The order: the environment wins over `STRONGROOM_SETTINGS_FILE`; `STRONGROOM_X_FILE` gives the content of a file as
`STRONGROOM_X`, for secrets that must not be in an environment.
"""

from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic import ValidationError

from config.settings import Settings

_PREFIX = "STRONGROOM_"
_SETTINGS_FILE = "STRONGROOM_SETTINGS_FILE"
_NOT_SETTINGS = {_SETTINGS_FILE}


class SettingsInvalid(ValueError):
    """One or more settings can't be used. The text is one line; it names settings and never shows a value."""

    exit_code = 2

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more: {'; '.join(faults[1:])})" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings at once. Raises SettingsInvalid with everything that is wrong."""
    given: dict[str, str] = {}
    origin: dict[str, str] = {}
    settings_file = environ.get(_SETTINGS_FILE)
    if settings_file:
        for name, value, line in _lines(Path(settings_file)):
            given[name], origin[name] = value, f"{settings_file} line {line}"
    for name, value in environ.items():
        if name.startswith(_PREFIX) and name not in _NOT_SETTINGS:
            given[name], origin[name] = value, "environment"
    faults: list[str] = []
    values: dict[str, str] = {}
    for name, value in given.items():
        field, text = _resolve(name, value, given, origin[name], faults)
        if field not in Settings.model_fields:
            faults.append(f"{name} ({origin[name]}) is no setting of Strongroom's: correct or remove it")
        else:
            values[field] = text
            origin.setdefault(_variable(field), origin[name])
    # an empty value is what `NAME=` leaves behind: as good as not given
    present = {field: text for field, text in values.items() if text.strip()}
    try:
        settings = Settings.model_validate(present)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            variable = _variable(str(fault["loc"][0]))
            if fault["type"] == "missing":
                faults.append(f"{variable} is not set: it is needed (see docs/settings.md)")
            else:
                faults.append(f"{variable} ({origin.get(variable, 'environment')}): {fault['msg']}")
        raise SettingsInvalid(faults) from None
    if faults:
        raise SettingsInvalid(faults)
    return settings


def _variable(field: str) -> str:
    return _PREFIX + field.upper()


def _resolve(name: str, value: str, given: Mapping[str, str], origin: str, faults: list[str]) -> tuple[str, str]:
    """The field a variable sets, and its value; the content of the file where the variable ends in _FILE."""
    field = name.removeprefix(_PREFIX).lower()
    if field in Settings.model_fields or not field.endswith("_file"):
        return field, value
    secret = field.removesuffix("_file")
    if secret not in Settings.model_fields:
        return field, value
    if _variable(secret) in given:
        faults.append(f"{name} ({origin}) and {_variable(secret)} are both set: remove one")
    try:
        return secret, Path(value).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        faults.append(f"{name} ({origin}): the file can't be read: {reason}")
        return secret, ""


def _lines(path: Path) -> list[tuple[str, str, int]]:
    """The settings of a file in dotenv form, each with its line."""
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsInvalid([f"{_SETTINGS_FILE}: {path} can't be read: {reason}"]) from error
    settings: list[tuple[str, str, int]] = []
    seen: dict[str, int] = {}
    faults: list[str] = []
    for binding in bindings:
        line = binding.original.line
        if binding.error or (binding.key is not None and binding.value is None):
            faults.append(f"{path} line {line}: not of the form NAME=value")
        elif binding.key is not None and binding.value is not None:
            if binding.key in seen:
                faults.append(f"{path} line {line}: {binding.key} was set on line {seen[binding.key]} already")
            seen[binding.key] = line
            if not binding.key.startswith(_PREFIX):
                faults.append(f"{path} line {line}: {binding.key} does not begin with {_PREFIX}")
            else:
                settings.append((binding.key, binding.value, line))
    if faults:
        raise SettingsInvalid(faults)
    return settings
