"""The doctor's look outside: other servers' clocks, what Genesys permits, and those who are to hear of trouble."""

import smtplib
import ssl
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit
from uuid import UUID

from config.settings import Settings
from strongroom.errors import Misconfigured, StrongroomError, Unreachable
from strongroom.evidence.timestamps import load_roots
from strongroom.genesys.errors import NotFound
from strongroom.genesys.recordings import recording_metadata
from strongroom.house import class_promises, genesys_client, open_allowances
from strongroom.messengers import open_smtp
from strongroom.retention.policy import load_policy
from strongroom.times import utc_now
from strongroom.vault.tiers import lifecycle_rules, load_tiers

LARGEST_DIFFERENCE_S = 30.0
"""S3 refuses what is signed more than 15 minutes off; a clock that is half a minute off is not kept by anybody."""
_NOBODYS = UUID(int=0)
Patience = float


def tiers(settings: Settings) -> str:
    """The tiers file, and whether its profiles keep what the policy promises."""
    loaded = load_tiers(settings.tiers_file)
    promises = class_promises(load_policy(settings.policy_file))
    return f"{len(lifecycle_rules(loaded, promises))} lifecycle rules, every class's promise is kept"


def other_clocks(settings: Settings) -> str:
    """This clock against those of S3 and Genesys, as their answers are dated."""
    differences = {}
    for name, url in (("the store", settings.s3_endpoint_url), ("Genesys", settings.genesys_login_url)):
        if url is not None and (theirs := _date_of(url, settings.connect_timeout_s)) is not None:
            differences[name] = abs((utc_now() - theirs).total_seconds())
    wrong = [f"{name}'s by {seconds:.0f} s" for name, seconds in differences.items() if seconds > LARGEST_DIFFERENCE_S]
    if wrong:
        raise StrongroomError(
            f"this machine's clock differs from {' and '.join(wrong)}", where="clocks", todo="run: chronyc makestep"
        )
    return f"agrees with {' and '.join(differences)}" if differences else "no other server tells the time"


def genesys_permissions(settings: Settings) -> str:
    """Recordings of a conversation that does not exist: 404 says that we might have read them, 403 that we may not."""
    allowances = open_allowances(settings)
    counted = allowances if allowances.answers() else None
    for oauth_client in settings.genesys_clients:
        client = genesys_client(settings, oauth_client, counted, patience_s=5.0)
        try:
            recording_metadata(client, str(_NOBODYS))
        except NotFound:
            continue
    return "recordings may be read"


def timestamps(settings: Settings) -> str | None:
    """Is the authority there, and are its roots."""
    if settings.timestamp_url is None:
        return None
    if settings.timestamp_roots_file is None:
        raise Misconfigured("no root certificate", where="STRONGROOM_TIMESTAMP_ROOTS_FILE", todo="name the file")
    try:
        roots = load_roots(settings.timestamp_roots_file.read_bytes(), str(settings.timestamp_roots_file))
    except OSError as error:
        raise Misconfigured(
            f"the root certificates can't be read: {error.strerror}",
            where="STRONGROOM_TIMESTAMP_ROOTS_FILE",
            todo="name a file with the authority's root certificate in PEM form",
        ) from error
    _asked(settings.timestamp_url, settings.connect_timeout_s, "the timestamp authority", "STRONGROOM_TIMESTAMP_URL")
    return f"the authority answers; {len(roots)} root certificates"


def webhook(settings: Settings) -> str | None:
    """Does the server answer that notices are posted to; nothing is posted."""
    if settings.notice_webhook_url is None:
        return None
    parts = urlsplit(settings.notice_webhook_url.get_secret_value())
    variable = "STRONGROOM_NOTICE_WEBHOOK_URL"
    _asked(f"{parts.scheme}://{parts.netloc}/", settings.connect_timeout_s, "the webhook's server", variable)
    return "the webhook's server answers"


def mail(settings: Settings) -> str | None:
    """Does the mail server take us; nothing is sent."""
    if settings.smtp_host is None and settings.notice_email_to is None:
        return None
    try:
        with open_smtp(settings) as server:
            server.noop()
    except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
        raise Unreachable(
            f"the mail server does not take us: {type(error).__name__}",
            where=f"STRONGROOM_SMTP_HOST, port {settings.smtp_port}",
            todo="correct STRONGROOM_SMTP_HOST, _PORT, _SECURITY, _USER or _PASSWORD",
        ) from error
    return "the mail server takes us"


def flower(settings: Settings) -> str | None:
    """Flower can stop workers: it must ask for a password."""
    if settings.flower_url is None:
        return None
    parts = urlsplit(f"{settings.flower_url}/workers")
    status = _asked(parts.geturl(), settings.connect_timeout_s, "Flower", "STRONGROOM_FLOWER_URL").status
    if status == 200:
        raise StrongroomError(
            "Flower lets everybody in",
            where="STRONGROOM_FLOWER_URL",
            todo="start it with FLOWER_BASIC_AUTH=user:password",
        )
    return f"asks for a password (HTTP {status})"


def _date_of(url: str, timeout_s: float) -> datetime | None:
    told = _asked(url, timeout_s, "the server", url).headers.get("Date")
    try:
        return None if told is None else parsedate_to_datetime(told)
    except ValueError:
        return None


def _asked(url: str, timeout_s: float, what: str, where: str) -> HTTPResponse:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        response.read(1)
    except (OSError, HTTPException) as error:
        raise Unreachable(
            f"{what} does not answer: {type(error).__name__}", where=where, todo="start it, or correct the address"
        ) from error
    finally:
        connection.close()
    return response
