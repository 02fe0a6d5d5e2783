"""What people are told of by webhook and e-mail, once for its cause: days, counts and ids, and nothing of anybody's."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import structlog

from config.settings import Settings
from strongroom.errors import StrongroomError
from strongroom.house import House
from strongroom.ledger.checks import finding_kind, latest_checks
from strongroom.ledger.engine import Engine, LeaseLost
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.notices import (
    Cause,
    HeldNotice,
    due_notices,
    notice_failed,
    notice_sent,
    put_notice_off,
    requests_at_risk,
    review_by_day,
    take_notice,
    want_notices,
)
from strongroom.ledger.progress import day_progress
from strongroom.ledger.restores import late_restores
from strongroom.ledger.runs import days_with_run, first_day
from strongroom.messengers import post_to_webhook, send_mail
from strongroom.pipeline.days import catch_up_window
from strongroom.pipeline.failures import backoff_s
from strongroom.reasons import kind_of
from strongroom.times import days_between, format_instant

WARN_BEFORE_S = 3_600.0
"""How long before its due time a request that is not ready is told of."""
TRIED_FOR_S = 86_400.0
"""For how long a notice is tried; then nobody would want to read it any more, and the metric says so."""
_LONGEST_PAUSE_S = 1_800.0
_AT_ONCE = 100

_log = structlog.get_logger()


def channels_of(settings: Settings) -> list[str]:
    """How people are told."""
    webhook = ["webhook"] if settings.notice_webhook_url is not None else []
    return webhook + (["email"] if settings.notice_email_to is not None else [])


def tell(house: House) -> int:
    """Find what people are to be told of, and tell what is due; how many notices went out. Raises LedgerUnreachable.

    One is told once; twice only where this process dies between the sending and the writing down.
    """
    channels = channels_of(house.settings)
    if channels:
        want_notices(house.engine, find_causes(house.settings, house.engine), channels)
    told, silent = 0, set[str]()
    for ref in due_notices(house.engine, _AT_ONCE):
        held = None if ref.channel in silent else take_notice(house.engine, ref, house.holder)
        if held is None:
            continue
        if _tell(house, held):
            told += 1
        else:
            # what did not take one would let each of the others run into a time-out too
            silent.add(ref.channel)
    return told


def find_causes(settings: Settings, engine: Engine) -> list[Cause]:
    """Everything that is worth a notice now, told of before or not."""
    now = database_clock(engine)
    return [*_unsettled(settings, engine, now), *_review(settings, engine, now), *_checks(engine), *_late(engine)]


def _tell(house: House, held: HeldNotice) -> bool:
    try:
        try:
            _send(house.settings, held)
        except StrongroomError as error:
            _log.warning("notice not sent", kind=held.ref.kind, channel=held.ref.channel, reason=str(error))
            if held.age_s > TRIED_FOR_S:
                notice_failed(house.engine, held, house.holder, error.reason)
            else:
                pause_s = backoff_s(held.attempts, min(house.settings.retry_interval_s, _LONGEST_PAUSE_S))
                put_notice_off(house.engine, held, house.holder, pause_s, error.reason)
            return False
        notice_sent(house.engine, held, house.holder)
    except LeaseLost:
        return False
    return True


def _send(settings: Settings, held: HeldNotice) -> None:
    if held.ref.channel == "webhook":
        document = {"kind": held.ref.kind, "subject": held.ref.subject, "text": held.message, "vault": settings.bucket}
        post_to_webhook(settings, document | {"trial": settings.trial})
        return
    first, _, _ = held.message.partition(": ")
    send_mail(settings, f"[{settings.bucket}] {first}", held.message)


def _unsettled(settings: Settings, engine: Engine, now: datetime) -> list[Cause]:
    window = catch_up_window(settings, first_day(engine), now)
    settled = days_with_run(engine, window.first, window.last, settled=True)
    causes = []
    for day in days_between(window.first, window.last):
        due_at = datetime.combine(day + timedelta(days=1), settings.settled_by, UTC)
        if day in settled or now < due_at:
            continue
        progress = day_progress(engine, day)
        archived, known = progress.conversations.get("archived", 0), sum(progress.conversations.values())
        causes.append(
            Cause(
                "unsettled",
                day.isoformat(),
                f"{day} has not settled: {archived} of {known} conversations are archived."
                f" Look: strongroom status {day}",
            )
        )
    return causes


def _review(settings: Settings, engine: Engine, now: datetime) -> list[Cause]:
    window = catch_up_window(settings, first_day(engine), now)
    numbers: Counter[tuple[str, str]] = Counter()
    for day, cause, number in review_by_day(engine, window.first):
        numbers[day.isoformat(), kind_of(cause)] += number
    return [
        Cause(
            "review",
            f"{day} {kind}",
            f"{number} of {day} in review, {kind}: see docs/runbook.md. Look: strongroom review --day {day}",
        )
        for (day, kind), number in sorted(numbers.items())
    ]


def _checks(engine: Engine) -> list[Cause]:
    causes = []
    for check in latest_checks(engine):
        if not check.findings:
            continue
        # the same findings the next morning are the same cause
        what = json.dumps(sorted(json.dumps(finding, sort_keys=True) for finding in check.findings))
        digest = hashlib.sha256(what.encode()).hexdigest()[:16]
        kinds = ", ".join(sorted(set(map(finding_kind, check.findings))))
        look = "strongroom vault check" if check.kind == "vault" else "strongroom verify"
        causes.append(
            Cause(
                "check",
                f"{check.kind} {check.scope} {digest}",
                f"The check {check.kind} has {len(check.findings)} findings: {kinds}. Look: {look}",
            )
        )
    return causes


def _late(engine: Engine) -> list[Cause]:
    at_risk = [
        Cause("late", f"request {request_id}", f"A request of Legal may be late: {request_id}, {_due(needed_by)}")
        for request_id, needed_by in requests_at_risk(engine, WARN_BEFORE_S)
    ]
    late = [
        Cause(
            "late",
            f"restores due {format_instant(needed_by)}",
            f"{number:,} restore{'' if number == 1 else 's'} will be late, {_due(needed_by)}",
        )
        for needed_by, number in late_restores(engine)
    ]
    return at_risk + late


def _due(needed_by: datetime) -> str:
    return f"due {format_instant(needed_by)}. Look: strongroom restore --list"
