"""Alerts: when there is one, and how it gets out."""

from masquerade.live.alerts.episodes import EpisodeRecipe, Episodes
from masquerade.live.alerts.quiet import QuietHours

__all__ = ["EpisodeRecipe", "Episodes", "QuietHours"]
