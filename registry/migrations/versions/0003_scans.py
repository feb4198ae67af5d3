"""Scans that are read, and the seals on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from registry.models import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
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

    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scan", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("seals", sa.JSON(), server_default="[]", nullable=False))

    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scans", sa.JSON(), server_default="[]", nullable=False))
        batch_op.create_index(
            "ix_mail_scans", ["id"], unique=False, sqlite_where=sa.text("scans != '[]'")
        )
