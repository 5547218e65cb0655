"""How alerts are doing, for programs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """How a channel is doing.

    Attributes:
        name: its name.
        kind: its kind.
        pending: alerts on their way.
        failed: alerts that are not tried any more.
        delivers: whether this process is the one that delivers to it.
        trouble: why the last attempt failed; empty when it did not.
        up: whether it is in order: false from the first trouble until it was in order for some seconds.
        expired: alerts that were given up unsent, for they are of no use any more.
    """

    name: str
    kind: str
    pending: int
    failed: int
    delivers: bool
    trouble: str
    up: bool = True
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """How alerts are doing.

    Attributes:
        channels: each channel.
        unwritten: alerts that are kept in memory, for the outbox cannot be written.
        lost: alerts that were given up for want of memory to keep them in.
        trouble: why the outbox cannot be used; empty when it can.
    """

    channels: tuple[ChannelReport, ...] = ()
    unwritten: int = 0
    lost: int = 0
    trouble: str = ""

    @property
    def pending(self) -> int:
        """Alerts on their way, each counted once a channel, and those in memory."""
        return self.unwritten + sum(channel.pending for channel in self.channels)

    @property
    def failed(self) -> int:
        """Alerts that are not tried any more, each counted once a channel."""
        return sum(channel.failed for channel in self.channels)

    @property
    def expired(self) -> int:
        """Alerts that were given up unsent, each counted once a channel."""
        return sum(channel.expired for channel in self.channels)
