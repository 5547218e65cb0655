"""Signals that end a program, and processes that leave them to whoever started them."""

from __future__ import annotations

import signal

ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Those that this system has."""


def leave_endings_to_starter() -> None:
    """Ignore them: terminals and systemd send them to all processes, and the one that started this one ends it."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
