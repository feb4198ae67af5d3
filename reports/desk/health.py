"""Whether the service is at work: `/healthz` for watchers, `/metrics` for Prometheus.

A mailbox that is not being read also stands as a warning above every page of the desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import Connection

from config.settings import Settings
from registry import queries
from registry.rows import Fate, LetterState, Status

POLLS = 3
"""How many polls may pass before a folder counts as not being read."""

Ailment = Literal["never-read", "late", "error"]


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A configured folder of a mailbox, and what is wrong with reading it, if anything."""

    mailbox: str
    name: str
    ailment: Ailment | None
    last_read_at: datetime | None
    error: str


def folders(connection: Connection, settings: Settings, now: datetime) -> tuple[Folder, ...]:
    """Return every configured folder with how reading it goes."""
    states = {(row.mailbox, row.name): row for row in queries.folder_states(connection)}
    found = []
    for mailbox, box in settings.mailbox.items():
        for name in (*box.folders, *box.spam_folders):
            row = states.get((mailbox, name))
            read_at = row.last_read_at if row else None
            error = row.error if row else ""
            ailment: Ailment | None = None
            if error:
                ailment = "error"
            elif read_at is None:
                ailment = "never-read"
            elif now - read_at > POLLS * box.poll:
                ailment = "late"
            found.append(
                Folder(
                    mailbox=mailbox, name=name, ailment=ailment, last_read_at=read_at, error=error
                )
            )
    return tuple(found)


def report(found: tuple[Folder, ...]) -> dict[str, object]:
    """Return what `/healthz` says; without the servers' words, since anybody may read it."""
    return {
        "status": "unwell" if any(each.ailment for each in found) else "ok",
        "database": "ok",
        "mailboxes": [
            {
                "mailbox": each.mailbox,
                "folder": each.name,
                "status": each.ailment or "ok",
                "last_read_at": each.last_read_at.isoformat(timespec="seconds")
                if each.last_read_at
                else None,
            }
            for each in found
        ],
    }


def metrics(connection: Connection, settings: Settings, now: datetime) -> bytes:
    """Return the counts and ages that Prometheus collects, in its text format."""
    kept = CollectorRegistry()
    _count(kept, "dossiers", "status", Status, queries.count_by_status(connection))
    _count(kept, "mails", "fate", Fate, queries.count_by_fate(connection))
    _count(kept, "letters", "state", LetterState, queries.count_by_state(connection))
    labels = ["mailbox", "folder"]
    age = Gauge("intake_folder_read_age_seconds", "Time since the last read", labels, registry=kept)
    failing = Gauge(
        "intake_folder_unwell", "1 while a folder is not read as it should", labels, registry=kept
    )
    for each in folders(connection, settings, now):
        failing.labels(each.mailbox, each.name).set(each.ailment is not None)
        if each.last_read_at:
            age.labels(each.mailbox, each.name).set((now - each.last_read_at).total_seconds())
    return generate_latest(kept)


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
