"""Fixtures of the stories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.installation import Installation
from tests.acceptance.killing import Killing, shared_killing
from tests.servers import Dovecot, MailCatcher


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, catcher: MailCatcher) -> Installation:
    """A fresh installation with an empty mailbox; nothing waits (`quiet_period` is 0s)."""
    return Installation(tmp_path, dovecot, catcher)


@pytest.fixture(scope="session")
def killing() -> Killing:
    """Runs the service in processes that can be killed at any point, and start fast."""
    return shared_killing()
