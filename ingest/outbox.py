"""The outbox 发件箱: hands stored letters to the mail server, each until it was taken.

A letter's text, date and Message-ID are the same at every attempt. Where the server cannot
be asked whether it took a letter (the connection broke after the data), it goes again.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from threading import Event

from config.settings import SettingsError, Smtp
from ingest.house import House
from ingest.pipeline import Touched
from registry import outgoing, queries
from registry.rows import LetterRow

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 60
PERMANENT = 500
"""From this reply code on, a server refuses for good (RFC 5321, 4.2.1)."""


class MailServerError(Exception):
    """The mail server cannot be used now; the message says what to do."""


def send_due(house: House, touched: Touched, stop: Event, *, all_queued: bool = False) -> None:
    """Hand over the letters whose time has come, or every queued one.

    Raises MailServerError when the server cannot be reached or does not let us in; the
    letters stay queued, and no attempt is counted.
    """
    with house.registry.read() as connection:
        letters = queries.to_send(connection, None if all_queued else house.clock())
    if not letters:
        return
    with open_server(house.settings.smtp) as server:
        for letter in letters:
            if stop.is_set():
                return
            _send(house, server, letter)
            touched.letters.add(letter)


@contextmanager
def open_server(settings: Smtp) -> Iterator[smtplib.SMTP]:
    """Connect and sign in to the mail server. Raises MailServerError."""
    where = f"smtp: {settings.host}:{settings.port}"
    try:
        server = _connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        message = f"{where} cannot be reached ({_plain(error)}); check smtp.host, port and security"
        raise MailServerError(message) from error
    try:
        if settings.user:
            server.login(settings.user, settings.password())
    except smtplib.SMTPAuthenticationError as error:
        server.close()
        message = f"{where} refuses the sign-in of smtp.user; check the password or 授权码"
        raise MailServerError(message) from error
    except (OSError, smtplib.SMTPException, SettingsError, ValueError) as error:
        server.close()
        message = f"{where} failed at sign-in ({_plain(error)})"
        raise MailServerError(message) from error
    try:
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _connect(settings: Smtp) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.security == "tls":
        return smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=TIMEOUT_SECONDS, context=context
        )
    server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    if settings.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _plain(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _send(house: House, server: smtplib.SMTP, queued: int) -> None:
    """Hand over one letter, and record what came of it."""
    with house.registry.write() as connection:
        if not outgoing.count_try(connection, queued):
            return  # held back by a person meanwhile
        (letter,) = queries.letters_by_id(connection, [queued])  # or edited
    settings = house.settings.smtp
    try:
        message = message_of(letter, settings)
        server.send_message(message, settings.address, list(letter.to))
    except smtplib.SMTPServerDisconnected as error:
        _put_off(house, letter, _plain(error), for_good=False)
        complaint = f"smtp: {settings.host}:{settings.port} broke the connection"
        raise MailServerError(complaint) from error
    except (OSError, smtplib.SMTPException) as error:
        _put_off(house, letter, *_judge_refusal(error))
        _forget(server)
        return
    except Exception as error:  # an address of which the library makes no header, in many ways
        log.exception("letter %s cannot be made into a mail", letter.id)
        _put_off(house, letter, f"{type(error).__name__}: {_plain(error)}", for_good=True)
        _forget(server)
        return
    with house.registry.write() as connection:
        outgoing.handed_over(connection, letter, house.clock())
    log.info("letter %s sent", letter.id)


def _forget(server: smtplib.SMTP) -> None:
    """Let the server forget the letter that was begun, so that the next can follow."""
    with suppress(OSError, smtplib.SMTPException):
        server.rset()


def _judge_refusal(error: Exception) -> tuple[str, bool]:
    """Return why a letter was refused, and whether it is no use to try again.

    Only a refusal of the recipient or of the letter is for good; one of us as a sender is a
    fault of the configuration, and mends with it.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return f"{code} {reply.decode(errors='replace')}", code >= PERMANENT
    if isinstance(error, smtplib.SMTPDataError):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {text}", error.smtp_code >= PERMANENT
    return _plain(error), False


def _put_off(house: House, letter: LetterRow, reason: str, for_good: bool) -> None:  # noqa: FBT001 - as judged
    with house.registry.write() as connection:
        state = outgoing.put_off(connection, letter.id, reason, house.clock(), for_good=for_good)
    log.warning("letter %s was not taken; it is %s now", letter.id, state)


def message_of(letter: LetterRow, settings: Smtp) -> EmailMessage:
    """Make the mail that carries a letter: the same at every attempt."""
    name, address = parseaddr(settings.sender)
    user, _, domain = address.rpartition("@")
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(display_name=name, username=user, domain=domain)
    message["To"] = ", ".join(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.queued_at)
    message["Message-ID"] = letter.message_id
    if letter.in_reply_to:
        message["In-Reply-To"] = letter.in_reply_to
    if letter.references:
        message["References"] = " ".join(letter.references)
    message["Auto-Submitted"] = "auto-generated" if letter.notice else "auto-replied"
    message.set_content(letter.text, cte="base64")
    message.add_alternative(letter.html, subtype="html", cte="base64")
    message.set_boundary(hashlib.sha256(letter.message_id.encode()).hexdigest()[:32])
    return message
