"""Certificates of network cameras: who is trusted, and what is said of those that are not."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from masquerade.live.sources.addresses import SCHEMES
from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from masquerade.live.sources.options import SourceOptions


def context(options: SourceOptions) -> ssl.SSLContext:
    """Whom to trust: ``ca_file`` alone where it is given, else the system's certificates."""
    made = ssl.create_default_context(cafile=options.ca_file or None)
    if not options.verify_tls:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def check(target: str, options: SourceOptions) -> None:
    """Shake hands with a host once, and let go.

    ffmpeg checks who signed a certificate, but compares it with names of hosts alone, not with numbers; and it
    does not say what is wrong.

    Raises:
        NotOpened: the host does not answer, or its certificate is not trusted.
    """
    parts = urlsplit(target)
    where = (parts.hostname, parts.port or SCHEMES[parts.scheme])
    try:
        with (
            socket.create_connection(where, options.open_timeout) as line,
            context(options).wrap_socket(line, server_hostname=parts.hostname),
        ):
            return
    except (OSError, UnicodeError) as error:
        raise NotOpened(words(error)) from error


def words(error: object) -> str:
    """Say in words what went wrong."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection: {error.reason or error}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
