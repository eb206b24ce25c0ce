"""What Prometheus reads. Labels are few and fixed: no user, item or path of a request is one."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The figures of one service; each app has its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self.requests = Counter("foretaste_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "foretaste_request_seconds", "Time to the answer.", ["route"], registry=self.registry, buckets=SECONDS
        )
        self.in_flight = Gauge("foretaste_requests_in_flight", "Requests being worked on.", registry=self.registry)
        self.batch = Histogram(
            "foretaste_batch_size", "Questions of one forward.", ["model"], registry=self.registry, buckets=SIZES
        )
        self.recommended = Counter(
            "foretaste_recommendations", "Lists given.", ["model", "fallback"], registry=self.registry
        )
        self.events = Counter("foretaste_events", "Events handed in.", ["status"], registry=self.registry)
        self.reloads = Counter("foretaste_reloads", "Models changed.", ["model", "how"], registry=self.registry)

        self._children: dict[tuple[object, ...], Any] = {}

    def child(self, metric: Any, *labels: str) -> Any:
        """The part of a metric with these labels, found once: its own look-up takes a lock and checks every label."""
        found = self._children.get((metric, *labels))
        if found is None:
            found = self._children[(metric, *labels)] = metric.labels(*labels)
        return found

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
