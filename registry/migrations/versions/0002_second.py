"""Scans, links and batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from registry.models import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alarm",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("over_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alarm")),
    )
    op.create_table(
        "alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("left", sa.String(), nullable=False),
        sa.Column("right", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias")),
    )
    with op.batch_alter_table("alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alias_left"), ["left"], unique=False)
        batch_op.create_index(batch_op.f("ix_alias_right"), ["right"], unique=False)

    op.create_table(
        "mail_server",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_kind", sa.String(), nullable=False),
        sa.Column("error_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_server")),
    )
    op.create_table(
        "restoration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("restored_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restoration")),
    )
    op.create_table(
        "scan",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_scan")),
    )
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scan_state"), ["state"], unique=False)

    op.create_table(
        "spent",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_spent")),
    )
    op.create_table(
        "unreadable",
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("uidvalidity", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "mailbox", "folder", "uidvalidity", "uid", name=op.f("pk_unreadable")
        ),
    )
    op.create_table(
        "dossier_refusal",
        sa.Column("dossier_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossier.id"], name=op.f("fk_dossier_refusal_dossier_id")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["dossier.id"], name=op.f("fk_dossier_refusal_other_id")
        ),
        sa.PrimaryKeyConstraint("dossier_id", "other_id", name=op.f("pk_dossier_refusal")),
    )
    op.create_table(
        "link_settlement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fetched", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_id"], ["dossier.id"], name=op.f("fk_link_settlement_dossier_id")
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_link_settlement_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_settlement")),
        sa.UniqueConstraint("dossier_id", "url", name=op.f("uq_link_settlement_dossier_id_url")),
    )
    with op.batch_alter_table("link_settlement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_settlement_mail_id"), ["mail_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_settlement_url"), ["url"], unique=False)

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reader", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("disabled", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("shut_outs", sa.Integer(), server_default="0", nullable=False)
        )

    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("part", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("first_page", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("scan", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("seals", sa.JSON(), server_default="[]", nullable=False))

    with op.batch_alter_table("dossier", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bases", sa.JSON(), nullable=True))

    with op.batch_alter_table("folder", schema=None) as batch_op:
        batch_op.add_column(sa.Column("error_kind", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("progress_at", Instant(), nullable=True))

    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("in_doubt", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index("ix_letter_kind", ["kind", "queued_at"], unique=False)

    with op.batch_alter_table("letter_dossier", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bases", sa.JSON(), nullable=True))
        batch_op.create_index(
            "ix_letter_dossier_last", ["dossier_id", "letter_id", "revision"], unique=False
        )

    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("absent", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("besides", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("scans", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("answer_to", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("authentication", sa.JSON(), nullable=True))
        batch_op.create_index("ix_mail_duplicate_of", ["duplicate_of"], unique=False)
        batch_op.create_index(
            "ix_mail_links", ["id"], unique=False, sqlite_where=sa.text("links != '[]'")
        )
        batch_op.create_index(
            "ix_mail_scans", ["id"], unique=False, sqlite_where=sa.text("scans != '[]'")
        )
        batch_op.create_index(
            "ix_mail_waits",
            ["id", "fate", "reason", "submission_like", "read_at"],
            unique=False,
            sqlite_where=sa.text(
                "read_at IS NULL AND (+fate IN ('noted', 'quarantined') OR (+fate = 'unrelated' AND submission_like) OR (+fate = 'filed' AND reason != ''))"
            ),
        )

    with op.batch_alter_table("paper", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number_said", sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_paper_number_said"), ["number_said"], unique=False)

    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.add_column(sa.Column("again", sa.Boolean(), server_default="0", nullable=False))
