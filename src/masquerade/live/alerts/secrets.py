"""Secrets of channels: from the environment or a file, and out of every text that is shown."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

VARIABLE = re.compile(r"\$\{([^}]*)\}")
HIDDEN = "***"
SHORTEST = 4
"""Characters from which a part of a secret is hidden of its own; shorter ones would blot out common words."""
LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "apprise",
    "asyncio",
    "mqtt",
    "masquerade.alerts",
    "requests",
    "urllib3.connectionpool",
)
"""Loggers of the libraries in use; some of them write addresses."""


class SecretUnknown(ValueError):
    """A variable is not set, or a file cannot be read; names it, not its content."""


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Put in the values of ``${NAME}``.

    Raises:
        SecretUnknown: a variable is not set or empty.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if not environ.get(name):
            raise SecretUnknown(f"the environment variable {name!r} is not set")
        return environ[name]

    return VARIABLE.sub(value, text)


def read_secret(text: str, folder: Path) -> tuple[str, str]:
    """Read ``file:PATH``; any other text is the secret itself.

    Args:
        text: what the configuration says.
        folder: where a path that is not from the root begins.

    Returns:
        The secret, and a warning where others may read it, else an empty text.

    Raises:
        SecretUnknown: the file cannot be read or is empty.
    """
    if not text.startswith("file:"):
        return text, ""
    path = folder / text.removeprefix("file:")
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SecretUnknown(f"{path} cannot be read: {reason}") from None
    if not secret:
        raise SecretUnknown(f"{path} is empty")
    return secret, f"{path} can be read by others: chmod 600" if readable_by_others(path) else ""


def readable_by_others(path: Path) -> bool:
    """Tell whether the group or everybody may read a file; never so where the system knows no such thing."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


class Redactor(logging.Filter):
    """Takes secrets out of texts, and out of what loggers write."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the secrets; of an address every part but its scheme and host is one."""
        super().__init__()
        parts = {part for secret in secrets for part in _parts(secret)}
        words = sorted((part for part in parts if len(part) >= SHORTEST), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, words)) if words else r"(?!)")

    def clean(self, text: str) -> str:
        """Give a text with stars in place of secrets."""
        return self._pattern.sub(HIDDEN, text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a line of a log; it always passes."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # its words and values do not fit together
            text = str(record.msg)
        record.msg, record.args = self.clean(text), None
        if record.exc_info:
            record.exc_text = self.clean(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True

    def guard(self) -> None:
        """Clean what the libraries in use write into their logs, from now on."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def release(self) -> None:
        """Let the logs be as they were."""
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)


def _parts(secret: str) -> set[str]:
    """A secret in the forms that it may appear in: whole, quoted, and piece by piece where it is an address."""
    whole = {secret, quote(secret), quote(secret, safe=""), unquote(secret), secret.rstrip("/")}
    scheme, separator, rest = secret.partition("://")
    if not separator:
        return whole
    host = _host(secret) if scheme.lower() in {"http", "https"} else ""  # elsewhere it may be a token
    pieces = {piece for piece in re.split(r"[/?&=:@#;,]", rest) if piece.lower() != host}
    return whole | {form for piece in pieces for form in (piece, unquote(piece))}


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
