"""The HTTP service: FastAPI and uvicorn over engines and an event store."""

from foretaste.core.extras import require

require("fastapi", extra="serve", why="the HTTP service")
require("uvicorn", extra="serve", why="the HTTP service")
require("prometheus_client", extra="serve", why="the HTTP service")
