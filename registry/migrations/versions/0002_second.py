"""Scans, links and batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("part", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )
        batch_op.add_column(sa.Column("first_page", sa.Integer(), nullable=True))

    with op.batch_alter_table("dossier", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bases", sa.JSON(), nullable=True))

    with op.batch_alter_table("letter_dossier", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bases", sa.JSON(), nullable=True))
