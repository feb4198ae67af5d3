"""How the service stands, as `/healthz` tells watchers and `/metrics` tells Prometheus.

Trouble also stands as a warning above every page of the desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import Connection

from registry import queries
from registry.health import Backlog, Folder, Health, Trouble, What
from registry.rows import Fate, LetterState, Status


def report(health: Health) -> dict[str, object]:
    """Return what `/healthz` says; without the servers' words, since anybody may read it."""
    reasons = {each.what: each.why for each in health.troubles if each.what is not What.MAILBOX}
    return {
        "status": "unwell" if health.troubles else "ok",
        "reasons": [_reason(each) for each in health.troubles],
        "database": "ok",
        "mailboxes": [_folder(each) for each in health.folders],
        "mail_server": reasons.get(What.MAIL_SERVER, "ok"),
        "mails": _backlog(health.mails, reasons.get(What.MAILS, "ok")),
        "dossiers": _backlog(health.dossiers, reasons.get(What.DOSSIERS, "ok")),
        "answers": _backlog(health.answers, reasons.get(What.ANSWERS, "ok")),
        "letters": _backlog(health.letters, reasons.get(What.LETTERS, "ok")),
        "disk": reasons.get(What.DISK, "ok"),
    }


def _reason(trouble: Trouble) -> str:
    return f"{' '.join(filter(None, (trouble.what, trouble.name)))}: {trouble.why}"


def _folder(folder: Folder) -> dict[str, object]:
    return {
        "mailbox": folder.mailbox,
        "folder": folder.name,
        "status": folder.ailment or "ok",
        "reason": folder.kind if folder.ailment == "error" else "",
        "last_read_at": _moment(folder.last_read_at),
    }


def _backlog(backlog: Backlog, status: str) -> dict[str, object]:
    return {"status": status, "waiting": backlog.waiting, "oldest": _moment(backlog.oldest)}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def metrics(connection: Connection, health: Health, now: datetime) -> bytes:
    """Return the counts and ages that Prometheus collects, in its text format."""
    kept = CollectorRegistry()
    _count(kept, "dossiers", "status", Status, queries.count_by_status(connection))
    _count(kept, "mails", "fate", Fate, queries.count_by_fate(connection))
    _count(kept, "letters", "state", LetterState, queries.count_by_state(connection))
    in_doubt = queries.count_in_doubt(connection)
    _gauge(kept, "letter_attempts_in_doubt", "Attempts that may have been taken", in_doubt)
    labels = ["mailbox", "folder"]
    age = Gauge("intake_folder_read_age_seconds", "Time since the last read", labels, registry=kept)
    failing = Gauge(
        "intake_folder_unwell", "1 while a folder is not read as it should", labels, registry=kept
    )
    for each in health.folders:
        failing.labels(each.mailbox, each.name).set(each.ailment is not None)
        if each.last_read_at:
            age.labels(each.mailbox, each.name).set((now - each.last_read_at).total_seconds())
    _gauge(kept, "mail_server_unwell", "1 while it takes no letters", health.has(What.MAIL_SERVER))
    _gauge(kept, "disk_free_bytes", "Room where the data lies", health.free_bytes)
    for backlog, name, does in (
        (health.mails, "mail_waiting", "the oldest mail has waited to be filed"),
        (health.dossiers, "dossier_waiting", "the oldest dossier has waited to be judged"),
        (health.answers, "answer_waiting", "the oldest mail has waited in vain for its answer"),
        (health.letters, "letter_waiting", "the oldest letter has waited to be sent"),
    ):
        seconds = (now - backlog.oldest).total_seconds() if backlog.oldest else 0
        _gauge(kept, f"{name}_seconds", f"How long {does}", seconds)
    _gauge(kept, "unwell", "1 while there is any trouble", bool(health.troubles))
    return generate_latest(kept)


def _gauge(kept: CollectorRegistry, name: str, says: str, value: float) -> None:
    Gauge(f"intake_{name}", says, registry=kept).set(value)


def _count(
    kept: CollectorRegistry,
    things: str,
    label: str,
    values: Iterable[StrEnum],
    counts: Mapping[Any, int],
) -> None:
    gauge = Gauge(f"intake_{things}", f"{things.capitalize()} by {label}", [label], registry=kept)
    for value in values:
        gauge.labels(value.value).set(counts.get(value, 0))
