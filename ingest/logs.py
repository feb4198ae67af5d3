"""What is logged: lines with the mail they concern, for people or as JSON, and nobody's data.

Addresses, telephone and identity numbers and persons' names are masked in whatever is
logged, also in what servers said and in tracebacks. What staff need of them stands at the
desk, which a log line points to by the ids of mail, dossier and letter.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any

MASK = "***"

_HAN = r"\u3400-\u9fff"
_TITLES = "先生|女士|小姐|老师|同志"
_LABELS = "联系人|经办人|负责人|法定代表人|法人代表|姓名|收件人|发件人"
_MASKED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (rf'(?:"[^"\n]+"|[{_HAN}·]+)(?=\s*<[^<>\s]+@)', MASK),  # a name before its address
        (r"[^\s<>\"'(),;:=\[\]，；：（）]+@([\w-]+(?:\.[\w-]+)*)", rf"{MASK}@\1"),
        (r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])", MASK),  # 身份证号
        (r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])", MASK),
        (r"(?<![0-9A-Za-z])\(?0\d{2,3}\)?[ -]?\d{7,8}(?:-\d{1,6})?(?![0-9A-Za-z])", MASK),
        (rf"((?:{_LABELS})\s*[:：]?\s*)[{_HAN}·]{{2,15}}", rf"\1{MASK}"),
        (rf"[{_HAN}]{{1,4}}(?=(?:{_TITLES}))", MASK),
    )
)
_WORDS = re.compile(rf"[{_HAN}·]+")

_concerned: ContextVar[Mapping[str, object]] = ContextVar("concerned", default=MappingProxyType({}))


def mask(text: str) -> str:
    """Return a text without addresses, numbers of persons and, as far as they show, names."""
    for pattern, put in _MASKED:
        text = pattern.sub(put, text)
    return text


@contextmanager
def concerning(*, mails: Iterable[int] = (), **ids: int) -> Iterator[None]:
    """Let every line logged in this block bear the ids of what it concerns."""
    about = {"mails": list(mails)} if mails else {}
    token = _concerned.set({**_concerned.get(), **about, **ids})
    try:
        yield
    finally:
        _concerned.reset(token)


class Lines(logging.Formatter):
    """A line for people: when, how grave, where, what it concerns, and what happened."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, masked, with a traceback under it where there is one."""
        about = _in_brackets(_concerned.get())
        text = f"{self.formatTime(record)} {record.levelname} {record.name}{about}: "
        text += mask(record.getMessage())
        trace = _trace(self, record)
        return f"{text}\n{trace}" if trace else text


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `where`, `mails`, `dossier`, `letter`, `says`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, masked."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created)
            .astimezone()
            .isoformat("T", "milliseconds"),
            "level": record.levelname.lower(),
            "where": record.name,
            **_concerned.get(),
            "says": mask(record.getMessage()),
        }
        trace = _trace(self, record)
        return json.dumps(told | ({"trace": trace} if trace else {}), ensure_ascii=False)


def _in_brackets(about: Mapping[str, object]) -> str:
    parts = [
        f"mail {' '.join(map(str, value))}" if isinstance(value, list) else f"{key} {value}"
        for key, value in about.items()
    ]
    return f" [{', '.join(parts)}]" if parts else ""


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the traceback, without the words of its errors, which may quote an applicant."""
    if not record.exc_info:
        return ""
    lines = formatter.formatException(record.exc_info).splitlines()
    return "\n".join(
        mask(each if each.startswith(" ") else _WORDS.sub(MASK, each)) for each in lines
    )


def begin(level: int, *, as_json: bool) -> None:
    """Log to standard error from now on, whatever ends a thread included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else Lines())
    logging.basicConfig(handlers=[handler], level=level)
    for noisy in ("imapclient", "pdfminer", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It would warn of each stage that takes longer than its clock ticks.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    # It would complain of each server that says something in Chinese.
    logging.getLogger("imapclient.util").setLevel(logging.ERROR)
    threading.excepthook = _ended


def go_on_as_json() -> None:
    """Log as JSON from now on, since the configuration says so."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, Lines):
            handler.setFormatter(JsonLines())


def _ended(told: threading.ExceptHookArgs) -> None:
    name = told.thread.name if told.thread else "a thread"
    trace: TracebackType | None = told.exc_traceback
    error = told.exc_value or told.exc_type()
    logging.getLogger(__name__).critical("%s ended", name, exc_info=(told.exc_type, error, trace))
