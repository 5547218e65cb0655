"""Figures for Prometheus, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from masquerade.live import STATES
from masquerade.looking import Seen

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What the service counts and measures; nothing tells one person from another."""

    def __init__(self) -> None:
        """Make the registry and what is always in it."""
        self.registry = CollectorRegistry()
        self._requests = self._counter("http_requests", "Requests by route and status.", ["route", "status"])
        self._seconds = Histogram(
            "masquerade_http_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._photos = self._counter("photos", "Photos looked at.")
        self._faces = self._counter("faces", "Faces found in photos, by how a mask is worn.", ["wearing"])
        self._refused = self._counter("photos_refused", "Photos that could not be read, by error code.", ["code"])
        self._looking = Histogram(
            "masquerade_look_seconds", "Time for one photo, decoding included.", buckets=SECONDS, registry=self.registry
        )

    def _counter(self, name: str, what: str, labels: Iterable[str] = ()) -> Counter:
        return Counter(f"masquerade_{name}", what, list(labels), registry=self.registry)

    def request(self, route: str, status: int, took: float) -> None:
        """Count a request; status 0 is one whose client went away."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(took)

    def photo(self, seen: Seen, took: float) -> None:
        """Count a photo and its faces; seconds that it took."""
        self._photos.inc()
        self._looking.observe(took)
        for face in seen:
            self._faces.labels(face.wearing.label).inc()

    def refused(self, code: str) -> None:
        """Count a photo that could not be read."""
        self._refused.labels(code).inc()

    def gauge(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Add a figure that is asked for when the metrics are."""
        self.registry.register(_Asked(lambda: [GaugeMetricFamily(f"masquerade_{name}", what, value=value())]))

    def count(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Add a figure that only grows, and is asked for when the metrics are."""
        self.registry.register(_Asked(lambda: [CounterMetricFamily(f"masquerade_{name}", what, value=value())]))

    def labelled(self, name: str, what: str, label: str, values: Callable[[], dict[str, float]]) -> None:
        """Add a figure for each value of one label."""

        def family() -> list[Metric]:
            figures = GaugeMetricFamily(f"masquerade_{name}", what, labels=[label])
            for key, value in values().items():
                figures.add_metric([key], value)
            return [figures]

        self.registry.register(_Asked(family))

    def together(self, families: Callable[[], list[Metric]]) -> None:
        """Add figures that are asked for in one go."""
        self.registry.register(_Asked(families))

    def states(self, name: str, what: str, state: Callable[[], str]) -> None:
        """Add a state: 1 for the one that holds, 0 for the others."""

        def values() -> dict[str, float]:
            now = state()
            return {known: float(known == now) for known in STATES}

        self.labelled(name, what, "state", values)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Give the metrics and their media type, as ``Accept`` asks for."""
        encode, kind = choose_encoder(accept)
        return encode(self.registry), kind


class _Asked(Collector):
    """Figures that are asked for when the metrics are."""

    def __init__(self, ask: Callable[[], list[Metric]]) -> None:
        self._ask = ask

    def collect(self) -> list[Metric]:
        """Ask."""
        return self._ask()
