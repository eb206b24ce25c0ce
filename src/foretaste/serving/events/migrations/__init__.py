"""The schema's versions, for Alembic; run when a store is opened."""
