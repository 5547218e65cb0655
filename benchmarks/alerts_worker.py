"""A watch that does nothing but alerts, to be killed: ``PYTHON benchmarks/alerts_worker.py OUTBOX FIRST EVERY URL...``.

Each address is a channel: the first is delivered at least once, the second at most once. From person FIRST on it takes
an alert every EVERY seconds, and prints the person's number as soon as the alert is on disk. With ``-`` for EVERY it
takes none, and ends when nothing is on its way.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from masquerade.live.alerts import Alerts, AlertsConfig, Outbox
from masquerade.live.alerts.kinds import WebhookConfig
from masquerade.live.types import Event

DELIVERIES = ("at-least-once", "at-most-once")


def described(urls: list[str]) -> AlertsConfig:
    """A channel for each address, quick to try again."""
    return AlertsConfig(
        channels={
            delivery: WebhookConfig.model_validate(
                {"kind": "webhook", "url": url, "delivery": delivery, "retry_first": 0.05, "retry_most": 0.5}
            )
            for delivery, url in zip(DELIVERIES, urls, strict=False)
        }
    )


def main(outbox: str, first: str, every: str, *urls: str) -> None:
    """Take alerts until somebody kills it, or deliver what is left."""
    with Alerts(described(list(urls)), Outbox(Path(outbox)), say=lambda _: None) as alerts:
        if every == "-":
            while any(row.pending or not row.delivers for row in alerts.report().channels):
                time.sleep(0.02)
            return
        person = int(first)
        while True:
            event = Event(time.monotonic(), "alert", person, "without_mask")
            alerts.take(event, at=datetime.now(UTC), source="door")
            assert not alerts.report().unwritten  # noqa: S101
            sys.stdout.write(f"{person}\n")
            sys.stdout.flush()
            person += 1
            time.sleep(float(every))


if __name__ == "__main__":
    main(*sys.argv[1:])
