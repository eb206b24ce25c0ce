"""Events, and items that came or went.

The columns are written out here, not read from ``tables.py``: a version that has been released never changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes both tables."""
    op.create_table(
        "events",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(256), nullable=False, unique=True),
        sa.Column("user_id", sa.String(256), nullable=False),
        sa.Column("item_id", sa.String(256), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(256), nullable=False),
        sa.Column("rating", sa.Float(53)),
    )
    op.create_index("events_of_user", "events", ["user_id", "timestamp", "seq"])
    op.create_index("events_by_time", "events", ["timestamp"])
    op.create_table(
        "item_changes",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("item_id", sa.String(256), nullable=False),
        sa.Column("attributes", sa.Text),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
    )
    op.create_index("changes_of_item", "item_changes", ["item_id", "seq"])


def downgrade() -> None:
    """Drops both tables."""
    op.drop_table("item_changes")
    op.drop_table("events")
