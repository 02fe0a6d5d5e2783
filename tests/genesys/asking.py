"""A process that asks the simulator as fast as its allowance lets it: `python asking.py SIMULATOR REDIS WHAT…`."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from strongroom.genesys.allowance import Allowances, Rate, connect
from strongroom.genesys.client import GenesysClient
from strongroom.genesys.errors import RateLimited

WINDOW_S = 6
"""As `--rate-window-s` of the simulator: ten times as fast as the real one."""
PATH = "/api/v2/organizations/me"


def allowances(redis_url: str, api_url: str, per_window: int) -> Allowances:
    """The fleet's, as every process of it has them."""
    rate = Rate(per_window, priority_share=0.2, lost_after_s=3, window_s=WINDOW_S)
    return Allowances(connect(redis_url, connect_timeout_s=2), api_url, rate)


def client_of(
    url: str, book: Allowances | None, *, name: str = "client-1", room_s: float = 0, patience_s: float = 20
) -> GenesysClient:
    """A client of the simulator's, counted in the book."""
    return GenesysClient(
        url,
        url,
        name,
        name.replace("client", "secret"),
        connect_timeout_s=2,
        read_timeout_s=10,
        patience_s=patience_s,
        room_s=room_s,
        allowance=book and book.of(name),
    )


def ask_until_no_room(client: GenesysClient, most: int = 1_000) -> int:
    """How many requests were answered before one was put off."""
    for number in range(most):
        try:
            client.get(PATH)
        except RateLimited:
            return number
    return most


def start(url: str, redis_url: str, per_window: int, seconds: float, threads: int) -> subprocess.Popen[bytes]:
    """A process of its own that asks for so long, in so many threads."""
    arguments = [url, redis_url, str(per_window), str(seconds), str(threads)]
    return subprocess.Popen([sys.executable, str(Path(__file__)), *arguments])


def main(url: str, redis_url: str, per_window: str, seconds: str, threads: str) -> None:
    client = client_of(url, allowances(redis_url, url, int(per_window)), room_s=60, patience_s=60)
    until = time.monotonic() + float(seconds)

    def ask() -> None:
        while time.monotonic() < until:
            client.get(PATH)

    asking = [threading.Thread(target=ask) for _ in range(int(threads))]
    for one in asking:
        one.start()
    for one in asking:
        one.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
