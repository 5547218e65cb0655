"""Outages: each is told once, however often attempts fail and work while it lasts."""

from __future__ import annotations

from collections.abc import Mapping

CALM_SECONDS = 5.0
"""Seconds without trouble after which an outage is over."""
OUTBOX = ""
"""What the outbox is called among the names of channels; no channel can be called so."""


class Outages:
    """What is out of order, by name. It begins with the first trouble and is over after some calm.

    Attributes:
        reasons: of what is out of order now, why; never changed, but replaced.
    """

    def __init__(self, calm: float = CALM_SECONDS) -> None:
        """Take the seconds of calm after which an outage is over."""
        self.reasons: Mapping[str, str] = {}
        self._calm = calm
        self._well_since: dict[str, float] = {}

    def update(self, now: float, troubles: Mapping[str, str]) -> list[tuple[str, str]]:
        """Take in how things are.

        Args:
            now: seconds of a clock that never goes back.
            troubles: by name, what is wrong; empty where nothing is.

        Returns:
            Name and reason of each outage that begins; an empty reason where one is over.
        """
        reasons, changes = dict(self.reasons), []
        for name, reason in troubles.items():
            if reason:
                self._well_since.pop(name, None)
                if name not in reasons:
                    changes.append((name, reason))
                reasons[name] = reason
            elif name in reasons and now - self._well_since.setdefault(name, now) >= self._calm:
                del reasons[name], self._well_since[name]
                changes.append((name, ""))
        self.reasons = reasons
        return changes


def in_words(name: str, reason: str) -> str:
    """Say that an outage begins, or is over where there is no reason."""
    if name == OUTBOX:
        if reason:
            return f"alerts are kept in memory, for the outbox cannot be used: {reason}"
        return "alerts are written into the outbox again"
    return f"alerts to {name} do not go out: {reason}" if reason else f"alerts to {name} go out again"
