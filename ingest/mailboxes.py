"""Opening a configured mailbox, of whatever kind it is."""

from __future__ import annotations

from contextlib import AbstractContextManager

from config.settings import Mailbox
from ingest.source import Source


def open_mailbox(name: str, settings: Mailbox) -> AbstractContextManager[Source]:
    """Return the mailbox, to be entered with `with`, which connects and signs in.

    Entering raises MailboxError when it cannot be opened.
    """
    if settings.kind == "maildir":
        from ingest.maildir import open_maildir

        return open_maildir(name, settings)
    from ingest.imap import open_imap

    return open_imap(name, settings)
