"""Alerts through apprise: mail, chats, telephones."""

from __future__ import annotations

from masquerade.errors import AlertsInvalid
from masquerade.live.alerts.channels.extra import need
from masquerade.live.alerts.kinds import AppriseConfig
from masquerade.live.alerts.messages import message_of, title_of
from masquerade.live.alerts.types import Alert, DeliveryFailed


class AppriseChannel:
    """Sends alerts to one service, one notification an attempt."""

    def __init__(self, config: AppriseConfig, language: str) -> None:
        """Make a channel.

        Raises:
            ExtraMissing: apprise is not installed.
            AlertsInvalid: apprise does not know such an address.
        """
        apprise = need("apprise", "mail, chats and telephones")
        self._language, self._timeout = language, config.timeout
        self._warning = apprise.NotifyType.WARNING
        self._services = apprise.Apprise()
        if not self._services.add(config.url.get_secret_value()):
            raise AlertsInvalid(f"url: apprise knows no such address as {config.goes_to}")

    def send(self, alert: Alert) -> None:
        """Hand an alert to the service.

        Raises:
            DeliveryFailed: the service did not say that it has it; it may have, for apprise does not tell why.
        """
        result = self._services.notify(
            body=message_of(alert, self._language),
            title=title_of(alert, self._language),
            notify_type=self._warning,
            timeout=self._timeout,
        )
        if not result:
            raise DeliveryFailed("the service did not take it")

    def close(self) -> None:
        """Let go of the service."""
        self._services.clear()
