"""The simulated Genesys Cloud (`python -m simulator`) as a child process, and its control surface."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from embedded.processes import Child, start

Option = str | int | float | date
_TIMEOUT_S = 600  # the truth of a large day is hashed before it is answered


@dataclass(frozen=True)
class Simulator:
    """A running simulator; `url` is both API and login."""

    child: Child
    url: str
    clients: int

    @property
    def genesys_clients(self) -> str:
        """Its OAuth clients in the form of `STRONGROOM_GENESYS_CLIENTS`."""
        return ",".join(f"client-{number}:secret-{number}" for number in range(1, self.clients + 1))

    def faults(self, **faults: float | bool) -> Any:
        """Set fault rates and switches; answers all of them as they are now."""
        return self._ask("POST", "faults", faults)

    def truth(self, day: date) -> Any:
        """Everything that ended on a UTC day, with every byte sequence that may rightly be archived."""
        return self._ask("GET", f"truth?day={day.isoformat()}")

    def stats(self) -> Any:
        """Requests by endpoint and status, by client, and media served."""
        return self._ask("GET", "stats")

    def limits(self) -> dict[str, dict[str, Any]]:
        """What each OAuth client asked: in its `windows`, at `most` in any span as long, and how often `refused`."""
        counted: dict[str, dict[str, Any]] = self._ask("GET", "limits")
        return counted

    def clock(self, *, advance_s: float | None = None, now: datetime | None = None) -> Any:
        """Move its clock by seconds or to an instant; with neither, ask what time it is there."""
        if advance_s is not None:
            return self._ask("POST", "clock", {"advance_s": advance_s})
        if now is not None:
            return self._ask("POST", "clock", {"now": now.isoformat()})
        return self._ask("GET", "clock")

    def script(self, conversations: list[dict[str, object]]) -> list[str]:
        """Play exactly these conversations instead of the generated ones; their ids, in the same order."""
        ids: list[str] = self._ask("POST", "script", {"conversations": conversations})["conversationIds"]
        return ids

    def awkward(self, day: date) -> dict[str, list[str]]:
        """Which conversations of a UTC day show which awkwardness."""
        found: dict[str, list[str]] = self._ask("GET", f"awkward?day={day.isoformat()}")
        return found

    def wrap_up(self, conversation_id: str, code: str | None) -> Any:
        """Have a conversation's wrap-up code be another since; None: as it was."""
        return self._ask("POST", "wrap-up", {"conversationId": conversation_id, "wrapUpCode": code})

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        with requests.Session() as session:
            session.trust_env = False  # no proxy between us and 127.0.0.1
            answer = session.request(method, f"{self.url}/_sim/{path}", json=body, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_simulator(
    log: Path,
    *,
    conversations: int,
    day: date,
    days: int = 1,
    seed: int = 1,
    clients: int = 1,
    faults: Mapping[str, float | bool] | None = None,
    outcomes: Mapping[str, float] | None = None,
    **options: Option,
) -> Iterator[Simulator]:
    """Run a simulator that plays so many `days` from `day` on, with `conversations` each.

    Further options are those of its command line (`late_s=3` is `--late-s 3`).

    `faults` are rates or switches, `outcomes` shares of recordings, by name. It is stopped on leaving.

    Raises NotStarted.
    """
    log.unlink(missing_ok=True)  # else its address would be read from an earlier run
    arguments = ["--port", "0"]
    for number in range(days):
        arguments += ["--day", (day + timedelta(days=number)).isoformat()]
    named = {"conversations": conversations, "seed": seed, "clients": clients, **options}
    for name, value in named.items():
        arguments += [f"--{name.replace('_', '-')}", str(value)]
    for option, shares in (("--fault", faults), ("--outcome", outcomes)):
        for name, share in (shares or {}).items():
            arguments += [option, f"{name}={share}"]
    child = start("the simulator", [sys.executable, "-m", "simulator", *arguments], log=log)
    try:
        yield Simulator(child, child.wait_until(lambda: _address(child), timeout_s=60), clients)
    finally:
        child.stop()


def _address(child: Child) -> str | None:
    for line in child.log_text().splitlines():
        with suppress(json.JSONDecodeError):
            announced = json.loads(line)
            if isinstance(announced, dict) and "url" in announced:
                return str(announced["url"])
    return None
