"""What is logged: which mail a line concerns, as JSON on request, and nobody's data."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Mailbox
from ingest.imap import open_imap
from ingest.logs import JsonLines, Lines, concerning, mask
from ingest.source import MailboxError


def line(formatter: logging.Formatter, text: str, *arguments: object, error: bool = False) -> str:
    """Return how a line is logged, with the error that is being handled if `error`."""
    info = None
    if error:
        try:
            int(text % arguments)
        except ValueError as raised:
            info = (type(raised), raised, raised.__traceback__)
    record = logging.LogRecord("ingest.x", logging.INFO, "", 0, text, arguments, info)
    return formatter.format(record)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("550 <zhang.mou@example.com> unknown", "550 <***@example.com> unknown"),
        ("to 办公室@例子.example.cn, cc a@b.cn", "to ***@例子.example.cn, cc ***@b.cn"),
        ('From: "张某" <zs@example.com>', "From: *** <***@example.com>"),
        ("张某某 <zs@example.com>", "*** <***@example.com>"),
        ("电话13800138000", "电话13800138000"[:2] + "***"),
        ("tel 138-0013-8000, +86 138 0013 8000.", "tel ***, ***."),
        ("020-83334444转801; (020)83334444", "***转801; ***"),
        ("440106198001011234 44010619800101123X", "*** ***"),
        ("联系人：李某，手机", "联系人：***，手机"),
        ("请找某老师", "***老师"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "mail 12: filed",
        "letter 3 sent",
        "UID 4294967295 has 104857600 bytes, not 13",
        "scan 13800138000a: read, 12 pages",
        "the folder 申报 is not there; it has INBOX",
        "127.0.0.1:8025, 2016-06-01 10:00:00,123",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ],
)
def test_what_is_nobodys_is_left_as_it_is(text: str) -> None:
    assert mask(text) == text


@given(st.text())
def test_masking_never_fails_and_masks_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


def test_a_line_bears_the_mail_dossier_and_letter_that_it_concerns() -> None:
    with concerning(mails=[3, 4]), concerning(letter=7):
        text = line(Lines(), "%s is done", "it")
        record = json.loads(line(JsonLines(), "%s is done", "it"))
    assert text.endswith(" INFO ingest.x [mail 3 4, letter 7]: it is done")
    assert (record["mails"], record["letter"], record["level"]) == ([3, 4], 7, "info")
    assert "[" not in line(Lines(), "done")
    assert "mails" not in json.loads(line(JsonLines(), "done"))


@pytest.mark.parametrize("formatter", [Lines(), JsonLines()])
def test_a_traceback_shows_where_and_not_what_an_applicant_wrote(
    formatter: logging.Formatter,
) -> None:
    text = line(formatter, "cannot read %r", "张某 13800138000 zs@example.com", error=True)
    assert "ValueError" in text
    assert "test_logs.py" in text
    for personal in ("13800138000", "zs@"):
        assert personal not in text
    assert "张某" not in text.partition("Traceback")[2]


class Quoting(socketserver.StreamRequestHandler):
    """An IMAP server that quotes the whole command when it refuses a sign-in."""

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for received in self.rfile:
            tag, _, rest = received.partition(b" ")
            if rest.upper().startswith(b"CAPABILITY"):
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
            else:
                self.wfile.write(tag + b" NO refused: " + rest)


@pytest.fixture
def quoting() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Quoting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_server_that_quotes_our_sign_in_does_not_bring_the_password_into_the_error(
    quoting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "open-sesame-2016")
    settings = Mailbox(port=quoting, security="none", user="intake", password_env="SECRET")
    with (
        pytest.raises(MailboxError, match="refused the sign-in") as refused,
        open_imap("m", settings),
    ):
        pass
    assert "open-sesame" not in str(refused.value)
