"""What an address names, and how it is shown without the secrets in it."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from masquerade.errors import SourceInvalid, SourceNotFound, SourceUnreadable

SCHEMES = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
"""Schemes of addresses that are read, with the port that each has by itself."""
FILM_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ogv", ".webm"})
"""An HTTP address that ends so is a film, not a camera."""
HIDDEN = "***"
PLAIN_KEYS = frozenset(
    {"camera", "channel", "fps", "height", "id", "profile", "resolution", "stream", "subtype", "width"}
)
"""Keys of a query whose values tell cameras apart and are no secrets."""
PLAIN_VALUE = re.compile(r"[A-Za-z0-9.:_x-]{0,16}")
IN_PATH = re.compile(
    r"(?i)((?:user|usr|login|password|passwd|pwd|pass|token|key|auth|secret)=)(.+?)(?=_channel=|_stream=|_password=|[&/;]|$)"
)
RANDOM = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_-]{16,}")
SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]*)://")
DEVICE = re.compile(r"/dev/video(\d+)")
USER = re.compile(r"//[^/\s@]*@")


class Kind(StrEnum):
    """What a source is."""

    FILM = "film"
    WEBCAM = "webcam"
    NETWORK = "network"
    FOLDER = "folder"
    STDIN = "stdin"


@dataclass(frozen=True, slots=True)
class Address:
    """One source.

    Attributes:
        kind: what it is.
        target: what the reader opens; may hold secrets.
        label: what is shown.
        secrets: parts of ``target`` that nobody is to see.
    """

    kind: Kind
    target: str = field(repr=False)
    label: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def scrub(self, text: str) -> str:
        """Take the address and its secrets out of a text."""
        if "://" not in self.target:
            return text
        text = USER.sub("//", text.replace(self.target, self.label))
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def parse_address(address: str) -> Address:
    """Tell what an address names.

    Raises:
        SourceInvalid: nothing is named so; the message repeats no secret.
        SourceNotFound: a path that leads nowhere.
        SourceUnreadable: a path to something that is neither a file nor a folder, or may not be read.
    """
    if not address or "\0" in address:
        raise SourceInvalid("an empty address, or one with a zero byte", hint="name a film, a folder or a camera")
    if address == "-":
        return Address(Kind.STDIN, "-", "standard input")
    if scheme := SCHEME.match(address):
        return _network(scheme[0].lower() + address[scheme.end() :], scheme[1].lower())
    number = DEVICE.fullmatch(address)
    if number or (address.isascii() and address.isdigit()):
        index = int(number[1] if number else address)
        if index > 999:
            raise SourceInvalid(f"webcam {index}", hint="webcams are counted from 0; ./NAME names a file")
        return Address(Kind.WEBCAM, str(index), f"webcam {index}")
    return _path(address)


def _path(address: str) -> Address:
    path = Path(address).expanduser()
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise SourceNotFound(f"{address} leads nowhere", hint="expected a film, a folder or a camera") from None
    except OSError as error:
        raise SourceUnreadable(f"{address}: {error.strerror or error}") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceUnreadable(
            f"{address} is neither a file nor a folder", hint="read a pipe through standard input: - < PIPE"
        )
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        raise SourceUnreadable(f"{address} may not be read")
    if stat.S_ISREG(mode) and path.stat().st_size == 0:
        raise SourceUnreadable(f"{address} is empty")
    # An absolute path is never taken for a protocol of ffmpeg's, as "concat:..." would be.
    kind = Kind.FOLDER if stat.S_ISDIR(mode) else Kind.FILM
    return Address(kind, os.path.abspath(path), address)  # noqa: PTH100 - Path.absolute keeps ".."


def _network(address: str, scheme: str) -> Address:
    if scheme not in SCHEMES:
        raise SourceInvalid(f"{scheme}:// cannot be read", hint=f"expected {', '.join(f'{s}://' for s in SCHEMES)}")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = None, None
    if parts is None or not parts.hostname or re.search(r"\s", address):
        raise SourceInvalid(
            f"the {scheme}:// address has no host, or a port that is none",
            hint="expected SCHEME://USER:PASSWORD@HOST:PORT/PATH; write @ / : ? # in a password as %40 %2F %3A %3F %23",
        )
    film = scheme.startswith("http") and Path(parts.path).suffix.lower() in FILM_SUFFIXES
    label, secrets = _shown(parts, scheme, port)
    return Address(Kind.FILM if film else Kind.NETWORK, address, label, secrets)


def _shown(parts: SplitResult, scheme: str, port: int | None) -> tuple[str, tuple[str, ...]]:
    """Give the label of an address, and what was taken out of it, the longest first."""
    secrets = {parts.username or "", parts.password or "", parts.fragment}
    path, found = _shown_path(parts.path)
    secrets |= found
    query = []
    for part in filter(None, parts.query.split("&")):
        key, equals, value = part.partition("=")
        if key.lower() in PLAIN_KEYS and PLAIN_VALUE.fullmatch(value):
            query.append(part)
        else:
            query.append(f"{key}={HIDDEN}" if equals else HIDDEN)
            secrets.add(value if equals else key)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    label = f"{scheme}://{host}{f':{port}' if port else ''}{path}{'?' if query else ''}{'&'.join(query)}"
    secrets |= {unquote(secret) for secret in secrets}
    # Shorter ones would garble every text; the whole address and what stands before its @ go in any case.
    return label, tuple(sorted((secret for secret in secrets if len(secret) >= 3), key=len, reverse=True))


def _shown_path(path: str) -> tuple[str, set[str]]:
    secrets: set[str] = set()

    def hide(match: re.Match[str]) -> str:
        secrets.add(match[2])
        return match[1] + HIDDEN

    parts = IN_PATH.sub(hide, path).split("/")
    secrets |= {part for part in parts if RANDOM.fullmatch(part)}
    return "/".join(HIDDEN if RANDOM.fullmatch(part) else part for part in parts), secrets
