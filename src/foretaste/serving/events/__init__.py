"""What people do, kept in a database before it is acknowledged: SQLite by default, PostgreSQL by URL."""

from foretaste.core.extras import require

require("sqlalchemy", extra="serve", why="keeping events")
require("alembic", extra="serve", why="keeping events")
