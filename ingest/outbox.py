"""The outbox 发件箱: hands stored letters to the mail server, each until it was taken.

A letter's text, date and Message-ID are the same at every attempt. Where the server cannot
be asked whether it took a letter (the connection broke after the data), it goes again.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from threading import Event
from typing import Literal

from config.settings import SettingsError, Smtp
from ingest.house import House
from ingest.logs import concerning
from ingest.pipeline import Touched
from registry import outgoing, queries
from registry.rows import LetterRow, LetterState

log = logging.getLogger(__name__)

PERMANENT = range(500, 600)
"""The reply codes with which a server refuses for good (RFC 5321, 4.2.1)."""

CLOSING = 421
"""The reply with which a server closes the connection, also because we send too much."""

POSTPONED_IN_A_ROW = 5
"""So many letters postponed one after another are the server's doing, not the letters'."""

GOODBYE_SECONDS = 5


class MailServerError(Exception):
    """The mail server cannot be used now; the message says what to do.

    `kind` is `login` (refused), `unreachable` (no connection, or it broke) or `refused` (it
    takes no letters from us now).
    """

    def __init__(
        self, message: str, *, kind: Literal["login", "unreachable", "refused"] = "unreachable"
    ) -> None:
        super().__init__(message)
        self.kind = kind


def send_due(house: House, touched: Touched, stop: Event, *, all_queued: bool = False) -> None:
    """Hand over the letters whose time has come, or every queued one.

    Raises MailServerError, after recording it for desk and health, when the server cannot be
    reached, does not let us in or takes nothing; the letters not tried stay as they are.
    """
    alarms = False if house.settings.alarms.smtp else None
    letters = _waiting(house, all_queued=all_queued, alarms=alarms)
    if not letters:
        return
    settings = house.settings.smtp
    try:
        _send_all(house, settings, letters, touched, stop)
    except MailServerError as error:
        with house.registry.write() as connection:
            outgoing.server_failed(connection, str(error), error.kind, house.clock())
        raise
    with house.registry.write() as connection:
        outgoing.server_works(connection)


def send_alarms(house: House, touched: Touched, stop: Event, *, all_queued: bool = False) -> None:
    """Hand over the letters about trouble where they go by a server of their own, as `send_due`.

    Raises MailServerError.
    """
    settings = house.settings.alarms.smtp
    letters = _waiting(house, all_queued=all_queued, alarms=True) if settings else ()
    if settings and letters:
        _send_all(house, settings, letters, touched, stop)


def _waiting(house: House, *, all_queued: bool, alarms: bool | None) -> tuple[int, ...]:
    with house.registry.read() as connection:
        now = None if all_queued else house.clock()
        return queries.to_send(connection, now, alarms=alarms)


def _send_all(
    house: House, settings: Smtp, letters: Sequence[int], touched: Touched, stop: Event
) -> None:
    postponed = 0
    with open_server(settings) as server:
        for letter in letters:
            if stop.is_set():
                return
            touched.letters.add(letter)
            state = _send(house, settings, server, letter)
            postponed = postponed + 1 if state is LetterState.QUEUED else 0
            if postponed == POSTPONED_IN_A_ROW:
                message = f"{_where(settings)} postpones one letter after another"
                raise MailServerError(message, kind="refused")


@contextmanager
def open_server(settings: Smtp) -> Iterator[smtplib.SMTP]:
    """Connect and sign in to the mail server. Raises MailServerError."""
    where = _where(settings)
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
        raise MailServerError(message, kind="login") from error
    except UnicodeError:
        server.close()
        # The error would quote the password, so it is left out of the chain.
        message = f"{where}: smtp.user and its password must be ASCII"
        raise MailServerError(message, kind="login") from None
    except (OSError, smtplib.SMTPException, SettingsError, ValueError) as error:
        server.close()
        message = f"{where} failed at sign-in ({_plain(error)})"
        lost = isinstance(error, OSError | smtplib.SMTPServerDisconnected)
        raise MailServerError(message, kind="unreachable" if lost else "login") from error
    try:
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            if server.sock:
                server.sock.settimeout(min(GOODBYE_SECONDS, settings.timeout.total_seconds()))
            server.quit()
        server.close()


def _connect(settings: Smtp) -> smtplib.SMTP:
    context = None if settings.security == "none" else ssl.create_default_context()
    seconds = settings.timeout.total_seconds()
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=seconds, context=context)
    server = smtplib.SMTP(settings.host, settings.port, timeout=seconds)
    if settings.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _where(settings: Smtp) -> str:
    return f"smtp: {settings.host}:{settings.port}"


def _plain(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _send(house: House, settings: Smtp, server: smtplib.SMTP, queued: int) -> LetterState | None:
    """Hand over one letter and record what came of it; return how it stands, None if held back.

    Raises MailServerError when it was not the letter that the server did not take, but us.
    """
    with house.registry.write() as connection:
        if not outgoing.count_try(connection, queued, house.clock()):
            return None  # held back by a person meanwhile
        (letter,) = queries.letters_by_id(connection, [queued])  # or edited
    with concerning(mails=letter.mails, letter=letter.id):
        return _hand_over(house, settings, server, letter)


def _hand_over(
    house: House, settings: Smtp, server: smtplib.SMTP, letter: LetterRow
) -> LetterState:
    if letter.in_doubt > 1:
        log.warning("letter %s goes again: nobody can tell whether it was taken before", letter.id)
    try:
        message = message_of(letter, settings)
        server.send_message(message, settings.address, list(letter.to))
    except (OSError, smtplib.SMTPException) as error:
        reason, for_good = _judge_refusal(error)
        broke = isinstance(error, smtplib.SMTPServerDisconnected)
        state = _put_off(house, letter, reason, for_good=for_good, in_doubt=broke)
        _forget(server)
        _blame_server(settings, server, error, reason)
        return state
    except Exception as error:  # an address of which the library makes no header, in many ways
        log.exception("letter %s cannot be made into a mail", letter.id)
        reason = f"{type(error).__name__}: {_plain(error)}"
        state = _put_off(house, letter, reason, for_good=True)
        _forget(server)
        return state
    with house.registry.write() as connection:
        outgoing.handed_over(connection, letter, house.clock())
    log.info("letter %s sent", letter.id)
    return LetterState.SENT


def _blame_server(settings: Smtp, server: smtplib.SMTP, error: Exception, reason: str) -> None:
    """Raise MailServerError where every further letter would fare the same."""
    where = _where(settings)
    if isinstance(error, smtplib.SMTPSenderRefused):
        message = f"{where} takes no letters from {settings.address} ({reason})"
        message += "; check smtp.sender and smtp.user, or wait where it says so"
        raise MailServerError(message, kind="refused") from error
    if reason.startswith(str(CLOSING)):
        message = f"{where} wants no more letters now ({reason})"
        raise MailServerError(message, kind="refused") from error
    if server.sock is None:
        message = f"{where} broke the connection ({reason})"
        raise MailServerError(message) from error


def _forget(server: smtplib.SMTP) -> None:
    """Let the server forget the letter that was begun, so that the next can follow."""
    with suppress(OSError, smtplib.SMTPException):
        server.rset()


def _judge_refusal(error: Exception) -> tuple[str, bool]:
    """Return why a letter was refused, and whether it is no use to try again.

    Only a refusal of the recipient or of the letter is for good; one of us as a sender is a
    fault of the configuration, and mends with it. A connection that broke tells nothing: the
    letter goes again as the same letter.
    """
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"{error.smtp_code} {_text(error.smtp_error)}", False
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return f"{code} {_text(reply)}", code in PERMANENT
    if isinstance(error, smtplib.SMTPDataError):
        return f"{error.smtp_code} {_text(error.smtp_error)}", error.smtp_code in PERMANENT
    return _plain(error), False


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _put_off(
    house: House, letter: LetterRow, reason: str, *, for_good: bool, in_doubt: bool = False
) -> LetterState:
    with house.registry.write() as connection:
        state = outgoing.put_off(
            connection,
            letter.id,
            reason,
            house.clock(),
            for_good=for_good,
            in_doubt=in_doubt,
        )
    log.warning("letter %s was not taken; it is %s now", letter.id, state)
    return state


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
