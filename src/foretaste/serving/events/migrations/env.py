"""Runs the migrations inside the transaction of the connection that the store hands over."""

from __future__ import annotations

from alembic import context

from foretaste.serving.events.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
