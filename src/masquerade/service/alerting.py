"""Alerts of a service: of its own camera, and of the browsers that send their camera's frames."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from masquerade.live.alerts import (
    Alerts,
    AlertsConfig,
    AlertsSink,
    Episodes,
    Report,
    Spacing,
    alerts_config,
    open_alerts,
)

if TYPE_CHECKING:
    from pathlib import Path

    from masquerade.live import Frame, StateChange
    from masquerade.live.sources import Source
    from masquerade.live.watching import Snapshot
    from masquerade.service.kiosk.session import Sees
    from masquerade.service.metrics import Metrics

log = logging.getLogger("masquerade.service")
BROWSER = "kiosk"
"""What the camera of a browser is called in an alert, with the key's name where there is one."""


class Alerting:
    """One outbox for all cameras of a service. Without a file of alerts it does nothing."""

    def __init__(self, file: Path | None) -> None:
        """Take the file of alerts that was named; None for that of the setting. Nothing is opened yet."""
        self._file = file
        self._config: AlertsConfig | None = None
        self._alerts: Alerts | None = None
        self._spacing: Spacing | None = None
        self._camera_spacing: Spacing | None = None
        self._lock = threading.Lock()
        self._sources: set[str] = set()

    def open(self) -> None:
        """Read the file, open the outbox and begin to deliver; a second time does nothing.

        Raises:
            AlertsInvalid, ExtraMissing, OutboxUnusable: they cannot be used.
        """
        if self._alerts is not None:
            return
        config = alerts_config(self._file, recorded=False, warn=lambda warning: log.warning("%s", warning))
        if config is not None:
            self._alerts = open_alerts(config, log.warning)
            self._config, least = config, config.episodes.least_between
            self._spacing, self._camera_spacing = Spacing(least), Spacing(least)

    def close(self) -> None:
        """Give what is on its way some seconds to get out, then end; a second time does nothing."""
        if self._alerts is not None:
            self._alerts.close()

    @property
    def tells(self) -> bool:
        """Whether alerts go to anybody."""
        return self._config is not None and bool(self._config.channels)

    def sink(self, source: Source) -> AlertsSink | None:
        """Give where alerts of the service's own camera go; a film sends some only when the file was named."""
        return self._alerts.sink(source.label) if self._alerts is not None and self._sends(source) else None

    def episodes_of(self, source: Source) -> Episodes:
        """Give what tells of alerts of the service's own camera; a watch begun anew keeps ``least_between``."""
        if self._config is None or not self._sends(source):
            return Episodes()
        return Episodes(self._config.episodes, None if source.recorded else self._camera_spacing)

    def _sends(self, source: Source) -> bool:
        return not source.recorded or self._file is not None

    def episodes(self) -> Episodes:
        """Give what tells of alerts of one browser; all browsers together make one every ``least_between`` seconds."""
        return Episodes(None if self._config is None else self._config.episodes, self._spacing)

    @contextmanager
    def browser(self, caller: str, make: Callable[[], Sees]) -> Iterator[Callable[[], Sees]]:
        """Let the alerts of one browser go out while it sends frames.

        Args:
            caller: who sends them, as ``Caller.name``.
            make: makes an observer.

        Returns:
            What makes an observer whose alerts go out.
        """
        alerts = self._alerts
        if alerts is None:
            yield make
            return
        kind, _, name = caller.partition(":")
        source = self._take(f"{BROWSER} {name}" if kind == "key" else BROWSER)
        try:
            yield lambda: _Alerted(make(), alerts, source)
        finally:
            with self._lock:
                self._sources.discard(source)

    def _take(self, name: str) -> str:
        """Give a name that no other browser has now: with a number where there are several."""
        with self._lock:
            source, number = name, 1
            while source in self._sources:
                number += 1
                source = f"{name} {number}"
            self._sources.add(source)
            return source

    def to_dict(self) -> dict[str, str] | None:
        """Give whether alerts go out, and why not, as in ``/ready``; None where there are none."""
        if self._alerts is None:
            return None
        outages = self._alerts.outages
        reason = "; ".join(f"{name or 'outbox'}: {reason}" for name, reason in sorted(outages.items()))
        return {"state": "failing" if outages else "working", "reason": reason}

    def measure(self, metrics: Metrics) -> None:
        """Add the figures of alerts to the metrics; one look at the outbox each time they are asked for."""
        metrics.together(lambda: _figures(Report() if self._alerts is None else self._alerts.report()))


class _Alerted:
    """An observer whose alerts go into the outbox."""

    def __init__(self, observer: Sees, alerts: Alerts, source: str) -> None:
        self._observer, self._alerts, self._source = observer, alerts, source

    def see(self, frame: Frame) -> Snapshot:
        snapshot = self._observer.see(frame)
        for event in snapshot.events:
            self._alerts.take(event, at=datetime.now(UTC), source=self._source)
        return snapshot

    def state_changed(self, change: StateChange) -> Snapshot:
        return self._observer.state_changed(change)


def _figures(report: Report) -> list[Metric]:
    channels = GaugeMetricFamily(
        "masquerade_alerts_channel_up", "1 while alerts go out through the channel.", labels=["channel"]
    )
    for channel in report.channels:
        channels.add_metric([channel.name], float(channel.up))
    return [
        channels,
        GaugeMetricFamily(
            "masquerade_alerts_outbox_up", "1 while alerts are safe on disk.", value=float(not report.trouble)
        ),
        GaugeMetricFamily("masquerade_alerts_pending", "Alerts that wait to be sent.", value=report.pending),
        GaugeMetricFamily("masquerade_alerts_failed", "Alerts that are not tried any more.", value=report.failed),
        GaugeMetricFamily("masquerade_alerts_expired", "Alerts that were of no use any more.", value=report.expired),
        CounterMetricFamily("masquerade_alerts_lost", "Alerts that could not be kept.", value=report.lost),
    ]
