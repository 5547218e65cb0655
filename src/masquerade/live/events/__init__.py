"""The log of events: JSON lines, kept for as long as the settings say."""

from masquerade.live.events.log import EventLog

__all__ = ["EventLog"]
