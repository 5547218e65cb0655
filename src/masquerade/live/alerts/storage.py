"""The file of an outbox: its tables, its transactions, and the clock that its times are in."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from masquerade.errors import OutboxUnusable

APPLICATION = 0x4D41534B
"""Stands in the file's header, so that no other database is taken for an outbox."""
MIGRATIONS = (
    """
    CREATE TABLE alerts (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        written REAL NOT NULL,
        body TEXT NOT NULL
    );
    CREATE TABLE deliveries (
        alert INTEGER NOT NULL REFERENCES alerts(number) ON DELETE CASCADE,
        channel TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'expired')),
        attempts INTEGER NOT NULL DEFAULT 0,
        due REAL NOT NULL,
        expires REAL NOT NULL,
        changed REAL NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (channel, alert)
    ) WITHOUT ROWID;
    CREATE INDEX open_deliveries ON deliveries (channel, alert) WHERE state IN ('pending', 'sending');
    """,
    "CREATE INDEX states ON deliveries (state, channel)",
)
"""Each brings the file from one version to the next; what was released is never changed."""
BUSY_SECONDS = 5.0


def open_base(path: Path) -> sqlite3.Connection:
    """Open the file, or begin one, and bring it up to date; errors of SQLite and the system pass.

    Raises:
        OutboxUnusable: it is no outbox, or a newer version made it.
    """
    with suppress(FileExistsError):  # others have no business with it
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    base = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _prepare(base, path)
    except BaseException:
        base.close()
        raise
    return base


def _prepare(base: sqlite3.Connection, path: Path) -> None:
    application = base.execute("PRAGMA application_id").fetchone()[0]
    version = base.execute("PRAGMA user_version").fetchone()[0]
    tables = base.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION and (application or version or tables):
        raise OutboxUnusable(f"{path} is a database of another kind", hint="name another file")
    if version > len(MIGRATIONS):
        raise OutboxUnusable(f"{path} was made by a newer version", hint="update masquerade")
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("PRAGMA foreign_keys = ON")
    base.execute("PRAGMA secure_delete = ON")
    if (application, version) == (APPLICATION, len(MIGRATIONS)):
        return  # nothing is written, so that it opens on a full disk, and while another process writes
    with transaction(base):
        version = base.execute("PRAGMA user_version").fetchone()[0]  # another process may have been quicker
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in filter(str.strip, script.split(";")):
                base.execute(statement)
            base.execute(f"PRAGMA user_version = {number}")
        base.execute(f"PRAGMA application_id = {APPLICATION}")


@contextmanager
def transaction(base: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it is on disk afterwards, or nothing."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield base
        base.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back of itself
            base.execute("ROLLBACK")
        raise


def identity(path: Path) -> tuple[int, int]:
    """Tell one file from another of the same name; zeros where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def since_boot() -> float:
    """Give seconds that go on while the machine sleeps, and never jump, where the system knows such."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def steady(now: Callable[[], float] = time.time, running: Callable[[], float] = since_boot) -> Callable[[], float]:
    """Give a clock that shows ``now`` and goes on with ``running``.

    A machine that learns the time of day after its start, as small ones do, makes no alert old by that.
    """
    begin = now() - running()
    return lambda: begin + running()
