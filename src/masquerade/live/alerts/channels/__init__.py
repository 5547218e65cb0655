"""The ways out, made from what the file of alerts says."""

from __future__ import annotations

from collections.abc import Callable

from masquerade.errors import MasqueradeError
from masquerade.live.alerts.kinds import AnyChannel, AppriseConfig, MqttConfig, SoundConfig
from masquerade.live.alerts.types import Channel


def make_channel(
    name: str, config: AnyChannel, language: str, on_ready: Callable[[], object] = lambda: None
) -> Channel:
    """Make a channel.

    Args:
        name: its name, for errors.
        config: what it is.
        language: language of its words.
        on_ready: called when the other side is back, by channels that notice.

    Raises:
        ExtraMissing: the package that it needs is not installed.
        AlertsInvalid: it cannot be made as it is described.
    """
    try:
        return _make(config, language, on_ready)
    except MasqueradeError as error:
        raise type(error)(f"channel {name}: {error.message}", hint=error.hint) from None


def _make(config: AnyChannel, language: str, on_ready: Callable[[], object]) -> Channel:
    if isinstance(config, SoundConfig):
        from masquerade.live.alerts.channels.sound import Sound  # noqa: PLC0415 - each kind only where it is used

        return Sound(config)
    if isinstance(config, MqttConfig):
        from masquerade.live.alerts.channels.mqtt import Mqtt  # noqa: PLC0415

        return Mqtt(config, language, on_ready=on_ready)
    if isinstance(config, AppriseConfig):
        from masquerade.live.alerts.channels.apprise import AppriseChannel  # noqa: PLC0415

        return AppriseChannel(config, language)
    from masquerade.live.alerts.channels.webhook import Webhook  # noqa: PLC0415

    return Webhook(config, language)
