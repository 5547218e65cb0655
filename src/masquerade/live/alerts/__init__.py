"""Alerts: when there is one, and how it gets out."""

from masquerade.live.alerts.alerts import Alerts
from masquerade.live.alerts.config import AlertsConfig, load_alerts
from masquerade.live.alerts.episodes import EpisodeRecipe, Episodes, Spacing
from masquerade.live.alerts.opening import alerts_config, open_alerts
from masquerade.live.alerts.outbox import Outbox
from masquerade.live.alerts.quiet import QuietHours
from masquerade.live.alerts.report import ChannelReport, Report
from masquerade.live.alerts.sink import AlertsSink
from masquerade.live.alerts.types import Alert, Channel, DeliveryFailed, Door

__all__ = [
    "Alert",
    "Alerts",
    "AlertsConfig",
    "AlertsSink",
    "Channel",
    "ChannelReport",
    "DeliveryFailed",
    "Door",
    "EpisodeRecipe",
    "Episodes",
    "Outbox",
    "QuietHours",
    "Report",
    "Spacing",
    "alerts_config",
    "load_alerts",
    "open_alerts",
]
