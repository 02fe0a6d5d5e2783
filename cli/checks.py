"""What Strongroom needs, checked one by one: is it there, may we use it, is it set up as it must be."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rich.filesize import decimal

from cli import checks_fleet, checks_outside
from cli.connections import database, fleet
from config.settings import Settings
from strongroom.errors import Misconfigured, StrongroomError
from strongroom.evidence.checkpoints import open_checkpoint
from strongroom.evidence.errors import ProofRefused
from strongroom.genesys.names import Names
from strongroom.house import bucket_blueprint, genesys_client, open_allowances, open_store
from strongroom.ledger.checkpoints import latest_checkpoint
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.revision import require_current_schema
from strongroom.pipeline.log_keys import open_signers, origin_of
from strongroom.retention.policy import load_policy
from strongroom.times import utc_now
from strongroom.vault.findings import faults
from strongroom.vault.fitness import require_fit
from strongroom.vault.provision import check_bucket
from strongroom.vault.spool import Spool
from tasks.fleet import waiting_messages

LARGEST_CLOCK_DIFFERENCE_S = 5.0
GENESYS_PATIENCE_S = 5.0
"""Shorter than a worker's: what does not answer now is what the operator wants to know."""
_LOG_KEY = "STRONGROOM_LOG_KEY_FILE, STRONGROOM_LOG_KMS_KEY_ID"
LEAST_FREE_SPACE_BYTES = 5 * 1024**3
"""A handful of hour-long screen recordings at once."""


class Outcome(StrEnum):
    """How a check ended."""

    GOOD = "good"
    FINDING = "finding"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One check's outcome; `todo` is what mends it, and None where nothing needs mending."""

    check: str
    outcome: Outcome
    what: str
    where: str | None = None
    todo: str | None = None


def examine(settings: Settings) -> Iterator[Finding]:
    """Make every check, each as soon as it is asked for; what depends on a failed one is skipped."""
    failed: set[str] = set()
    for check, ask, needs in _CHECKS:
        if needs in failed:
            yield Finding(check, Outcome.SKIPPED, f"not checked: {needs} comes first")
            continue
        finding = _asked(check, ask, settings)
        if finding.outcome is not Outcome.GOOD:
            failed.add(check)
        yield finding


class _NothingToCheck(StrongroomError):
    """What is checked is not set up, and need not be."""


def _asked(check: str, ask: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(check, Outcome.GOOD, ask(settings))
    except _NothingToCheck as nothing:
        return Finding(check, Outcome.SKIPPED, nothing.reason, nothing.where)
    except StrongroomError as error:
        outcome = Outcome.UNREACHABLE if error.exit_code == 3 else Outcome.FINDING
        return Finding(check, outcome, error.what, error.where, error.todo)


def _policy(settings: Settings) -> str:
    policy = load_policy(settings.policy_file)
    warnings = f", {len(policy.warnings)} to look at: strongroom policy check" if policy.warnings else ""
    return f"{len(policy.classes)} classes, {len(policy.rules)} rules, version {policy.version[:16]}{warnings}"


def _postgres(settings: Settings) -> str:
    with database(settings) as engine:
        database_clock(engine)
        return f"answers at {engine.url.host or engine.url.query.get('host', 'its socket')}/{engine.url.database}"


def _schema(settings: Settings) -> str:
    with database(settings) as engine:
        require_current_schema(engine)
    return "is this version's"


def _clock(settings: Settings) -> str:
    with database(settings) as engine:
        database_clock(engine)  # connects, so that the next one measures the clock and not the connecting
        asked_at = utc_now()
        theirs = database_clock(engine)
        ours = asked_at + (utc_now() - asked_at) / 2
    difference_s = abs((ours - theirs).total_seconds())
    if difference_s > LARGEST_CLOCK_DIFFERENCE_S:
        raise StrongroomError(
            f"this machine's clock and PostgreSQL's differ by {difference_s:.0f} s",
            where="clocks",
            todo="let NTP set both clocks",
        )
    return f"{difference_s:.1f} s from PostgreSQL's"


def _redis(settings: Settings) -> str:
    with fleet(settings) as app:
        return f"answers; {waiting_messages(app):,} messages wait in the bulk queue"


def _bucket(settings: Settings) -> str:
    store = open_store(settings)
    require_fit(store, settings.accept_store_without_conditional_puts, settings.trial)
    return f"{store.where()} has Object Lock and versioning, and keeps the lock of what is put"


def _bucket_protection(settings: Settings) -> str:
    store = open_store(settings)
    wrong = faults(check_bucket(store, bucket_blueprint(settings, load_policy(settings.policy_file))))
    if wrong:
        raise StrongroomError(
            "; ".join(finding.what for finding in wrong),
            where=store.where(),
            todo="run: strongroom vault create",
        )
    return "configured as `strongroom vault create` makes it"


def _log_key(settings: Settings) -> str:
    with database(settings) as engine:
        newest = latest_checkpoint(engine)
    path = settings.log_key_file
    if newest is None and path is not None and not path.exists():
        # nothing was ever signed, so no key is lost
        raise Misconfigured(
            "there is no such key file yet", where=str(path), todo=f"run: strongroom log new-key {path}"
        )
    signers = open_signers(settings)
    if signers is None:
        what, todo = "no signing key: nothing is sealed", "make one with `strongroom log new-key FILE`"
        if newest is None:
            raise _NothingToCheck(what, where=_LOG_KEY, todo=todo)
        leaves = f"and the log has {newest.size:,} leaves that one signed"
        raise Misconfigured(f"{what}, {leaves}", where=_LOG_KEY, todo="name the log's key again")
    key = signers.current.verifier_key
    said = f"{key.name} {key.key_id}"
    if newest is None:
        return f"{said} can be read; nothing is sealed yet"
    try:
        open_checkpoint(newest.note.encode(), signers.keys, origin_of(settings))
    except ProofRefused as refused:
        raise StrongroomError(
            f"the newest checkpoint, of {newest.size:,} leaves, was not signed with {said}: {refused.what}",
            where=_LOG_KEY,
            todo="name the key that signed it; where keys are changed on purpose, as STRONGROOM_LOG_OLD_KEY_FILE",
        ) from refused
    return f"{said} can be read, and vouches for the newest checkpoint, of {newest.size:,} leaves"


def _genesys(settings: Settings) -> str:
    organisations = {}
    total = len(settings.genesys_clients)
    # a handful of requests, counted with the fleet's if they can be: what Redis is like was said above
    allowances = open_allowances(settings)
    counted = allowances if allowances.answers() else None
    for position, oauth_client in enumerate(settings.genesys_clients, start=1):
        client = genesys_client(settings, oauth_client, counted, patience_s=GENESYS_PATIENCE_S)
        try:
            organisation = Names(client).organisation()
        except StrongroomError as error:
            error.where = f"{error.where}, OAuth client {position} of {total}"
            raise
        organisations[organisation.organisation_id] = organisation
    if len(organisations) > 1:
        raise StrongroomError(
            "the OAuth clients belong to different organisations",
            where="STRONGROOM_GENESYS_CLIENTS",
            todo="keep the clients of one organisation",
        )
    domains = ", ".join(each.domain or each.organisation_id for each in organisations.values())
    return f"{total} of {total} OAuth clients log in, organisation {domains}"


def _spool(settings: Settings) -> str:
    with Spool(settings.spool_dir).file() as file:
        file.write(b"\0")
    free_bytes = shutil.disk_usage(settings.spool_dir).free
    if free_bytes < LEAST_FREE_SPACE_BYTES:
        raise StrongroomError(
            f"only {decimal(free_bytes)} are free",
            where=str(settings.spool_dir),
            todo=f"free at least {decimal(LEAST_FREE_SPACE_BYTES)}, or set STRONGROOM_SPOOL_DIR to a larger disk",
        )
    return f"{settings.spool_dir} is writable, {decimal(free_bytes)} free"


def _set_up(ask: Callable[[Settings], str | None], otherwise: str = "not set up") -> Callable[[Settings], str]:
    """A check of what need not be there; None, when it is not."""

    def asked(settings: Settings) -> str:
        found = ask(settings)
        if found is None:
            raise _NothingToCheck(otherwise, where="docs/settings.md", todo="set it up when it is wanted")
        return found

    return asked


_CHECKS: tuple[tuple[str, Callable[[Settings], str], str | None], ...] = (
    ("policy", _policy, None),
    ("tiers", checks_outside.tiers, "policy"),
    ("PostgreSQL", _postgres, None),
    ("schema", _schema, "PostgreSQL"),
    ("privileges", checks_fleet.privileges, "schema"),
    ("clock", _clock, "PostgreSQL"),
    ("Redis", _redis, None),
    ("Redis keeps", checks_fleet.redis_keeps, "Redis"),
    ("workers", _set_up(checks_fleet.workers, "not started yet"), "Redis"),
    ("Beat", _set_up(checks_fleet.beat, "not started yet"), "schema"),
    ("bucket", _bucket, None),
    ("protection", _bucket_protection, "bucket"),
    ("log key", _log_key, "schema"),
    ("timestamps", _set_up(checks_outside.timestamps), None),
    ("Genesys", _genesys, None),
    ("recordings", checks_outside.genesys_permissions, "Genesys"),
    ("other clocks", checks_outside.other_clocks, "Genesys"),
    ("spool", _spool, None),
    ("webhook", _set_up(checks_outside.webhook), None),
    ("mail", _set_up(checks_outside.mail), None),
    ("Flower", _set_up(checks_outside.flower), None),
)
"""In the order they are made: name, what is asked, and the check without which it makes no sense."""
