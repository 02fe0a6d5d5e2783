"""What a form of filters was sent with: days and ids in words' form, and what is wrong with them, by field."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

_LONGEST = 500


class Given:
    """The fields of one query string. What is blank was not given; what can't be read is in `errors`, by field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {name: value.strip()[:_LONGEST] for name, value in fields.items() if value.strip()}
        self.errors: dict[str, str] = {}

    def text(self, name: str) -> str | None:
        """A field as it was written; a NUL is nothing that anybody searches for."""
        return self._fields.get(name, "").replace("\0", "") or None

    def day(self, name: str) -> date | None:
        """A UTC day."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.errors[name] = "Not a day: write it as 2026-03-10."
            return None

    def id(self, name: str) -> UUID | None:
        """A conversation's id."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return UUID(value)
        except ValueError:
            self.errors[name] = "No conversation id: 32 digits and letters from a to f."
            return None

    def one_of(self, name: str, allowed: Mapping[str, object]) -> str | None:
        """A choice; another value is as if none had been made."""
        value = self.text(name)
        return value if value in allowed else None

    def path(self, base: str, **changed: str | None) -> str:
        """The same query with some fields changed, None removes one."""
        fields = {name: value for name, value in (self._fields | changed).items() if value}
        return f"{base}?{urlencode(fields)}" if fields else base
