"""The script of the allowance at times of a test's own: everything but the clock is the real thing."""

from dataclasses import dataclass

import redis

from strongroom.genesys.allowance import SCRIPT

WINDOW_MS = 60_000
LOST_AFTER_MS = 10_000

GO, RESERVED, NO_ROOM = 1, 0, -1


@dataclass
class AllowanceAt:
    """One client's allowance; `now_ms` is what Redis takes for the time."""

    server: redis.Redis
    per_window: int = 20
    share: float = 0.2
    now_ms: int = 1_800_000_000_123
    key: str = "allowance-at"

    def __post_init__(self) -> None:
        scripted = SCRIPT.replace("redis.call('TIME')", "{0, ARGV[#ARGV] * 1000}")
        assert scripted != SCRIPT
        self._script = self.server.register_script(scripted)

    def ask(self, command: str, *arguments: str | int, background: bool = False) -> list[int]:
        common = [command, self.per_window, self.share if background else 0, WINDOW_MS, LOST_AFTER_MS]
        answer = self._script(keys=[self.key], args=[*common, *arguments, self.now_ms])
        return answer if isinstance(answer, list) else []

    def take(self, request: str, longest_ms: int = 5_000, background: bool = False) -> tuple[int, int]:
        outcome, wait_ms = self.ask("take", request, longest_ms, background=background)
        return outcome, wait_ms

    def told(
        self,
        request: str,
        count: int = -1,
        allowed: int = 0,
        reset_ms: int = 0,
        retry_after_ms: int = 0,
        answered: bool = True,
    ) -> None:
        self.ask("told", request, int(answered), allowed, count, reset_ms, retry_after_ms)

    def room(self) -> int:
        return self.ask("room")[0]

    def fields(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.server.hgetall(self.key).items()}
