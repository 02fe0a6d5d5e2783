"""The sign-in's throttle: by name and by address, over processes, and no way around it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from desk_material import PASSWORD, DeskUnderTest, StartDesk
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from strongroom.ledger.sign_in_throttle import FORGOTTEN_AFTER, LONGEST_PAUSE, count_attempt, forgive, pause_after
from strongroom.legal.people import FREE_FAILURES_OF_A_NAME as OF_A_NAME
from strongroom.legal.people import FREE_FAILURES_OF_AN_ADDRESS as OF_AN_ADDRESS
from strongroom.legal.people import _network


def _let_pass(desk: DeskUnderTest, time: timedelta) -> None:
    with desk.house.engine.begin() as connection:
        connection.execute(
            text("UPDATE sign_in_failures SET last_at = last_at - :time, blocked_until = blocked_until - :time"),
            {"time": time},
        )


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_pauses_grow_from_nothing_to_the_longest(failures: int, free: int) -> None:
    pause = pause_after(failures, free)
    assert timedelta(0) <= pause <= LONGEST_PAUSE < FORGOTTEN_AFTER
    assert (pause > timedelta(0)) == (failures >= free)
    assert pause_after(failures + 1, free) >= pause


@given(st.lists(st.integers(0, 2_000), max_size=60), st.integers(1, 10))
def test_whoever_keeps_trying_tries_no_more_often_than_the_pauses_allow(gaps_s: list[int], free: int) -> None:
    """As count_attempt has it: what comes too early counts for nothing, so no pause is longer than the longest."""
    now = blocked_until = failures = tried = 0
    for gap in gaps_s:
        now += gap
        if now < blocked_until:
            continue
        tried += 1
        failures += 1
        blocked_until = now + round(pause_after(failures, free).total_seconds())
        assert blocked_until - now <= LONGEST_PAUSE.total_seconds()
    assert tried <= free + max(0, now) // 2 + 1


def test_after_some_failures_even_the_right_password_waits(desk: DeskUnderTest) -> None:
    desk.add_user("anne", "analyst")
    for _ in range(OF_A_NAME):
        assert desk.browser().sign_in("anne", "wrong").status_code == 403
    response = desk.browser("198.51.100.7").sign_in("ANNE")  # from anywhere, however it is spelt
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
    assert "too many attempts" in response.text
    _let_pass(desk, timedelta(seconds=2))
    assert desk.browser().sign_in("anne").status_code == 303
    # and it was forgiven
    assert desk.browser().sign_in("anne", "wrong").status_code == 403


def test_an_unknown_name_is_throttled_like_any_other(desk: DeskUnderTest) -> None:
    for _ in range(OF_A_NAME):
        assert desk.browser().sign_in("nobody", "wrong").status_code == 403
    assert desk.browser().sign_in("nobody", "wrong").status_code == 429
    # what was typed as a name may be a password: it is nowhere
    with desk.house.engine.begin() as connection:
        assert "nobody" not in str(connection.execute(text("SELECT * FROM sign_in_failures")).all())


def test_an_address_that_tries_many_names_waits_and_others_do_not(desk: DeskUnderTest) -> None:
    desk.add_user("anne", "analyst")
    for number in range(OF_AN_ADDRESS):
        assert desk.browser("203.0.113.5").sign_in(f"name-{number}", "wrong").status_code == 403
    assert desk.browser("203.0.113.5").sign_in("anne").status_code == 429
    assert desk.browser("203.0.113.6").sign_in("anne").status_code == 303


def test_a_password_of_ones_own_frees_no_address(desk: DeskUnderTest) -> None:
    engine = desk.house.engine
    subjects = {"name own": OF_A_NAME, "address a": 3}
    for number in range(3):
        assert count_attempt(engine, {f"name {number}": OF_A_NAME, "address a": 3}) == timedelta(0)
        if number < 2:
            assert count_attempt(engine, subjects) == timedelta(0)
            forgive(engine, "name own", "address a")
            _let_pass(desk, timedelta(seconds=5))
    assert count_attempt(engine, subjects) > timedelta(0)


def test_trying_while_one_must_wait_makes_the_wait_no_longer(desk: DeskUnderTest) -> None:
    engine = desk.house.engine
    for _ in range(OF_A_NAME):
        count_attempt(engine, {"name x": OF_A_NAME})
    first = count_attempt(engine, {"name x": OF_A_NAME})
    for _ in range(20):
        assert timedelta(0) < count_attempt(engine, {"name x": OF_A_NAME}) <= first


def test_failures_are_forgotten_in_time(desk: DeskUnderTest) -> None:
    for _ in range(OF_A_NAME):
        desk.browser().sign_in("anne", "wrong")
    _let_pass(desk, FORGOTTEN_AFTER + timedelta(seconds=1))
    for _ in range(OF_A_NAME):
        assert desk.browser().sign_in("anne", "wrong").status_code == 403


def test_many_at_once_over_two_processes_are_so_many(start_desk: StartDesk) -> None:
    desks = [start_desk(), start_desk()]
    desks[0].add_user("anne", "analyst")

    def attempt(number: int) -> int:
        return desks[number % 2].browser(f"192.0.2.{number}").sign_in("anne", "wrong").status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(attempt, range(24)))
    assert answers.count(403) == OF_A_NAME
    assert answers.count(429) == 24 - OF_A_NAME
    assert desks[1].browser().sign_in("anne", PASSWORD).status_code == 429


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "unknown", True),
    ],
)
def test_an_ipv6_attacker_has_a_whole_network(one: str, other: str, same: bool) -> None:
    assert (_network(one) == _network(other)) == same
