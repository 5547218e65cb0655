"""Sessions of the kiosk page: a key is shown once, a cookie stands for it afterwards. In memory alone."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

COOKIE = "masquerade_session"
LIFE = 12 * 3600.0
"""Seconds that a session lasts."""
MOST = 1_000
"""Sessions that are kept; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class _Session:
    number: str
    until: float


class Sessions:
    """Which cookie stands for which key."""

    def __init__(self, *, life: float = LIFE, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        """Take how long a session lasts in seconds, how many are kept, and a clock."""
        self.life, self._most, self._clock = life, most, clock
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()

    def __len__(self) -> int:
        """Count the sessions."""
        return len(self._sessions)

    def open(self, number: str) -> str:
        """Give a new cookie for the key of this number."""
        token = secrets.token_urlsafe(32)
        self._sessions[_name(token)] = _Session(number, self._clock() + self.life)
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return token

    def number_of(self, token: str) -> str | None:
        """Give the number of the key that a cookie stands for; None when it is not known or has run out."""
        session = self._sessions.get(_name(token))
        if session is None:
            return None
        if session.until <= self._clock():
            self.close(token)
            return None
        return session.number

    def renew(self, token: str) -> bool:
        """Let a session last as long again as a new one; tell whether it is known."""
        number = self.number_of(token)
        if number is not None:
            self._sessions[_name(token)] = _Session(number, self._clock() + self.life)
            self._sessions.move_to_end(_name(token))
        return number is not None

    def close(self, token: str) -> None:
        """Forget a cookie."""
        self._sessions.pop(_name(token), None)


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
