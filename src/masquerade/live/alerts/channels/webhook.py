"""Alerts as POST requests."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from masquerade.live.alerts.channels.extra import need
from masquerade.live.alerts.channels.signing import key_of, signature_of
from masquerade.live.alerts.channels.trust import trusted
from masquerade.live.alerts.kinds import WebhookConfig
from masquerade.live.alerts.messages import message_of
from masquerade.live.alerts.types import Alert, DeliveryFailed

if TYPE_CHECKING:
    import httpx

LATER = frozenset({408, 429})
"""Answers of the 4xx that do not say that the request is wrong."""


class Webhook:
    """Sends alerts to one address; redirects are not followed, certificates are checked."""

    def __init__(self, config: WebhookConfig, language: str, *, clock: Callable[[], float] = time.time) -> None:
        """Make a channel.

        Raises:
            ExtraMissing: httpx is not installed.
            AlertsInvalid: the file of certificates cannot be used.
        """
        httpx = need("httpx", "webhooks")
        self._config, self._language, self._clock = config, language, clock
        self._key = key_of(config.secret.get_secret_value()) if config.secret else None
        self._url = config.url.get_secret_value()
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            verify=trusted(config.ca_file),
            timeout=config.timeout,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),  # alerts are rare: a kept connection would be stale
            headers={"User-Agent": "masquerade"},
        )

    def send(self, alert: Alert) -> None:
        """Post an alert; any answer of 200 to 299 means that it is there.

        Raises:
            DeliveryFailed: another answer, or none within the time-out.
        """
        self._runner.run(self._post(alert))

    async def _post(self, alert: Alert) -> None:
        import httpx  # noqa: PLC0415 - an extra

        timeout = self._config.timeout
        body = self._body(alert)
        try:
            async with asyncio.timeout(timeout):  # for the whole of it; httpx counts each read anew
                async with self._client.stream(
                    "POST", self._url, content=body, headers=self._headers(alert, body)
                ) as answer:
                    self._judge(answer)
        except (TimeoutError, httpx.TimeoutException) as error:
            surely = isinstance(error, httpx.ConnectTimeout)
            raise DeliveryFailed(f"no answer within {timeout:g} s", surely=surely) from None
        except httpx.ConnectError as error:
            raise DeliveryFailed(f"no connection: {why(error)}", surely=True) from None
        except httpx.HTTPError as error:
            raise DeliveryFailed(f"the connection broke: {type(error).__name__}") from None

    def _body(self, alert: Alert) -> bytes:
        words = {"language": self._language, "message": message_of(alert, self._language)}
        return json.dumps(alert.to_dict() | words, ensure_ascii=False).encode()

    def _headers(self, alert: Alert, body: bytes) -> dict[str, str]:
        headers = {name: value.get_secret_value() for name, value in self._config.headers.items()}
        headers |= {"Content-Type": "application/json", "Idempotency-Key": alert.id}
        if self._key is None:
            return headers
        seconds = int(self._clock())
        signature = signature_of(self._key, alert.id, seconds, body)
        return headers | {
            "webhook-id": alert.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature,
        }

    def _judge(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise DeliveryFailed(
                f"answered {status}, a redirect, which is not followed: name the final address",
                permanent=True,
                surely=True,
            )
        final = 400 <= status < 500 and status not in LATER
        wait = wait_of(answer.headers.get("Retry-After", ""), self._clock())
        surely = status < 500 or status == 503
        raise DeliveryFailed(f"answered {status}", permanent=final, wait=wait, surely=surely)

    def close(self) -> None:
        """Close the connections; closing twice is no mistake."""
        if not self._client.is_closed:
            self._runner.run(self._client.aclose())
            self._runner.close()


def why(error: BaseException) -> str:
    """Give the system's own reason for an error, which libraries wrap in words of their own."""
    reason, cause = str(error), error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):  # one of each address that was tried
            cause = cause.exceptions[0]
        if isinstance(cause, ssl.SSLError | socket.gaierror):  # numbers of their own
            reason = cause.strerror or reason
        elif isinstance(cause, OSError) and cause.errno:
            reason = os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return reason


def wait_of(header: str, now: float) -> float | None:
    """Read ``Retry-After``: seconds, or a date (RFC 9110, section 10.2.3).

    Args:
        header: its value; empty where there is none.
        now: Unix time.

    Returns:
        Seconds to wait, 0 or more; None where it says nothing.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
