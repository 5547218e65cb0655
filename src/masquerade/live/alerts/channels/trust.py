"""Whose certificates a channel trusts."""

from __future__ import annotations

import ssl
from pathlib import Path

from masquerade.errors import AlertsInvalid


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the certificates of a file, or those of the system.

    Raises:
        AlertsInvalid: the file cannot be read, or holds none.
    """
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise AlertsInvalid(f"ca_file: {ca_file}: {error.strerror or error}") from None
