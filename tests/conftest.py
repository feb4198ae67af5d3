"""Fixtures that several test files share; the servers themselves stand in `tests.servers`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import Dovecot, MailCatcher

if TYPE_CHECKING:
    from tests.builders import Intake


# How long it takes to draw examples depends on what else a machine has to do.
settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP server; take a `new_user()` of your own."""
    with Dovecot() as server:
        yield server


@pytest.fixture
def catcher() -> Iterator[MailCatcher]:
    """A real SMTP server that keeps what it is handed."""
    with MailCatcher() as server:
        yield server


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    """A house with an empty registry of its own."""
    from tests.builders import Intake

    opened = Intake(tmp_path / "var")
    yield opened
    opened.registry.close()
