"""The kinds of channels, as the file of alerts describes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from masquerade.live.alerts.courier import Pace

Delivery = Literal["at-least-once", "at-most-once"]
Positive = Annotated[float, Field(gt=0, le=7 * 86400, allow_inf_nan=False)]
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
OURS = frozenset({"content-type", "content-length", "host", "idempotency-key"})
TOPIC = re.compile(r"[^/+#\x00\s][^+#\x00\s]*[^/+#\x00\s]|[^/+#\x00\s]")
DEVICE = re.compile(r"[A-Za-z0-9_-]{1,60}")


class ChannelConfig(BaseModel):
    """What all kinds have in common; times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    extra: ClassVar[str] = ""
    """The package beyond the base install that the kind needs; empty where it needs none."""

    delivery: Delivery = "at-least-once"
    expire_after: Positive = 3600.0
    retry_first: Positive = 1.0
    retry_most: Positive = 60.0
    timeout: Annotated[float, Field(gt=0, le=120, allow_inf_nan=False)] = 10.0

    @property
    def pace(self) -> Pace:
        """How the channel is tried again."""
        return Pace(self.retry_first, self.retry_most, self.delivery == "at-most-once")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text of the channel that must not be seen."""
        return ()

    @property
    def goes_to(self) -> str:
        """Where alerts go, in words without secrets."""
        return ""


class SoundConfig(ChannelConfig):
    """A chime at this machine. One that comes late is of no use, one that comes twice disturbs."""

    kind: Literal["sound"]
    delivery: Delivery = "at-most-once"
    expire_after: Positive = 15.0
    volume: Annotated[float, Field(gt=0, le=1)] = 0.8

    @property
    def goes_to(self) -> str:
        """Where alerts go, in words."""
        return "this machine's loudspeaker"


class WebhookConfig(ChannelConfig):
    """A POST request with a JSON body."""

    extra: ClassVar[str] = "httpx"

    kind: Literal["webhook"]
    url: SecretStr
    secret: SecretStr | None = None
    headers: dict[str, SecretStr] = {}
    ca_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _is_web(cls, url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value())
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("expected an address that begins with https:// or http:// and names a host")
        return url

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            text = value.get_secret_value()
            if not HEADER.fullmatch(name) or not text.isascii() or not text.isprintable():
                raise ValueError(f"{name!r} and its value must be plain ASCII")
            if name.lower() in OURS or name.lower().startswith("webhook-"):
                raise ValueError(f"{name!r} is set by masquerade itself")
        return headers

    @field_validator("secret")
    @classmethod
    def _is_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            from masquerade.live.alerts.channels.signing import key_of  # noqa: PLC0415 - only where there is one

            key_of(secret.get_secret_value())
        return secret

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text of the channel that must not be seen."""
        given = [self.url, *self.headers.values(), *([self.secret] if self.secret else [])]
        return tuple(value.get_secret_value() for value in given)

    @property
    def goes_to(self) -> str:
        """Where alerts go: the host alone, for the rest of an address may be secret."""
        parts = urlsplit(self.url.get_secret_value())
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}/..."

    @property
    def is_plain(self) -> bool:
        """Whether anybody on the way can read it: no TLS, and not on this machine."""
        parts = urlsplit(self.url.get_secret_value())
        return parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}


class MqttConfig(ChannelConfig):
    """A broker, with discovery by Home Assistant."""

    extra: ClassVar[str] = "aiomqtt"

    kind: Literal["mqtt"]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tls: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    topic: str = "masquerade/door"
    name: Annotated[str, Field(min_length=1, max_length=100)] = "Door"
    device: str = ""
    discovery: bool = True
    discovery_prefix: str = "homeassistant"

    @field_validator("topic", "discovery_prefix")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        if not TOPIC.fullmatch(topic) or topic.startswith("$"):
            raise ValueError("expected a topic without wildcards or spaces that neither begins nor ends with /")
        return topic

    @field_validator("device")
    @classmethod
    def _is_device(cls, device: str) -> str:
        if device and not DEVICE.fullmatch(device):
            raise ValueError("expected letters, digits, _ and -")
        return device

    @property
    def device_id(self) -> str:
        """What Home Assistant tells the device by."""
        return self.device or re.sub(r"[^A-Za-z0-9_-]+", "_", self.topic)[:60]

    @property
    def port_used(self) -> int:
        """The port, or the usual one."""
        return self.port or (8883 if self.tls else 1883)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text of the channel that must not be seen."""
        return (self.password.get_secret_value(),) if self.password else ()

    @property
    def goes_to(self) -> str:
        """Where alerts go, in words."""
        return f"mqtt{'s' if self.tls else ''}://{self.host}:{self.port_used}, topic {self.topic}"

    @property
    def is_plain(self) -> bool:
        """Whether a password goes over the network for anybody to read."""
        return bool(self.password) and not self.tls and self.host not in {"localhost", "127.0.0.1", "::1"}


class AppriseConfig(ChannelConfig):
    """One service of the many that apprise knows: mail, Telegram, Matrix, Slack."""

    extra: ClassVar[str] = "apprise"

    kind: Literal["apprise"]
    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_one(cls, url: SecretStr) -> SecretStr:
        if "://" not in url.get_secret_value():
            raise ValueError("expected an address of apprise, such as tgram://TOKEN/CHAT")
        return url

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text of the channel that must not be seen."""
        return (self.url.get_secret_value(),)

    @property
    def goes_to(self) -> str:
        """Where alerts go: the service alone."""
        return f"{self.url.get_secret_value().split('://', 1)[0]}://..."


AnyChannel = Annotated[SoundConfig | WebhookConfig | MqttConfig | AppriseConfig, Field(discriminator="kind")]
"""A channel of any kind, told by its ``kind``."""
SECRET_FIELDS = ("url", "secret", "password", "headers")
"""Fields that may be read from a file of their own."""
