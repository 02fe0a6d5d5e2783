"""What a bench leaves behind: the machine, the versions, the raw numbers, and the goals they are held against."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from embedded.fleet import REPOSITORY
from strongroom.times import format_instant, utc_now

_FOLDER = REPOSITORY / "var" / "bench"
_PACKAGES = ("boto3", "celery", "moto", "requests", "sqlalchemy")


@dataclass(frozen=True)
class Goal:
    """A bound a figure is held against."""

    name: str
    value: float
    bound: float
    op: Literal["<=", ">="]

    @property
    def holds(self) -> bool:
        """Whether the figure keeps to its bound."""
        return self.value <= self.bound if self.op == "<=" else self.value >= self.bound


def write_report(name: str, raw: dict[str, Any], goals: list[Goal]) -> Path:
    """Write a bench's report, and return where it is."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    path = _FOLDER / f"{name}.json"
    report = {
        "bench": name,
        "at": format_instant(utc_now()),
        **machine(),
        "raw": raw,
        "goals": [asdict(goal) | {"holds": goal.holds} for goal in goals],
    }
    path.write_text(json.dumps(report, indent=2) + "\n")
    return path


def machine() -> dict[str, Any]:
    """The machine it ran on, and the versions that its figures depend on."""
    return {
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        },
        "versions": {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES},
    }
