"""The server's own camera: a watch in a thread, whose snapshots go to the hub. It is begun anew when it fails."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from masquerade.errors import MasqueradeError
from masquerade.live.events import EventLog
from masquerade.live.sources import open_source
from masquerade.live.watching import Observer, Rates, Watch
from masquerade.service.alerting import Alerting
from masquerade.service.going_on import GoingOn
from masquerade.settings import get_settings
from masquerade.wearing.types import LABELS, UNDECIDED

if TYPE_CHECKING:
    from pathlib import Path

    from masquerade.live import Frame
    from masquerade.live.sources import Source
    from masquerade.live.watching import Sink, Snapshot
    from masquerade.service.hub import Hub
    from masquerade.service.metrics import Metrics

log = logging.getLogger("masquerade.service")

PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a watch that failed is begun anew; doubled with each failure."""
LASTED = 60.0
"""Seconds after which a watch is taken to work, and the pauses begin at the shortest."""


class Camera:
    """Watches one source for as long as the service runs. Nobody is identified, no picture is kept."""

    def __init__(
        self, address: str, hub: Hub, *, events: Path | None = None, alerting: Alerting | None = None, **options: Any
    ) -> None:
        """Take what to watch; nothing is opened yet.

        Args:
            address: as for ``open_source``; a film is played at its own pace, again and again.
            hub: where snapshots go.
            events: file of events, appended to.
            alerting: where its alerts go, opened by its owner; by default there are none.
            **options: for ``open_source``.
        """
        self._address, self._hub, self._events, self._alerting = address, hub, events, alerting or Alerting(None)
        self._options = {"realtime": True, "loop": True, **options}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._ending = ExitStack()
        self._sinks: list[Sink] = [hub]
        self._source: Source | None = None
        self._watch: Watch | None = None
        self._log: EventLog | None = None
        self._going_on = GoingOn(())
        self._times = Counter[str]()
        self._trouble = self._last_trouble = ""
        self._restarts = 0

    def add(self, sink: Sink) -> None:
        """Let a sink have the snapshots too; to be called before ``open``."""
        self._sinks.append(sink)

    def open(self) -> None:
        """Open the source and the file of events, or nothing; a second time does nothing.

        Raises:
            SourceInvalid, SourceNotFound, SourceUnreadable: there is nothing to watch.
            EventLogInvalid, DestinationUnusable: the file of events cannot be used.
        """
        if self._source is not None:
            return
        with ExitStack() as ending:
            source = ending.enter_context(open_source(self._address, **self._options))
            sinks = [*self._sinks, _Counter(self._times)]
            if self._events is not None:
                keep_days = get_settings().event_days
                self._log = EventLog(self._events, live=not source.recorded, keep_days=keep_days, say=log.warning)
                ending.callback(self._log.close)
                sinks.append(self._log)
            alerts = self._alerting.sink(source)
            if alerts is not None:
                sinks.append(alerts)
            self._going_on = GoingOn(sinks)
            self._source, self._watch = source, self._new_watch(source)
            self._ending = ending.pop_all()
        self._ending.callback(self._close_source)

    def _new_watch(self, source: Source) -> Watch:
        observer = Observer(episodes=self._alerting.episodes_of(source), clock=None if source.recorded else _now)
        return Watch(source, observer, [self._going_on])

    def start(self) -> None:
        """Begin to watch, in a thread of its own."""
        self._thread.start()

    def _run(self) -> None:
        pause = PAUSE
        try:
            while True:
                began = time.monotonic()
                error = self._watch_once()
                if error is None:
                    return
                if time.monotonic() - began >= LASTED:
                    pause = PAUSE
                self._tell(error, pause)
                if self._stop.wait(pause):
                    return
                pause = min(2 * pause, LONGEST_PAUSE)
                self._restarts += 1
        finally:
            with self._ending:
                self._going_on.end()

    def _watch_once(self) -> Exception | None:
        """Watch until the source ends or it is told to stop; give what it broke off for, None where it did not."""
        try:
            if self._trouble:
                self._source = open_source(self._address, **self._options)
                self._watch = self._new_watch(self._source)
                self._trouble = ""
                log.info("the camera is watched again")
            assert self._watch is not None  # noqa: S101 - opened before it is started
            summary = self._watch.run(self._stop)
        except Exception as error:  # noqa: BLE001 - told and logged by whoever called
            return error
        log.info("the camera is not watched any more: %s", summary.ended or "it was told to end")
        return None

    def _tell(self, error: Exception, pause: float) -> None:
        """Say in the log, in the state and to the sinks that the watch broke off, and let the source go."""
        typed = isinstance(error, MasqueradeError)
        trouble = str(error) if typed else f"{type(error).__name__}, see the log"
        # the same again and again does not fill the disk
        trace = None if typed or trouble == self._last_trouble else error
        log.error("the camera is not watched: %s; begun anew in %g s", trouble, pause, exc_info=trace)
        self._trouble = self._last_trouble = trouble
        self._close_source()
        self._going_on.break_off(trouble)

    def _close_source(self) -> None:
        """Close the source that there is now."""
        if self._source is not None:
            self._source.close()

    def stop(self, within: float) -> None:
        """Stop watching and close everything but the alerts; the thread closes what it uses, however late it ends.

        A second time does nothing.
        """
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread.ident is None:
            self._ending.close()
            return
        self._thread.join(within)
        if self._thread.is_alive():
            log.warning("the camera did not stop in %g s and is left to itself", within)
            self._going_on.mute()

    @property
    def label(self) -> str:
        """The address without secrets."""
        return "" if self._source is None else self._source.label

    @property
    def state(self) -> str:
        """State of the source; ``offline`` while the watch itself has broken off."""
        if self._trouble:
            return "offline"
        return "opening" if self._source is None else self._source.state

    @property
    def reason(self) -> str:
        """Why, in words; empty where all is well."""
        return self._trouble or ("" if self._source is None else self._source.reason)

    def to_dict(self) -> dict[str, str]:
        """Give state and reason, as in ``/ready``."""
        return {"state": self.state, "reason": self.reason}

    def measure(self, metrics: Metrics) -> None:
        """Add the camera's figures to the metrics."""
        metrics.states("camera_state", "1 for the state that the camera is in.", lambda: self.state)
        metrics.gauge("camera_fps", "Frames of the camera looked at in a second.", lambda: self._rates.fps)
        metrics.gauge("camera_lag_p50_seconds", "Median age of a result when it comes.", lambda: self._rates.lag_p50)
        metrics.gauge("camera_lag_p95_seconds", "95 of 100 results are younger.", lambda: self._rates.lag_p95)
        metrics.count("camera_frames", "Frames of the camera looked at.", lambda: self._rates.frames)
        metrics.count("camera_skipped", "Frames that gave way to newer ones.", lambda: self._rates.skipped)
        metrics.count("camera_damaged", "Frames that could not be decoded.", lambda: self._rates.damaged)
        metrics.count("camera_reconnects", "How often it came back.", lambda: max(0, self._times["online"] - 1))
        metrics.count("camera_stalls", "How often it stalled.", lambda: self._times["stalled"])
        metrics.count("camera_losses", "How often it was lost.", lambda: self._times["offline"])
        metrics.count("camera_restarts", "How often a watch that failed was begun anew.", lambda: self._restarts)
        metrics.count("camera_alerts", "Alerts of the camera.", lambda: self._times["alert"])
        metrics.count("camera_entered", "People who entered.", lambda: self._times["entered"])
        metrics.labelled("camera_people", "People in view, by how a mask is worn.", "wearing", self._people)
        metrics.count("events_lost", "Events that could not be written.", lambda: self._log.lost if self._log else 0)

    @property
    def _rates(self) -> Rates:
        return Rates() if self._watch is None else self._watch.rates

    def _people(self) -> dict[str, float]:
        people = self._hub.latest.people if self._hub.latest is not None else ()
        worn = Counter(person.wearing for person in people)
        return {label: float(worn[label]) for label in (*LABELS, UNDECIDED)}


class _Counter:
    """Counts events by their kind."""

    def __init__(self, times: Counter[str]) -> None:
        self._times = times

    def take(self, _frame: Frame | None, snapshot: Snapshot) -> None:
        self._times.update(event.event for event in snapshot.events)

    def close(self) -> None:
        return


def _now() -> datetime:
    return datetime.now().astimezone()
