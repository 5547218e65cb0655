"""Watching: frames in, people, events and counts out."""

from masquerade.live.watching.observer import Observer, ObserverRecipe
from masquerade.live.watching.rates import Rates
from masquerade.live.watching.snapshot import Counts, Snapshot
from masquerade.live.watching.watch import FrameSource, Reporter, Sink, Summary, Watch

__all__ = [
    "Counts",
    "FrameSource",
    "Observer",
    "ObserverRecipe",
    "Rates",
    "Reporter",
    "Sink",
    "Snapshot",
    "Summary",
    "Watch",
]
