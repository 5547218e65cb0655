"""Alerts on their way into the outbox; what cannot be written is kept in memory, up to a limit."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from masquerade.errors import OutboxUnusable

if TYPE_CHECKING:
    from masquerade.live.alerts.outbox import Outbox
    from masquerade.live.alerts.types import Alert

MOST_UNWRITTEN = 1000
"""Alerts that are kept in memory while the disk is full."""

logger = logging.getLogger("masquerade.alerts")


class Writer:
    """Writes alerts in order; safe to use from several threads.

    Attributes:
        lost: alerts that were given up for want of memory.
        trouble: why the last alert could not be written; empty when it could.
    """

    def __init__(self, outbox: Outbox, expiries: Mapping[str, float], clean: Callable[[str], str]) -> None:
        """Take where to write, for how long an alert is of use by channel, and what takes secrets out of texts."""
        self.lost, self.trouble = 0, ""
        self._outbox, self._expiries, self._clean = outbox, expiries, clean
        self._waiting: deque[Alert] = deque()
        self._mutex = threading.Lock()
        self._writing = threading.Lock()

    def __len__(self) -> int:
        """Count what is not written yet."""
        return len(self._waiting)

    def add(self, alert: Alert) -> None:
        """Keep an alert until it is written; the oldest is given up where there are too many."""
        with self._mutex:
            self._waiting.append(alert)
            if len(self._waiting) > MOST_UNWRITTEN:
                self._waiting.popleft()
                self.lost += 1

    def write(self) -> int:
        """Write what waits, as far as that is possible; give how many alerts are on disk now that were not."""
        with self._writing:
            before, done = self.trouble, 0
            try:
                while (alert := self._next()) is not None:
                    self._outbox.add(alert, self._expiries)
                    self._is_written(alert)
                    done += 1
            except OutboxUnusable as error:
                self.trouble = error.message
            except Exception as error:  # whatever it is, the watch goes on
                if not before:
                    logger.exception("the outbox")
                self.trouble = self._clean(f"{type(error).__name__}: {error}")
            else:
                self.trouble = ""
        return done

    def _next(self) -> Alert | None:
        with self._mutex:
            return self._waiting[0] if self._waiting else None

    def _is_written(self, alert: Alert) -> None:
        with self._mutex:
            if self._waiting and self._waiting[0] is alert:
                self._waiting.popleft()
            else:  # it was given up meanwhile
                self.lost -= 1
