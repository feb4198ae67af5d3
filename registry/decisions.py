"""What people decide: each act is one transaction, leaves an event, and marks what it touches.

The daemon judges what is marked; nothing here judges, sends or reads mail.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from config.call import Call
from registry import models as m
from registry import queries
from registry.filing import mark, record
from registry.judge import basis_of
from registry.rows import (
    DocumentState,
    DossierRow,
    Fate,
    Kind,
    LetterRow,
    LetterState,
    Outcome,
    Status,
)

NEW = "new"
"""What a mail is assigned to when it shall become a dossier of its own."""


class RefusedError(Exception):
    """An act that cannot be done as asked; the message, in Chinese, says why and what to do."""
