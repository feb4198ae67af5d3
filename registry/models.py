"""The tables of the registry.

Rows are read and written through SQLAlchemy Core; what leaves `queries.py` are the frozen
values of `rows.py`. The database itself keeps the promises that matter most: a place on a
server is known once, a mail is answered by one letter, a number is given once, a paper
record belongs to one dossier, and events are only ever added (triggers in the migrations).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class Instant(TypeDecorator[datetime]):
    """A moment in time: aware in Python, UTC without offset in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

call_version = Table(
    "call_version",
    metadata,
    Column("id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("kept_at", Instant, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("last", Integer, nullable=False),
)

mail = Table(
    "mail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String, index=True),
    Column("size", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("spam", Boolean, nullable=False),
    Column("message_id", String, nullable=False, default="", index=True),
    Column("in_reply_to", String, nullable=False, default=""),
    Column("references", JSON, nullable=False, default=list),
    Column("sender", String, nullable=False, default="", index=True),
    Column("sender_name", String, nullable=False, default=""),
    Column("cc", JSON, nullable=False, default=list),
    Column("subject", Text, nullable=False, default=""),
    Column("sent_at", Instant),
    Column("excerpt", Text, nullable=False, default=""),
    Column("links", JSON, nullable=False, default=list),
    Column("unread", JSON, nullable=False, default=list),
    Column("absent", JSON, nullable=False, default=list, server_default=text("'[]'")),
    Column("besides", JSON, nullable=False, default=list, server_default=text("'[]'")),
    Column("scans", JSON, nullable=False, default=list, server_default=text("'[]'")),
    Column("more_follows", Boolean, nullable=False, default=False),
    Column("submission_like", Boolean, nullable=False, default=False),
    Column("machine", String, nullable=False, default=""),
    Column("answer_to", String, nullable=False, default="", server_default=""),
    Column("authentication", JSON),
    Column("fate", String, nullable=False, index=True),
    Column("reason", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("duplicate_of", Integer, ForeignKey("mail.id")),
    Column("assigned", String),
    Column("wants_answer", Boolean, nullable=False, default=False, index=True),
    Column("old", Boolean, nullable=False, default=False),
    Column("read_at", Instant),
)

place = Table(
    "place",
    metadata,
    Column("mailbox", String, primary_key=True),
    Column("folder", String, primary_key=True),
    Column("uidvalidity", Integer, primary_key=True),
    Column("uid", Integer, primary_key=True),
    Column("mail_id", Integer, ForeignKey("mail.id"), nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("done", Boolean, nullable=False, default=False),
    Column("again", Boolean, nullable=False, default=False, server_default=text("0")),
)

unreadable = Table(
    "unreadable",
    metadata,
    Column("mailbox", String, primary_key=True),
    Column("folder", String, primary_key=True),
    Column("uidvalidity", Integer, primary_key=True),
    Column("uid", Integer, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("tried_at", Instant, nullable=False),
)

folder = Table(
    "folder",
    metadata,
    Column("mailbox", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("uidvalidity", Integer),
    Column("first_read_at", Instant),
    Column("last_read_at", Instant),
    Column("on_server", Integer),
    Column("error", Text, nullable=False, default=""),
    Column("error_at", Instant),
    Column("error_kind", String, nullable=False, default="", server_default=""),
    Column("progress_at", Instant),
)

mail_server = Table(
    "mail_server",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("error", Text, nullable=False),
    Column("error_kind", String, nullable=False),
    Column("error_at", Instant, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("key", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("told_at", Instant),
    Column("over_at", Instant),
)

paper = Table(
    "paper",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("register_no", String, nullable=False, default="", index=True),
    Column("received_on", Date),
    Column("name", String, nullable=False),
    Column("name_form", String, nullable=False, index=True),
    Column("core", String, nullable=False, index=True),
    Column("secretariat", String, nullable=False, default=""),
    Column("secretariat_form", String, nullable=False, default="", index=True),
    Column("recommender", String, nullable=False, default=""),
    Column("copies", Integer),
    Column("copies_text", String, nullable=False, default="", server_default=""),
    Column("sealed", Boolean),
    Column("sealed_text", String, nullable=False, default=""),
    Column("recommended", Boolean),
    Column("recommended_text", String, nullable=False, default=""),
    Column("contact", String, nullable=False, default=""),
    Column("mobile", String, nullable=False, default=""),
    Column("email", String, nullable=False, default=""),
    Column("remark", Text, nullable=False, default=""),
    Column("columns", JSON, nullable=False, default=list),
    Column("sheet", String, nullable=False, default=""),
    Column("row", Integer, nullable=False, default=0),
    Column("imported_at", Instant, nullable=False),
    Column("gone", Boolean, nullable=False, default=False),
    Column("number_said", String, index=True),
)

dossier = Table(
    "dossier",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String, nullable=False, unique=True),
    Column("call_id", String, nullable=False),
    Column("call_version", Integer, nullable=False),
    Column("name", String, nullable=False, default=""),
    Column("name_form", String, nullable=False, default="", index=True),
    Column("core", String, nullable=False, default="", index=True),
    Column("secretariat", String, nullable=False, default=""),
    Column("secretariat_form", String, nullable=False, default="", index=True),
    Column("recommender", String, nullable=False, default=""),
    Column("sender", String, nullable=False, default=""),
    Column("received_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("judged_revision", Integer, nullable=False, default=0),
    Column("status", String, nullable=False, index=True),
    Column("review", JSON, nullable=False, default=list),
    Column("flags", JSON, nullable=False, default=list),
    Column("due", Date),
    Column("completed_at", Instant),
    Column("withdrawn", Boolean, nullable=False, default=False),
    Column("merged_into", String, nullable=False, default="", server_default=""),
    Column("paper_id", Integer, ForeignKey("paper.id"), unique=True),
    Column("paper_match", String, nullable=False, default=""),
    Column("bases", JSON),
)

mail_dossier = Table(
    "mail_dossier",
    metadata,
    Column("mail_id", Integer, ForeignKey("mail.id"), primary_key=True),
    Column("dossier_id", Integer, ForeignKey("dossier.id"), primary_key=True, index=True),
    Column("stranger", Boolean, nullable=False, default=False),
)

document = Table(
    "document",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dossier_id", Integer, ForeignKey("dossier.id"), nullable=False, index=True),
    Column("mail_id", Integer, ForeignKey("mail.id"), index=True),
    Column("kind", String, nullable=False),
    Column("path", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("media_type", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String, nullable=False, index=True),
    Column("pages", Integer),
    Column("problem", String, nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("version", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("filed_at", Instant, nullable=False),
    Column("added_by", String, nullable=False, default=""),
    Column("part", Integer, nullable=False, default=0, server_default=text("0")),
    Column("first_page", Integer),
    Column("scan", String, nullable=False, default="", server_default=""),
    Column("seals", JSON, nullable=False, default=list, server_default=text("'[]'")),
)

scan = Table(
    "scan",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("media_type", String, nullable=False),
    Column("filename", Text, nullable=False),
    Column("pages", Integer),
    Column("state", String, nullable=False, index=True),
    Column("asked_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("content", JSON),
)

link_settlement = Table(
    "link_settlement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mail_id", Integer, ForeignKey("mail.id"), nullable=False, index=True),
    Column("dossier_id", Integer, ForeignKey("dossier.id")),
    Column("url", Text, nullable=False, index=True),
    Column("fetched", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", String, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("dossier_id", "url"),
)

finding = Table(
    "finding",
    metadata,
    Column("dossier_id", Integer, ForeignKey("dossier.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("id", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("document", Text, nullable=False, default=""),
    Column("page", Integer),
    Column("quote", Text, nullable=False, default=""),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dossier_id", Integer, ForeignKey("dossier.id"), nullable=False, index=True),
    Column("finding", String, nullable=False),
    Column("document", Text, nullable=False, default=""),
    Column("outcome", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("basis", String, nullable=False),
    Column("who", String, nullable=False),
    Column("at", Instant, nullable=False),
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dossier_id", Integer, ForeignKey("dossier.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("name", String, nullable=False, default=""),
    Column("secretariat", String, nullable=False, default=""),
    Column("evidence", JSON, nullable=False, default=list),
)

refusal = Table(
    "refusal",
    metadata,
    Column("dossier_id", Integer, ForeignKey("dossier.id"), primary_key=True),
    Column("paper_id", Integer, ForeignKey("paper.id"), primary_key=True),
)

dossier_refusal = Table(
    "dossier_refusal",
    metadata,
    Column("dossier_id", Integer, ForeignKey("dossier.id"), primary_key=True),
    Column("other_id", Integer, ForeignKey("dossier.id"), primary_key=True),
)

alias = Table(
    "alias",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("left", String, nullable=False, index=True),
    Column("right", String, nullable=False, index=True),
    Column("who", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("why", String, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", String, nullable=False, default=""),
)

letter = Table(
    "letter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("notice", Boolean, nullable=False),
    Column("to", JSON, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("message_id", String, nullable=False, unique=True),
    Column("in_reply_to", String, nullable=False, default=""),
    Column("references", JSON, nullable=False, default=list),
    Column("state", String, nullable=False, index=True),
    Column("reason", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("in_doubt", Integer, nullable=False, default=0, server_default=text("0")),
    Column("next_try_at", Instant),
    Column("queued_at", Instant, nullable=False, index=True),
    Column("sent_at", Instant),
)

letter_mail = Table(
    "letter_mail",
    metadata,
    Column("mail_id", Integer, ForeignKey("mail.id"), primary_key=True),
    Column("letter_id", Integer, ForeignKey("letter.id"), nullable=False, index=True),
)

restoration = Table(
    "restoration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("restored_at", Instant, nullable=False),
)

letter_dossier = Table(
    "letter_dossier",
    metadata,
    Column("letter_id", Integer, ForeignKey("letter.id"), primary_key=True),
    Column("dossier_id", Integer, ForeignKey("dossier.id"), primary_key=True, index=True),
    Column("revision", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("notice_kind", String),
    Column("bases", JSON),
    UniqueConstraint("dossier_id", "notice_kind", "revision"),
)

letter_point = Table(
    "letter_point",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("letter_id", Integer, ForeignKey("letter.id"), nullable=False, index=True),
    Column("dossier_id", Integer, ForeignKey("dossier.id"), nullable=False, index=True),
    Column("finding", String, nullable=False),
    Column("document", Text, nullable=False, default=""),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("what", String, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("dossier_id", Integer, ForeignKey("dossier.id"), index=True),
    Column("mail_id", Integer, ForeignKey("mail.id"), index=True),
    Column("letter_id", Integer, ForeignKey("letter.id"), index=True),
)

account = Table(
    "account",
    metadata,
    Column("name", String, primary_key=True),
    Column("password", String, nullable=False),
    Column("admin", Boolean, nullable=False, default=False),
    Column("reader", Boolean, nullable=False, default=False, server_default=text("0")),
    Column("disabled", Boolean, nullable=False, default=False, server_default=text("0")),
    Column("shut_outs", Integer, nullable=False, default=0, server_default=text("0")),
    Column("created_at", Instant, nullable=False),
)

spent = Table(
    "spent",
    metadata,
    Column("nonce", String, primary_key=True),
    Column("until", Instant, nullable=False),
)

Index("ix_mail_received", mail.c.received_at, mail.c.id)
Index("ix_mail_scans", mail.c.id, sqlite_where=text("scans != '[]'"))
Index("ix_mail_links", mail.c.id, sqlite_where=text("links != '[]'"))
WAITS_FOR_PERSON = (
    "read_at IS NULL AND (+fate IN ('noted', 'quarantined')"
    " OR (+fate = 'unrelated' AND submission_like) OR (+fate = 'filed' AND reason != ''))"
)
"""Of the table `mail`: what a person has to look at, in the very words of its index.

The plus keeps SQLite from the index on fates, of which most mail has the same.
"""
Index(
    "ix_mail_waits",
    *(mail.c[each] for each in ("id", "fate", "reason", "submission_like", "read_at")),
    sqlite_where=text(WAITS_FOR_PERSON),
)
Index(
    "ix_dossier_marked", dossier.c.id, sqlite_where=dossier.c.revision > dossier.c.judged_revision
)
Index("ix_mail_duplicate_of", mail.c.duplicate_of)
Index("ix_letter_kind", letter.c.kind, letter.c.queued_at)
Index(
    "ix_letter_dossier_last",
    letter_dossier.c.dossier_id,
    letter_dossier.c.letter_id,
    letter_dossier.c.revision,
)
Index("ix_letter_waiting", letter.c.next_try_at, sqlite_where=letter.c.state == "queued")
Index("ix_event_what", event.c.what, event.c.id)
