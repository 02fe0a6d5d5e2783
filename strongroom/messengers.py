"""Telling people: one message by webhook, or by e-mail. Whether and when again is for the caller to say."""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage

import requests

from config.settings import Settings
from strongroom.errors import Misconfigured, StrongroomError, Unreachable


class NotTold(Unreachable):
    """A message did not get through; it is sent again later."""


def post_to_webhook(settings: Settings, document: Mapping[str, object]) -> None:
    """POST a document as JSON. Raises NotTold, Misconfigured. The address, which may hold a secret, is in no error."""
    if settings.notice_webhook_url is None:
        raise _nobody("STRONGROOM_NOTICE_WEBHOOK_URL")
    try:
        answer = requests.post(
            settings.notice_webhook_url.get_secret_value(),
            json=document,
            timeout=(settings.connect_timeout_s, settings.read_timeout_s),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise _not_told("the webhook", type(error).__name__, "STRONGROOM_NOTICE_WEBHOOK_URL") from None
    if not 200 <= answer.status_code < 300:
        raise _not_told("the webhook", f"HTTP {answer.status_code}", "STRONGROOM_NOTICE_WEBHOOK_URL")


def send_mail(settings: Settings, subject: str, text: str) -> None:
    """Send a plain text to everyone who is to hear of it, as one message. Raises NotTold, Misconfigured."""
    if settings.notice_email_to is None:
        raise _nobody("STRONGROOM_NOTICE_EMAIL_TO")
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = settings.notice_email_from
    message["To"] = settings.notice_email_to
    message.set_content(text)
    try:
        with open_smtp(settings) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        # the server's own words may repeat addresses
        code = getattr(error, "smtp_code", None)
        reason = type(error).__name__ + (f" {code}" if code else "")
        raise _not_told("the mail server", reason, "STRONGROOM_SMTP_HOST") from None


def open_smtp(settings: Settings) -> smtplib.SMTP:
    """A connection to the mail server, encrypted and signed in as the settings say. Raises what smtplib does."""
    if settings.smtp_host is None:
        raise _nobody("STRONGROOM_SMTP_HOST")
    timeout_s = settings.connect_timeout_s
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=timeout_s, context=context
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=timeout_s)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user is not None and settings.smtp_password is not None:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _nobody(setting: str) -> StrongroomError:
    return Misconfigured("there is nobody to be told", where=setting, todo="set it, see docs/settings.md")


def _not_told(what: str, reason: str, where: str) -> NotTold:
    return NotTold(f"{what} did not take it: {reason}", where=where, todo="it is sent again; see: strongroom doctor")
