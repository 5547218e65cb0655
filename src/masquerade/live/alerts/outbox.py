"""The outbox: alerts on their way, in a SQLite file that outlives the process."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from masquerade.errors import OutboxUnusable
from masquerade.files import lock_file, make_folder, refuse_folder
from masquerade.live.alerts.storage import identity, open_base, steady, transaction
from masquerade.live.alerts.types import Alert

BY_OPEN = "INDEXED BY open_deliveries"
"""SQLite would go through all that was ever sent instead, for it does not know how few are open."""
UNREADABLE = "it cannot be read"
MAYBE_SENT = "the process ended while it was being sent; it may have arrived"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way to one channel.

    Attributes:
        alert: the alert.
        number: its number in this outbox.
        channel: name of the channel.
        state: ``pending``, ``sending``, ``sent``, ``failed`` or ``expired``.
        attempts: how often it was tried.
        due: Unix time before which it is not tried.
        expires: Unix time from which it is of no use.
        changed: Unix time of the last change.
        reason: why it was not sent so far; without secrets.
    """

    alert: Alert
    number: int
    channel: str
    state: str
    attempts: int
    due: float
    expires: float
    changed: float
    reason: str


class Outbox:
    """Alerts and what became of them. Safe to use from several threads and processes.

    A method that returns has its change on disk.

    Attributes:
        path: the file.
        clock: gives the Unix time that all its times are in.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] | None = None) -> None:
        """Open an outbox, or begin one; ``clock`` is by default ``steady``.

        Raises:
            OutboxUnusable: it cannot be opened, is no outbox, or a newer version made it.
            DestinationUnusable: its folder cannot be made, or it is a folder.
        """
        self.path = path
        self.clock = clock or steady()
        self._mutex = threading.RLock()
        self._locks: dict[str, FileIO] = {}
        refuse_folder(path)
        make_folder(path.parent)
        self._closed = False
        with self._told():
            self._base, self._file = open_base(path), identity(path)

    def _there(self) -> sqlite3.Connection:
        """Give the open file; opened anew where somebody moved or removed it, for what is written there is lost."""
        if self._file != identity(self.path) and not self._closed:
            base = open_base(self.path)
            self._base.close()
            self._base, self._file = base, identity(self.path)
        return self._base

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise OutboxUnusable(
                f"{self.path}: {reason}", hint="name a place that is writable and has room (setting alerts_outbox)"
            ) from error

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on disk afterwards, or nothing."""
        with self._mutex, self._told(), transaction(self._there()) as base:
            yield base

    def add(self, alert: Alert, channels: Mapping[str, float]) -> None:
        """Write an alert; when this returns, it survives the process and a loss of power.

        Args:
            alert: the alert; one that is there already is left as it is.
            channels: by name of the channel, seconds after which the alert is of no use there.

        Raises:
            OutboxUnusable: it cannot be written, and was not.
        """
        now = self.clock()
        with self._change() as base:
            row = base.execute(
                "INSERT INTO alerts (id, written, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING number",
                (alert.id, now, json.dumps(alert.to_dict(), ensure_ascii=False)),
            ).fetchone()
            if row is not None:
                base.executemany(
                    "INSERT INTO deliveries (alert, channel, state, due, expires, changed)"
                    " VALUES (?, ?, 'pending', ?, ?, ?)",
                    [(row[0], channel, now, now + seconds, now) for channel, seconds in channels.items()],
                )

    def head(self, channel: str) -> Delivery | None:
        """Give the oldest alert that is still on its way to a channel, due or not.

        Raises:
            OutboxUnusable: the file cannot be read.
        """
        where = "d.channel = ? AND d.state IN ('pending', 'sending') ORDER BY d.alert LIMIT 1"
        while rows := self._rows(where, (channel,), BY_OPEN):
            found = _delivery(rows[0])
            if found is not None:
                return found
            self._changed(
                "UPDATE deliveries SET state = 'failed', changed = ?, reason = ? WHERE channel = ? AND alert = ?",
                (self.clock(), UNREADABLE, channel, rows[0][1]),
            )
        return None

    def rows(self, *states: str) -> list[Delivery]:
        """Give all deliveries in these states that can be read, oldest first.

        Raises:
            OutboxUnusable: the file cannot be read.
        """
        marks = ", ".join("?" * len(states))
        found = map(_delivery, self._rows(f"d.state IN ({marks}) ORDER BY d.alert, d.channel", states))
        return [one for one in found if one is not None]

    def _rows(self, where: str, values: tuple[str, ...], index: str = "") -> list[tuple[Any, ...]]:
        columns = "a.body, d.alert, d.channel, d.state, d.attempts, d.due, d.expires, d.changed, d.reason"
        query = f"SELECT {columns} FROM deliveries d {index} JOIN alerts a ON a.number = d.alert WHERE {where}"  # noqa: S608
        with self._mutex, self._told():
            return self._there().execute(query, values).fetchall()

    def begin(self, delivery: Delivery) -> None:
        """Note that it is about to be sent, for a channel that must not have it twice.

        Raises:
            OutboxUnusable: it cannot be noted.
        """
        self._set(delivery, "sending", attempts=delivery.attempts, due=delivery.due, reason="")

    def sent(self, delivery: Delivery) -> None:
        """Note that the other side has it.

        Raises:
            OutboxUnusable: it cannot be noted.
        """
        self._set(delivery, "sent", attempts=delivery.attempts + 1, due=delivery.due, reason="")

    def again(self, delivery: Delivery, wait: float, reason: str) -> None:
        """Note that it is to be tried again after ``wait`` seconds.

        Raises:
            OutboxUnusable: it cannot be noted.
        """
        self._set(delivery, "pending", attempts=delivery.attempts + 1, due=self.clock() + wait, reason=reason)

    def failed(self, delivery: Delivery, reason: str) -> None:
        """Note that it is not tried any more.

        Raises:
            OutboxUnusable: it cannot be noted.
        """
        self._set(delivery, "failed", attempts=delivery.attempts + 1, due=delivery.due, reason=reason)

    def _set(self, delivery: Delivery, state: str, *, attempts: int, due: float, reason: str) -> None:
        with self._change() as base:
            base.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, due = ?, changed = ?, reason = ?"
                " WHERE channel = ? AND alert = ?",
                (state, attempts, due, self.clock(), reason, delivery.channel, delivery.number),
            )

    def expire(self) -> int:
        """Give up what is of no use any more; returns how many deliveries.

        Raises:
            OutboxUnusable: it cannot be noted.
        """
        now = self.clock()
        return self._changed(
            f"UPDATE deliveries {BY_OPEN} SET state = 'expired', changed = ?"  # noqa: S608
            " WHERE state IN ('pending', 'sending') AND state = 'pending' AND expires <= ?",
            (now, now),
        )

    def recover(self, channel: str) -> int:
        """Park what was being sent when its process ended, where that may not be done twice; returns how many.

        Raises:
            OutboxUnusable: it cannot be noted.
        """
        return self._changed(
            "UPDATE deliveries SET state = 'failed', changed = ?, reason = ? WHERE state = 'sending' AND channel = ?",
            (self.clock(), MAYBE_SENT, channel),
        )

    def revive(self, seconds: float) -> int:
        """Put what failed or expired back on its way, to be of use for ``seconds``; returns how many deliveries.

        Raises:
            OutboxUnusable: it cannot be noted.
        """
        now = self.clock()
        return self._changed(
            "UPDATE deliveries SET state = 'pending', due = ?, expires = ?, changed = ?, attempts = 0"
            " WHERE state IN ('failed', 'expired')",
            (now, now + seconds, now),
        )

    def sweep(self, keep_days: float) -> int:
        """Remove alerts that are that old and of no use any more; returns how many.

        Raises:
            OutboxUnusable: they cannot be removed.
        """
        return self._changed(
            "DELETE FROM alerts WHERE written < ? AND NOT EXISTS (SELECT 1 FROM deliveries"
            " WHERE alert = number AND state IN ('pending', 'sending') AND expires > ?)",
            (self.clock() - keep_days * 86400, self.clock()),
        )

    def _changed(self, order: str, values: tuple[float | str, ...]) -> int:
        """Change rows; gives how many."""
        with self._change() as base:
            return base.execute(order, values).rowcount

    def counts(self) -> dict[str, dict[str, int]]:
        """Count deliveries, by channel and state.

        Raises:
            OutboxUnusable: the file cannot be read.
        """
        with self._mutex, self._told():
            rows = (
                self._there()
                .execute("SELECT channel, state, count(*) FROM deliveries GROUP BY state, channel")
                .fetchall()
            )
        found: dict[str, dict[str, int]] = {}
        for channel, state, count in rows:
            found.setdefault(channel, {})[state] = count
        return found

    def may_deliver(self, channel: str) -> bool:
        """Tell whether this is the process that delivers to a channel; it is until it ends, where no other was."""
        if channel not in self._locks:
            try:
                lock = self.path.with_name(f"{self.path.name}.{channel}.lock").open("a+b", buffering=0)
            except OSError:
                return False
            if not lock_file(lock):
                lock.close()
                return False
            self._locks[channel] = lock
        return True

    def orphans(self, channels: Collection[str]) -> dict[str, int]:
        """Count what waits for channels beside these, to which no other process delivers either.

        Raises:
            OutboxUnusable: the file cannot be read.
        """
        waiting = {name: states.get("pending", 0) for name, states in self.counts().items() if name not in channels}
        return {name: count for name, count in waiting.items() if count and self._is_free(name)}

    def _is_free(self, channel: str) -> bool:
        free = self.may_deliver(channel)
        if free:
            self._locks.pop(channel).close()
        return free

    def close(self) -> None:
        """Close the file and let another process deliver; closing twice is no mistake."""
        with self._mutex:
            self._closed = True
            self._base.close()
            for lock in self._locks.values():
                lock.close()
            self._locks.clear()


def _delivery(row: tuple[Any, ...]) -> Delivery | None:
    """Give a row as a delivery; None where its alert cannot be read."""
    try:
        return Delivery(Alert.from_dict(json.loads(row[0])), *row[1:])
    except (ValueError, KeyError, TypeError):
        return None
