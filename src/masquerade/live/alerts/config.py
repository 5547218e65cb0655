"""The file that says where alerts go, and when there are none."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from masquerade.errors import AlertsInvalid
from masquerade.live.alerts.episodes import EpisodeRecipe
from masquerade.live.alerts.kinds import SECRET_FIELDS, AnyChannel, MqttConfig, WebhookConfig
from masquerade.live.alerts.messages import LANGUAGES
from masquerade.live.alerts.quiet import QuietHours, spans_of
from masquerade.live.alerts.secrets import Redactor, SecretUnknown, expand, read_secret, readable_by_others

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]
DEFAULT = EpisodeRecipe()


class _File(BaseModel):
    """What the file holds, secrets put in."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    language: str = "en"
    time_zone: str = ""
    quiet: tuple[str, ...] = ()
    hold: Seconds = DEFAULT.hold
    clear: Seconds = DEFAULT.clear
    least_between: Seconds = DEFAULT.least_between
    channels: dict[str, AnyChannel] = {}


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """Where alerts go, and when there are any.

    Attributes:
        episodes: when there is an alert.
        channels: where it goes, by name.
        language: language of the words.
        path: the file that says so; None where it was made in Python.
        warnings: what is allowed and not wise.
    """

    episodes: EpisodeRecipe = field(default_factory=EpisodeRecipe)
    channels: Mapping[str, AnyChannel] = field(default_factory=dict)
    language: str = "en"
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    def redactor(self) -> Redactor:
        """Give what takes the secrets of all channels out of texts."""
        return Redactor(secret for channel in self.channels.values() for secret in channel.secrets)


def load_alerts(path: Path, environ: Mapping[str, str] = os.environ) -> AlertsConfig:
    """Read the file of alerts.

    Args:
        path: a TOML file, see ``docs/alerts.md``.
        environ: where ``${NAME}`` is looked up.

    Raises:
        AlertsInvalid: it cannot be read or used; names the file, the channel and the field, and no secret.
    """
    raw = _read(path)
    warnings = _put_in_secrets(path, raw, environ)
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        raise AlertsInvalid(f"{path}: {_problems(error)}", hint="docs/alerts.md lists the fields") from None
    for name, channel in file.channels.items():
        if NAME.fullmatch(name) is None:
            raise AlertsInvalid(f"{path}: channel {name!r}: a name is small letters, digits, - and _")
        if isinstance(channel, WebhookConfig | MqttConfig) and channel.is_plain:
            warnings.append(f"channel {name}: secrets and alerts go unencrypted over the network")
    if file.language not in LANGUAGES:
        raise AlertsInvalid(f"{path}: language: expected one of {', '.join(LANGUAGES)}, got {file.language!r}")
    try:
        quiet = QuietHours(spans_of(file.quiet), _zone(file.time_zone))
    except AlertsInvalid as error:
        raise AlertsInvalid(f"{path}: {error.message}", hint=error.hint) from None
    episodes = EpisodeRecipe(file.hold, file.clear, file.least_between, quiet)
    return AlertsConfig(episodes, file.channels, file.language, path, tuple(warnings))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at (.*)\)", str(error))
        raise AlertsInvalid(f"{path} is no TOML: see {place[1] if place else 'its end'}") from None
    except UnicodeDecodeError:
        raise AlertsInvalid(f"{path} is no text in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise AlertsInvalid(
            f"{path}: {reason}", hint="name the file of alerts (--alerts, setting alerts_file)"
        ) from None


def _put_in_secrets(path: Path, raw: dict[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Replace ``${NAME}`` and ``file:PATH`` in the channels; returns warnings."""
    warnings: list[str] = []
    channels = raw.get("channels")
    literal = False
    for name, channel in channels.items() if isinstance(channels, dict) else ():
        for key, value in channel.items() if isinstance(channel, dict) else ():
            try:
                channel[key], plain = _put_in(key, value, path.parent, environ, warnings)
            except SecretUnknown as error:
                raise AlertsInvalid(f"{path}: channel {name}, {key}: {error}") from None
            literal |= plain
    if literal and readable_by_others(path):
        warnings.append(f"{path} holds secrets and can be read by others: chmod 600, or write ${{NAME}} or file:PATH")
    return warnings


def _put_in(key: str, value: Any, folder: Path, environ: Mapping[str, str], warnings: list[str]) -> tuple[Any, bool]:
    """Give the value of a field with secrets put in, and whether it is a secret that stands in the file itself."""
    if isinstance(value, dict):
        done = {inner: _put_in(key, text, folder, environ, warnings) for inner, text in value.items()}
        return {inner: text for inner, (text, _) in done.items()}, any(plain for _, plain in done.values())
    if not isinstance(value, str):
        return value, False
    expanded = expand(value, environ)
    if key == "ca_file":
        return str(folder / expanded), False
    if key not in SECRET_FIELDS:
        return expanded, False
    secret, warning = read_secret(expanded, folder)
    warnings.extend([warning] if warning else [])
    return secret, secret == value


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{_place(item['loc'])}: {item['msg'].removeprefix('Value error, ')}" for item in error.errors())


def _place(where: tuple[int | str, ...]) -> str:
    """Say which field it is: the channel, and the field in it without the kind that pydantic puts between."""
    if where[0] != "channels" or len(where) < 2:
        return ".".join(map(str, where))
    rest = ".".join(map(str, where[3:]))
    return f"channel {where[1]}" + (f", {rest}" if rest else "")


def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise AlertsInvalid(
            f"time_zone: {name!r} is no time zone that this machine knows", hint="such as Europe/Berlin"
        ) from None
