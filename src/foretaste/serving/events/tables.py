"""The tables as queries see them; the migrations make them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, String, Table, Text

from foretaste.serving.events.event import LONGEST_ID

METADATA = MetaData()

Id = String(LONGEST_ID)
Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts by itself only in a column declared INTEGER."""

EVENTS = Table(
    "events",
    METADATA,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("event_id", Id, nullable=False, unique=True),
    Column("user_id", Id, nullable=False),
    Column("item_id", Id, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("kind", Id, nullable=False),
    Column("rating", Float(53)),
    Index("events_of_user", "user_id", "timestamp", "seq"),
    Index("events_by_time", "timestamp"),
)
"""One row for each event; ``seq`` is the order of arrival, ``timestamp`` milliseconds since 1970."""

ITEM_CHANGES = Table(
    "item_changes",
    METADATA,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("item_id", Id, nullable=False),
    Column("attributes", Text),
    Column("timestamp", BigInteger, nullable=False),
    Index("changes_of_item", "item_id", "seq"),
)
"""Items that came by HTTP (``attributes`` as JSON) or went (NULL), in order; the last word on an item holds."""
