"""Watching: frames in, people, events and counts out."""

from masquerade.live.watching.observer import Observer, ObserverRecipe
from masquerade.live.watching.snapshot import Counts, Snapshot

__all__ = ["Counts", "Observer", "ObserverRecipe", "Snapshot"]
