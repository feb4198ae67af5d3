"""`intake doctor`: tries each part for real and says what to do about it."""

from __future__ import annotations

import errno
import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from config.settings import Settings, SettingsError, Smtp
from ingest.house import known_calls, refuse_unsupported
from ingest.mailboxes import open_mailbox
from ingest.outbox import MailServerError, open_server
from ingest.source import MailboxError
from parsers.sandbox import Sandbox, SandboxError
from parsers.submission import File, Problem
from parsers.unpack import tools
from registry.database import RegistryError, open_registry
from registry.health import free_bytes

ANSWERS_WITHIN = 5
"""Seconds that a running desk may take to say that it is one."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What trying one part gave; `says` is what was found, or what to do."""

    part: str
    ok: bool
    says: str


def examine(settings: Settings) -> list[Result]:
    """Try configuration, calls, data folder, database, sandbox, desk, mailboxes and mail server."""
    fixed: list[tuple[str, Callable[[Settings], str]]] = [
        ("configuration", _configuration),
        ("calls", _calls),
        ("center", _center),
        ("data folder", _data_folder),
        ("database", _database),
        ("sandbox", _sandbox),
        ("desk", _desk),
        ("mail server", _mail_server),
    ]
    results = [_try(part, act, settings) for part, act in fixed]
    if alarms := settings.alarms.smtp:
        results.append(_try("mail server of alarms", lambda _: _hands_over(alarms), settings))
    if not settings.mailbox:
        says = "none is configured; add a [mailbox.main] table"
        results.append(Result(part="mailbox", ok=False, says=says))
    results += [
        _try(f"mailbox {name}", partial(_mailbox, name), settings) for name in settings.mailbox
    ]
    results.append(_try("scans (ocr)", _ocr, settings))
    return results + list(_optional())


def _try(part: str, act: Callable[[Settings], str], settings: Settings) -> Result:
    try:
        return Result(part=part, ok=True, says=act(settings))
    except (SettingsError, RegistryError, SandboxError, MailboxError, MailServerError) as error:
        return Result(part=part, ok=False, says=str(error))
    except OSError as error:
        return Result(part=part, ok=False, says=f"{error.strerror}: {error.filename}")


def _configuration(settings: Settings) -> str:
    refuse_unsupported(settings)
    return f"read; letters: {settings.receipts.mode}"


def _calls(settings: Settings) -> str:
    calls = known_calls(settings)
    return ", ".join(f"{each.id} version {each.version}" for each in calls.values())


def _center(settings: Settings) -> str:
    """Letters name whom to call; nothing real is shipped."""
    center = settings.center
    asked = {"phone": center.phone, "address": center.address, "email": center.email}
    blank = ", ".join(key for key, value in asked.items() if not value)
    if blank:
        message = f"fill in [center] {blank}: letters tell applicants where to turn"
        raise SettingsError(message)
    return f"{center.name}, {center.phone}"


def _data_folder(settings: Settings) -> str:
    folder = settings.service.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(b"intake")
        file.flush()
        os.fsync(file.fileno())
    free = free_bytes(folder)
    if free < settings.alarms.free_bytes:
        message = f"{folder}: only {free >> 20} MiB are free; make room"
        raise SettingsError(message)
    return f"{folder}, {free >> 30} GiB free"


def _database(settings: Settings) -> str:
    registry = open_registry(settings.service.data_dir)
    try:
        with registry.read() as connection:
            sound = connection.exec_driver_sql("PRAGMA quick_check").scalar()
    finally:
        registry.close()
    if sound != "ok":
        message = f"the registry is damaged ({sound}); restore a backup"
        raise RegistryError(message)
    return "sound"


def _sandbox(settings: Settings) -> str:
    with (
        tempfile.TemporaryDirectory() as work,
        Sandbox(settings.limits, Path(work)) as sandbox,
    ):
        if sandbox.isolated:
            return "children start; no network"
    return (
        "children start; their network is not cut off: this system refuses network namespaces; "
        "where it can be, allow them (`sysctl user.max_user_namespaces`, or the container's policy)"
    )


def _desk(settings: Settings) -> str:
    """Listen where the desk will; that it is taken by the service itself is as it should be."""
    where = f"{settings.desk.host}:{settings.desk.port}"
    try:
        socket.create_server((settings.desk.host, settings.desk.port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_desk(settings):
            return f"{where}, the desk is running"
        message = f"desk.port: {where} cannot be listened on ({error.strerror}); "
        message += "end what uses it, or choose another desk.port"
        raise SettingsError(message) from error
    return f"{where} is free"


def _is_desk(settings: Settings) -> bool:
    """Whether what answers at the desk's port is a desk."""
    every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised here, not listened on
    host = every.get(settings.desk.host, settings.desk.host)
    asking = HTTPConnection(host, settings.desk.port, timeout=ANSWERS_WITHIN)
    try:
        asking.request("GET", "/healthz")
        return "status" in json.loads(asking.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        asking.close()


def _mail_server(settings: Settings) -> str:
    return _hands_over(settings.smtp)


def _hands_over(smtp: Smtp) -> str:
    with open_server(smtp) as server:
        server.noop()
    return f"{smtp.host}:{smtp.port} answers; letters come from {smtp.address}"


def _mailbox(name: str, settings: Settings) -> str:
    with open_mailbox(name, settings.mailbox[name]) as source:
        told = []
        for folder in source.folders():
            source.select(folder)
            told.append(f"{folder} {len(source.uids())} mails")
    return ", ".join(told)


def _ocr(settings: Settings) -> str:
    """Read an empty page where the `ocr` extra is there."""
    if settings.ocr.enabled == "off":
        return "switched off: scans go to a person"
    if not settings.ocr.is_on:
        return "not installed: scans go to a person; `make setup OCR=1` has them read"
    from PIL import Image

    limits = settings.limits.model_copy(update={"document_memory": settings.ocr.memory})
    with tempfile.TemporaryDirectory() as work, Sandbox(limits, Path(work), size=1) as sandbox:
        page = Path(work) / "page.png"
        Image.new("L", (1000, 1400), "white").save(page)
        file = File(
            path=page.name,
            filename=page.name,
            media_type="image/png",
            size=page.stat().st_size,
            sha256="",
            source=page,
        )
        content = sandbox.scan(file, pages=1, page_seconds=settings.ocr.page_seconds)
    if content.problem is not Problem.SCAN:  # nothing stands on it
        message = f"the recogniser does not work ({content.problem}: {content.detail})"
        raise SandboxError(message)
    return "the recogniser works"


def _optional() -> Iterator[Result]:
    """Tell of parts that only some files need; without them such files go to a person."""
    for tool, there in tools().items():
        lacking = f"not installed: some .rar go to a person; `apt-get install {tool}` has them read"
        says = "installed" if there else lacking
        yield Result(part=tool, ok=True, says=says)
