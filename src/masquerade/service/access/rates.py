"""How often a client may ask: a bucket of tokens each, in bounded memory."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from masquerade.errors import TooManyRequests

CLIENTS = 10_000
"""Buckets that are kept; the one that was not used for longest goes first."""


class Rates:
    """Token buckets by client."""

    def __init__(
        self, a_minute: float, burst: int, *, most: int = CLIENTS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the rate, the size of a bucket, how many are kept, and a clock in seconds.

        A rate of 0 lets everything through.
        """
        self._rate, self._burst, self._most, self._clock = a_minute / 60, burst, most, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.refused = 0

    def __len__(self) -> int:
        """Count the buckets."""
        return len(self._buckets)

    def take(self, client: str, tokens: int = 1) -> None:
        """Take tokens out of a client's bucket.

        Raises:
            TooManyRequests: there are not enough in it.
        """
        if self._rate <= 0:
            return
        now = self._clock()
        held = self._held(client, now)
        tokens = min(tokens, self._burst)  # else it could never be taken
        if held < tokens:
            self.refused += 1
            wait = (tokens - held) / self._rate
            raise TooManyRequests(
                f"more than {self._rate * 60:g} requests a minute, expected fewer",
                hint=f"come again in {max(1.0, wait):.0f} s",
                retry_after=wait,
            )
        self._keep(client, held - tokens, now)

    def check(self, client: str) -> None:
        """Do nothing unless a client's bucket is empty.

        Raises:
            TooManyRequests: it is.
        """
        held = self._held(client, self._clock())
        if self._rate > 0 and held < 1:
            self.refused += 1
            raise TooManyRequests("too many wrong keys", hint="come again later", retry_after=(1 - held) / self._rate)

    def _held(self, client: str, now: float) -> float:
        tokens, at = self._buckets.get(client, (float(self._burst), now))
        return min(float(self._burst), tokens + (now - at) * self._rate)

    def _keep(self, client: str, tokens: float, now: float) -> None:
        self._buckets[client] = (tokens, now)
        self._buckets.move_to_end(client)
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)


def client_of(address: str) -> str:
    """Name the client behind an address; of IPv6 the network of 64 bits, which is one customer's."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
