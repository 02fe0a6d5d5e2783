"""A clock that jumps instead of waiting."""


class JumpingClock:
    """Stands in for `time`: sleeping takes no time, and is remembered."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
