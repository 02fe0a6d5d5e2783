"""What follows from an error: bounded waits, and a person only where no retry can help."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import Misconfigured, StrongroomError, Unreachable
from strongroom.genesys.errors import (
    CredentialsRefused,
    GenesysUnavailable,
    GenesysUnreachable,
    LinkExpired,
    MediaDamaged,
    NotReady,
    RateLimited,
)
from strongroom.ledger.engine import LedgerUnreachable
from strongroom.pipeline.failures import LEAST_ATTEMPTS, Retry, Review, Unexpected, backoff_s, given_up, verdict
from strongroom.vault.errors import NotLocked, VaultConflict, VaultRefused, VaultUnreachable

INTERVAL_S = 900.0
TEXTS = {"where": "here", "todo": "that"}

intervals = st.floats(0.1, 86_400)
any_seconds = st.floats(0, 1e12)


def decided(error: StrongroomError, attempts: int = 1, retry_interval_s: float = INTERVAL_S) -> Retry:
    """The verdict, which must be another attempt."""
    retry = verdict(error, attempts=attempts, retry_interval_s=retry_interval_s)
    assert isinstance(retry, Retry)
    return retry


@pytest.mark.parametrize("kind", [VaultConflict, NotLocked])
def test_what_stands_wrongly_in_the_vault_is_a_persons(kind: type[StrongroomError]) -> None:
    assert verdict(kind("it differs", **TEXTS), attempts=1, retry_interval_s=INTERVAL_S) == Review()


@pytest.mark.parametrize(
    ("estimate_s", "due_in_s"), [(None, 900.0), (30.0, 30.0), (0.0, 1.0), (5_000.0, 900.0), (math.inf, 900.0)]
)
def test_not_ready_waits_the_interval_or_less_when_genesys_says_so(estimate_s: float | None, due_in_s: float) -> None:
    error = NotReady("UPLOADING", **TEXTS, estimate_s=estimate_s)
    assert decided(error) == Retry(due_in_s, ours=False)


def test_a_link_that_expired_is_asked_for_again_at_once() -> None:
    assert decided(LinkExpired("expired", **TEXTS)) == Retry(1.0, ours=False)


def test_an_invitation_to_come_back_at_once_is_followed_three_times() -> None:
    link, soon = LinkExpired("expired", **TEXTS), NotReady("UPLOADING", **TEXTS, estimate_s=2)
    assert [decided(soon, attempts).due_in_s for attempts in (1, 3, 4, 50)] == [2, 2, 900, 900]
    assert decided(link, 3).due_in_s == 1
    assert decided(link, 4).due_in_s > 60
    assert not decided(link, 4).ours


def test_rate_limited_waits_for_the_window_whatever_the_deadline() -> None:
    assert decided(RateLimited("429", **TEXTS, retry_after_s=42)) == Retry(42, ours=True)


@pytest.mark.parametrize("kind", [Unreachable, GenesysUnreachable, VaultUnreachable, LedgerUnreachable])
def test_a_server_that_is_down_is_no_fault_of_the_recordings(kind: type[StrongroomError]) -> None:
    assert decided(kind("no answer", **TEXTS)).ours


def test_genesys_being_down_counts_against_nobody_for_half_a_day() -> None:
    down = GenesysUnavailable("503", **TEXTS)
    assert all(decided(down, attempts).ours for attempts in range(1, 48))
    assert not decided(down, 48).ours
    assert not decided(down, 10_000).ours


def _unexpected(error: Exception) -> Unexpected:
    try:
        raise error
    except Exception as raised:  # noqa: BLE001  # with its traceback
        return Unexpected(raised)


def test_what_the_operating_system_refuses_is_the_machines_for_half_a_day() -> None:
    refused = _unexpected(OSError(22, "Invalid argument"))
    assert all(decided(refused, attempts).ours for attempts in range(1, 48))
    assert not decided(refused, 48).ours
    assert not decided(_unexpected(ValueError("ours"))).ours


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("AccessDenied", True),
        ("NoSuchBucket", True),
        ("", True),
        ("InvalidObjectState", False),
        ("EntityTooLarge", False),
        ("KeyTooLongError", False),
    ],
)
def test_what_the_vault_refuses_is_ours_unless_it_is_of_one_object(code: str, ours: bool) -> None:
    assert decided(VaultRefused("no", **TEXTS, code=code)).ours is ours


def test_credentials_that_genesys_refuses_are_ours() -> None:
    assert decided(CredentialsRefused("401", **TEXTS, status=401)).ours


@pytest.mark.parametrize("attempts", [1, LEAST_ATTEMPTS - 1, LEAST_ATTEMPTS, 100])
def test_the_deadline_ends_what_was_not_ready_and_mishaps_only_after_some_attempts(attempts: int) -> None:
    not_ready, mishap = NotReady("UPLOADING", **TEXTS, estimate_s=None), MediaDamaged("short", **TEXTS)
    assert given_up(not_ready, overdue=True, attempts=attempts)
    assert given_up(mishap, overdue=True, attempts=attempts) == (attempts >= LEAST_ATTEMPTS)
    assert not given_up(not_ready, overdue=False, attempts=attempts)
    assert not given_up(mishap, overdue=False, attempts=attempts)


@given(attempts=st.integers(1, 10**6), every=intervals)
def test_the_backoff_never_shrinks_and_ends_at_the_interval(attempts: int, every: float) -> None:
    assert 0 < backoff_s(attempts, every) <= backoff_s(attempts + 1, every) <= every
    assert backoff_s(10**6, every) == every


@pytest.mark.parametrize("kind", [StrongroomError, Misconfigured, MediaDamaged])
def test_everything_else_ends_at_the_deadline(kind: type[StrongroomError]) -> None:
    assert not decided(kind("broken", **TEXTS)).ours


@pytest.mark.parametrize(("attempts", "around_s"), [(1, 15), (2, 30), (3, 60), (6, 480), (7, 900), (60, 900)])
def test_waits_double_up_to_the_interval(attempts: int, around_s: float) -> None:
    for _ in range(20):
        assert 0.8 * around_s <= decided(MediaDamaged("short", **TEXTS), attempts).due_in_s <= 1.2 * around_s


def test_what_failed_together_does_not_return_together() -> None:
    assert len({decided(MediaDamaged("short", **TEXTS)).due_in_s for _ in range(20)}) > 10


@given(kind=st.sampled_from([Unreachable, MediaDamaged, LinkExpired]), attempts=st.integers(0, 10**6), every=intervals)
def test_no_wait_is_longer_than_the_interval_and_its_jitter(
    kind: type[StrongroomError], attempts: int, every: float
) -> None:
    assert 0 < decided(kind("again", **TEXTS), attempts, every).due_in_s <= 1.2 * every


@given(estimate_s=st.none() | any_seconds, every=intervals)
def test_no_estimate_leads_past_the_interval(estimate_s: float | None, every: float) -> None:
    assert 0 < decided(NotReady("UPLOADING", **TEXTS, estimate_s=estimate_s), 1, every).due_in_s <= every
