"""The ledger's gauges, checks and requests as Prometheus metrics: counts and times; no name, number or content."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from config.settings import Settings
from strongroom.ledger.checks import (
    A_SAMPLE,
    A_SHARE,
    EVERYTHING,
    Check,
    finding_kind,
    latest_checks,
    unanswered_checks,
)
from strongroom.ledger.engine import Engine
from strongroom.ledger.gauges import Gauges, read_gauges
from strongroom.ledger.request_counts import RequestCounts, count_requests
from strongroom.ledger.runs import days_with_run, first_day
from strongroom.ledger.verification import damaged_records, unhashed_s
from strongroom.pipeline.days import catch_up_window, forgotten_days
from strongroom.reasons import KINDS, kind_of
from strongroom.times import day_of, days_between, start_of, utc_now

COUNTED_DAYS = 3
"""Of how many of the latest days conversations, recordings and bytes are counted: the night's, not the archive's."""
_STATES_OF_THE_ARCHIVE = frozenset({EVERYTHING, A_SAMPLE, A_SHARE})


def ledger_metrics(settings: Settings, engine: Engine) -> Iterator[Metric]:
    """Everything the ledger knows, as it stands now. Raises LedgerUnreachable."""
    gauges = read_gauges(engine, day_of(utc_now()) - timedelta(days=COUNTED_DAYS))
    checks = _with_unanswered(latest_checks(engine), unanswered_checks(engine))
    yield from _counts(gauges)
    yield from _waiting(gauges)
    yield from _days(settings, engine, gauges)
    yield from _review(gauges, checks)
    yield from _evidence(gauges)
    yield from _checks(checks)
    yield from _requests(count_requests(engine), gauges)
    signs = _family("sign_of_life_timestamp_seconds", "When this was last done by the fleet (Unix time).", "of")
    for sign, seen_at in gauges.signs.items():
        signs.add_metric([sign], seen_at.timestamp())
    yield signs
    yield _one(
        "notices_undelivered",
        "Notices that were tried to be sent and are not, or were given up in the last day.",
        gauges.undelivered_notices,
    )


def slow_metrics(engine: Engine) -> Iterator[Metric]:
    """What all records must be looked through for, and changes by the day. Raises LedgerUnreachable."""
    words = "For how many days some record was not read and hashed, since it was archived or hashed last."
    yield _one("unverified_days", words, unhashed_s(engine) / 86_400)
    words = "Records that were not what was archived when they were hashed last."
    yield _one("records_damaged", words, damaged_records(engine))


def _counts(gauges: Gauges) -> Iterator[Metric]:
    of_days = f"of the last {COUNTED_DAYS} days"
    conversations = _family("conversations", f"Conversation revisions {of_days}.", "retention_class", "state")
    for (name, state), number in gauges.conversations.items():
        conversations.add_metric([name, state], number)
    yield conversations
    recordings = _family("recordings", f"Recordings {of_days}.", "media", "state")
    for (media, state), number in gauges.recordings.items():
        recordings.add_metric([media, state], number)
    yield recordings
    objects = _family("stored_objects", f"Objects in the vault {of_days}.", "retention_class")
    size = _family("stored_bytes", f"Bytes in the vault {of_days}.", "retention_class")
    for name, (number, size_bytes) in gauges.stored.items():
        objects.add_metric([name], number)
        size.add_metric([name], size_bytes)
    yield objects
    yield size


def _waiting(gauges: Gauges) -> Iterator[Metric]:
    number = _family("open", "Rows of the ledger that are not finished.", "kind")
    oldest = _family("oldest_open_age_seconds", "How long ago the oldest of them was first seen.", "kind")
    deadline = _family("deadline_seconds", "How far off the next deadline that runs is; less than 0: past it.", "kind")
    overdue = _family("overdue_seconds", "For how long the longest of them is due and held by no worker.", "kind")
    for kind, waiting in gauges.waiting.items():
        number.add_metric([kind], waiting.number)
        oldest.add_metric([kind], _age_s(gauges.now, waiting.oldest_since))
        overdue.add_metric([kind], _age_s(gauges.now, waiting.overdue_since))
        if waiting.next_deadline is not None:
            deadline.add_metric([kind], (waiting.next_deadline - gauges.now).total_seconds())
    yield from (number, oldest, deadline, overdue)


def _days(settings: Settings, engine: Engine, gauges: Gauges) -> Iterator[Metric]:
    window = catch_up_window(settings, first_day(engine), gauges.now)
    due = set(days_between(window.first, window.last)) | set(gauges.open_runs)
    unsettled = sorted(due - (days_with_run(engine, window.first, window.last, settled=True) - set(gauges.open_runs)))
    yield _one("days_unsettled", "Days that are due and have not settled.", len(unsettled))
    # a day that was asked for by hand, long ago, is late from when it was asked for
    since = [max(start_of(day) + timedelta(days=1), gauges.open_runs.get(day, start_of(day))) for day in unsettled]
    lateness = _age_s(gauges.now, min(since, default=None))
    yield _one("day_unsettled_seconds", "Since when the longest unsettled day has been due.", lateness)
    forgotten = len(forgotten_days(settings, engine, gauges.now))
    yield _one("days_forgotten", "Days since the start that no run finished and no catch-up reaches.", forgotten)
    if gauges.last_settled_day is not None:
        ended_at = start_of(gauges.last_settled_day) + timedelta(days=1)
        yield _one("last_settled_day_timestamp_seconds", "When the latest settled day ended.", ended_at.timestamp())


def _review(gauges: Gauges, checks: list[Check]) -> Iterator[Metric]:
    by_kind = Counter(dict.fromkeys(KINDS, 0))
    for cause, number in gauges.review.items():
        by_kind[kind_of(cause)] += number
    review = _family("review", "What waits for a person, by the kind of its reason.", "reason")
    for kind, number in by_kind.items():
        review.add_metric([kind], number)
    yield review
    yield _one(
        "review_age_seconds", "How long the oldest has waited for a person.", _age_s(gauges.now, gauges.review_since)
    )
    found = sum(
        str(finding.get("kind", "")).startswith("lock")
        for check in checks
        if check.kind == "vault" and check.scope in _STATES_OF_THE_ARCHIVE
        for finding in check.findings
    )
    yield _one(
        "lock_failures", "Objects whose lock is not as it must be: in review, or found.", by_kind["lock"] + found
    )


def _evidence(gauges: Gauges) -> Iterator[Metric]:
    yield _one("days_unsealed", "Settled days that the log does not hold yet.", gauges.unsealed_days)
    unsealed_s = _age_s(gauges.now, gauges.unsealed_since)
    yield _one("unsealed_seconds", "For how long the longest of them has been settled.", unsealed_s)
    yield _one(
        "checkpoint_troubles", "Checkpoints without timestamp or witness by a fault.", gauges.checkpoint_troubles
    )
    if gauges.last_checkpoint_at is not None:
        at = gauges.last_checkpoint_at.timestamp()
        yield _one("last_checkpoint_timestamp_seconds", "When the log was signed last (Unix time).", at)


def _with_unanswered(latest: list[Check], unanswered: list[Check]) -> list[Check]:
    """The latest checks, with what an earlier one found where that is not known to be mended."""
    found = {(check.kind, check.scope): check.findings for check in unanswered}
    return [replace(check, findings=check.findings or found.get((check.kind, check.scope), ())) for check in latest]


def _checks(checks: list[Check]) -> Iterator[Metric]:
    labels = ("kind", "scope")
    ended = _family("check_ended_timestamp_seconds", "When the latest check ended (Unix time).", *labels)
    examined = _family("check_examined", "How many objects the latest check looked at.", *labels)
    findings = _family(
        "check_findings",
        "What the latest check found, or one before it and no clean one since that covers as much.",
        *labels,
        "finding",
    )
    for check in checks:
        # a check of one conversation or day is somebody's question, not a state of the archive
        if check.scope not in _STATES_OF_THE_ARCHIVE:
            continue
        of = [check.kind, check.scope]
        ended.add_metric(of, check.ended_at.timestamp())
        examined.add_metric(of, check.examined)
        # a check that found nothing says so, under no name: an alert must tell it from a check that never ran
        findings.add_metric([*of, ""], 0)
        for kind, number in Counter(map(finding_kind, check.findings)).items():
            findings.add_metric([*of, kind], number)
    yield from (ended, examined, findings)


def _requests(counts: RequestCounts, gauges: Gauges) -> Iterator[Metric]:
    by_state = _family("requests", "Requests of the Legal desk by state.", "state")
    for state, number in counts.by_state.items():
        by_state.add_metric([state], number)
    yield by_state
    yield _one("requests_overdue", "Requests not prepared when Legal had to have the files.", counts.overdue)
    yield _one(
        "request_files_not_handed_over",
        "Files of requests that are not what was archived, or are missing: each is an alarm.",
        counts.not_handed_over,
    )
    left = _family("due_seconds", "How long until a request or restore is due; less than 0: late.", "kind", "id")
    for each in gauges.due_times:
        left.add_metric([each.kind, each.ident], (each.needed_by - gauges.now).total_seconds())
    yield left
    yield _one("restores_late", "Restores that will not be in time, or are not.", gauges.late_restores)


def _age_s(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _family(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"strongroom_{name}", words, labels=labels)


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"strongroom_{name}", words, value=value)
