"""Signatures of webhooks after Standard Webhooks 1.0 (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
SHORTEST = 16
"""Bytes of the shortest key."""


def key_of(secret: str) -> bytes:
    """Give the key: of ``whsec_...`` what the base64 says, of any other text its bytes.

    Raises:
        ValueError: it is no base64, or too short to be a secret.
    """
    try:
        coded = secret.startswith(PREFIX)
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if coded else secret.encode()
    except binascii.Error:
        raise ValueError("what follows whsec_ is no base64") from None
    if len(key) < SHORTEST:
        raise ValueError(f"expected a key of at least {SHORTEST} bytes")
    return key


def signature_of(key: bytes, identifier: str, seconds: int, body: bytes) -> str:
    """Sign a request.

    Args:
        key: the key that sender and receiver know.
        identifier: id of the alert.
        seconds: Unix time at which it is sent.
        body: the body, byte for byte.

    Returns:
        The header ``webhook-signature``.
    """
    digest = hmac.new(key, f"{identifier}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"
