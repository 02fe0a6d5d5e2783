"""What the script of the allowance promises, against a vendor that counts in fixed windows of its own phase."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import redis
from allowance_at import GO, NO_ROOM, RESERVED, WINDOW_MS, AllowanceAt
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.redis import RedisServer

ALLOWED = 20
DELAYS_MS = (1, 50, 200, 200, 200, 3_000, 9_000)
WORKERS = 4
"""As many as may be under way unknown when Redis forgets: a fifth of the allowance."""


@pytest.fixture
def at(redis_server: RedisServer, redis_url: str) -> AllowanceAt:
    return AllowanceAt(redis.Redis(port=redis_server.port))


class Vendor:
    """Genesys's own count."""

    def __init__(self, phase_ms: int) -> None:
        self.phase_ms = phase_ms
        self.counts: Counter[int] = Counter()

    def arrives(self, now_ms: int) -> tuple[int, int]:
        """Count a request; the count of its window, and for how many ms it lasts yet."""
        window, elapsed_ms = divmod(now_ms - self.phase_ms, WINDOW_MS)
        self.counts[window] += 1
        return self.counts[window], WINDOW_MS - elapsed_ms


@dataclass
class Fleet:
    """Workers that ask as fast as they may; between grant, arrival and answer anything may pass, and Redis forgets."""

    at: AllowanceAt
    vendor: Vendor
    chance: random.Random
    events: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, duration_ms: int, forgets_ms: list[int]) -> None:
        until_ms = self.at.now_ms + duration_ms
        for ms in forgets_ms:
            self._in(ms, self.at.server.flushall)
        for worker in range(WORKERS):
            self._in(0, lambda worker=worker: self._take(worker, self._new()))
        while self.events[0][0] < until_ms:
            self.at.now_ms, _, happen = heapq.heappop(self.events)
            happen()

    def _new(self) -> str:
        return f"r{next(self.numbers)}"

    def _in(self, ms: int, happen: Callable[[], object]) -> None:
        heapq.heappush(self.events, (self.at.now_ms + ms, next(self.numbers), happen))

    def _take(self, worker: int, request: str) -> None:
        outcome, wait_ms = self.at.take(request, background=worker == 0)
        if outcome == GO:
            self._in(self.chance.choice(DELAYS_MS), lambda: self._arrive(worker, request))
            return
        assert wait_ms > 0
        assert outcome == NO_ROOM or wait_ms <= 5_000
        self._in(min(wait_ms, 5_000), lambda: self._take(worker, request))

    def _arrive(self, worker: int, request: str) -> None:
        fate = self.chance.random()
        if fate < 0.03:  # it never got there
            self.at.told(request, answered=False)
            self._take(worker, self._new())
            return
        count, reset_ms = self.vendor.arrives(self.at.now_ms)
        assert count <= ALLOWED
        if fate < 0.06:  # the worker is killed, and another starts
            self._in(200, lambda: self._take(worker, self._new()))
            return
        self._in(self.chance.choice(DELAYS_MS), lambda: self._tell(worker, request, count, reset_ms))

    def _tell(self, worker: int, request: str, count: int, reset_ms: int) -> None:
        self.at.told(request, count, ALLOWED, reset_ms)
        self._take(worker, self._new())


@settings(max_examples=60)
@given(
    phase_ms=st.integers(0, WINDOW_MS - 1),
    seed=st.integers(0, 2**32),
    forgets_ms=st.lists(st.integers(0, 4 * WINDOW_MS), max_size=4),
)
def test_no_window_of_the_vendors_has_more_than_the_allowance_whatever_happens(
    redis_server: RedisServer, phase_ms: int, seed: int, forgets_ms: list[int]
) -> None:
    with redis.Redis(port=redis_server.port) as server:
        server.flushall()
        vendor = Vendor(phase_ms)
        Fleet(AllowanceAt(server, ALLOWED), vendor, random.Random(seed)).run(5 * WINDOW_MS, forgets_ms)
    if not forgets_ms:
        assert sum(vendor.counts.values()) >= 3 * ALLOWED


def used_for(at: AllowanceAt, duration_ms: int, *, background: bool = False, workers: int = 4) -> Counter[int]:
    """Ask as fast as may be, a request answered in 200 ms; how many were sent in each window."""
    vendor = Vendor(at.now_ms)
    names = (f"u{number}" for number in itertools.count())
    waiting: set[str] = set()
    until_ms = at.now_ms + duration_ms
    while at.now_ms < until_ms:
        waiting |= {next(names) for _ in range(workers - len(waiting))}
        sent = [one for one in sorted(waiting) if at.take(one, background=background)[0] == GO]
        at.now_ms += 200
        for request in sent:
            waiting.remove(request)
            count, reset_ms = vendor.arrives(at.now_ms)
            at.told(request, count, at.per_window, reset_ms)
    return vendor.counts


def learn(at: AllowanceAt, count: int = 1, allowed: int | None = None, reset_ms: int = 60_000) -> None:
    """A first request, which tells how things are; and a second when all of before must have arrived."""
    for request in ("first", "second"):
        assert at.take(request) == (GO, 0)
        at.told(request, count, allowed or at.per_window, reset_ms)
        at.now_ms += 16_000


def test_the_allowance_is_used_evenly_and_nearly_all_of_it(at: AllowanceAt) -> None:
    at.per_window = 300
    counts = used_for(at, 6 * WINDOW_MS)
    assert all(280 <= counts[window] <= 300 for window in range(1, 6))


def test_the_background_leaves_the_priority_share(at: AllowanceAt) -> None:
    at.per_window = 300
    counts = used_for(at, 6 * WINDOW_MS, background=True)
    assert all(220 <= counts[window] <= 240 for window in range(1, 6))
    assert at.take("urgent") == (GO, 0)


def test_one_request_is_sent_to_be_told_and_the_others_wait_for_it(at: AllowanceAt) -> None:
    at.per_window = 300
    assert at.take("probe") == (GO, 0)
    outcome, wait_ms = at.take("other")
    assert (outcome, wait_ms) == (RESERVED, 100)
    at.told("probe", 1, 300, 60_000)
    assert at.take("other") == (GO, 0)


def test_a_fresh_install_is_not_kept_waiting_for_a_minute(at: AllowanceAt) -> None:
    at.per_window = 300
    assert at.take("probe") == (GO, 0)
    at.told("probe", 1, 300, 60_000)
    assert all(at.take(f"r{number}")[0] == GO for number in range(10))


def test_a_probe_of_which_nothing_is_heard_is_followed_by_another(at: AllowanceAt) -> None:
    at.take("lost")
    at.now_ms += 4_000
    assert at.take("other")[0] == RESERVED
    at.now_ms += 1_000
    assert at.take("other") == (GO, 0)


def test_a_probe_that_found_nobody_is_followed_at_once(at: AllowanceAt) -> None:
    at.take("unanswered")
    at.told("unanswered", answered=False)
    assert at.take("other") == (GO, 0)


def test_what_was_sent_before_redis_forgot_does_not_tell_how_things_are(at: AllowanceAt) -> None:
    """Its answer may be older than what others were granted since."""
    learn(at)
    at.take("before")
    at.server.flushall()
    at.told("before", 3, 20, 60_000)
    assert at.take("probe") == (GO, 0)
    assert at.take("other") == (RESERVED, 100)


@pytest.mark.parametrize(("count", "outcome"), [(15, GO), (16, NO_ROOM)])
def test_a_fifth_stays_free_for_what_may_be_under_way_unknown(at: AllowanceAt, count: int, outcome: int) -> None:
    at.take("probe")
    at.told("probe", count, 20, 60_000)
    at.now_ms += 4_000  # the pace
    assert at.take("other")[0] == outcome


def test_what_was_used_before_redis_forgot_counts_until_the_vendors_window_ends(at: AllowanceAt) -> None:
    at.take("probe")
    at.told("probe", 20, 20, 5_000)
    at.now_ms += 4_000  # the pace
    outcome, wait_ms = at.take("other")
    assert outcome == NO_ROOM
    assert 1_000 <= wait_ms <= 11_000
    at.now_ms += wait_ms
    assert at.take("other") == (GO, 0)


def test_a_vendor_that_never_tells_is_believed_a_tenth_at_first(at: AllowanceAt) -> None:
    at.per_window = 300
    at.take("probe")
    at.told("probe")
    sent = [at.take(f"r{number}", longest_ms=0)[0] for number in range(60)]
    assert 10 <= sent.count(GO) <= 30


@pytest.mark.parametrize("reset_ms", [60_000, 0])
def test_who_else_uses_the_client_is_counted(at: AllowanceAt, reset_ms: int) -> None:
    learn(at)
    assert at.take("a") == (GO, 0)
    at.told("a", 18, 20, reset_ms)
    outcomes = []
    for number in range(4):
        at.now_ms += 4_000  # the pace
        outcomes.append(at.take(f"r{number}", longest_ms=0)[0])
    assert outcomes == [GO, GO, NO_ROOM, NO_ROOM]


def test_a_lowered_limit_is_followed_and_a_raised_one(at: AllowanceAt) -> None:
    at.per_window = 300
    learn(at)
    at.take("a")
    at.told("a", 3, 10, 60_000)
    assert sum(used_for_one(at, number) for number in range(40)) <= 7
    at.now_ms += WINDOW_MS * 2
    learn(at, allowed=600)
    at.per_window = 600
    assert used_for(at, 2 * WINDOW_MS, workers=6)[1] > 500


def used_for_one(at: AllowanceAt, number: int) -> bool:
    at.now_ms += 100
    return at.take(f"one-{number}", longest_ms=0)[0] == GO


def test_retry_after_holds_for_all_even_for_those_with_a_place_in_the_row(at: AllowanceAt) -> None:
    learn(at)
    assert at.take("refused") == (GO, 0)
    outcome, wait_ms = at.take("in the row")
    assert outcome == RESERVED
    at.told("refused", 20, 20, 30_000, retry_after_ms=30_000)
    at.now_ms += wait_ms
    outcome, wait_ms = at.take("in the row")
    assert outcome == NO_ROOM
    assert wait_ms >= 30_000 - 5_000
    at.now_ms += wait_ms - 1_000
    assert at.take("another", longest_ms=0)[0] == NO_ROOM


def test_a_long_retry_after_is_remembered_though_nobody_asks(at: AllowanceAt) -> None:
    learn(at)
    at.told("refused", retry_after_ms=3_600_000)
    at.now_ms += 3_000_000
    assert at.take("other") == (NO_ROOM, 600_000)
    assert at.room() == -600_000


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
def test_a_clock_that_jumps_means_that_nothing_is_known(at: AllowanceAt, step_ms: int) -> None:
    used_for(at, WINDOW_MS)
    at.now_ms += step_ms
    assert at.take("probe") == (GO, 0)
    assert at.take("other")[0] == RESERVED


def test_what_another_server_wrote_means_that_nothing_is_known(at: AllowanceAt) -> None:
    """A server that was restarted may have read an old snapshot; a replica may lack the last seconds."""
    used_for(at, WINDOW_MS)
    at.server.hset(at.key, "run", "another")
    assert at.take("probe") == (GO, 0)
    assert at.take("other")[0] == RESERVED


def test_a_request_of_which_nothing_is_heard_counts_until_it_must_be_lost(at: AllowanceAt) -> None:
    at.per_window = 1
    assert at.take("killed") == (GO, 0)
    at.told("killed", 1, 1, 60_000)
    at.now_ms += 61_500
    assert at.take("also killed") == (GO, 0)
    at.now_ms += 15_000
    assert at.take("other", longest_ms=0)[0] in {GO, NO_ROOM}


def test_memory_does_not_grow_with_what_is_asked(at: AllowanceAt) -> None:
    at.per_window = 1_500
    used_for(at, 2 * WINDOW_MS, workers=6)
    assert len(at.fields()) < 90
    assert 0 < at.server.pttl(at.key) <= 200_000


def test_room_prefers_who_has_more(at: AllowanceAt) -> None:
    learn(at)
    before = at.room()
    at.take("a")
    assert at.room() < before
