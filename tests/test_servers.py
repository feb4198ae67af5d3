"""The mail catcher that other tests rely on."""

from __future__ import annotations

import smtplib
import ssl
import threading
from pathlib import Path

import pytest

from tests.servers import LOOPBACK, PASSWORD, Authority, MailCatcher

LETTER = "Subject: 回执\r\n\r\n收到。\r\n".encode()


def hand_over(catcher: MailCatcher, to: str = "office@example.com") -> None:
    with smtplib.SMTP(LOOPBACK, catcher.port, timeout=30) as server:
        server.sendmail("intake@example.org", [to], LETTER)


def test_a_mail_is_kept_with_its_envelope(catcher: MailCatcher) -> None:
    sender = threading.Thread(target=hand_over, args=(catcher,))
    sender.start()
    [caught] = catcher.wait_for(1)
    sender.join()
    assert (caught.sender, caught.recipients) == ("intake@example.org", ("office@example.com",))
    assert caught.content == LETTER


def test_it_refuses_and_postpones_as_told(catcher: MailCatcher) -> None:
    catcher.on_recipient = lambda to: "550 no such user" if to.startswith("gone@") else None
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        hand_over(catcher, "gone@example.com")
    replies = iter(["451 later", None])
    catcher.on_message = lambda _: next(replies)
    with pytest.raises(smtplib.SMTPDataError):
        hand_over(catcher)
    hand_over(catcher)
    assert len(catcher.caught) == 1


def test_it_asks_for_a_sign_in_and_speaks_tls(tmp_path: Path) -> None:
    tls = Authority.make(tmp_path)
    context = ssl.create_default_context(cafile=tls.authority)
    with (
        MailCatcher(login="intake", tls=tls) as catcher,
        smtplib.SMTP_SSL(LOOPBACK, catcher.port, context=context, timeout=30) as server,
    ):
        server.ehlo()
        assert server.mail("intake@example.org")[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            server.login("intake", "wrong")
        server.login("intake", PASSWORD)
        server.sendmail("intake@example.org", ["office@example.com"], LETTER)
        assert len(catcher.wait_for(1)) == 1
