# Annotations stay values here: FastAPI reads those of Guard.__call__, which as an object has no globals.
"""Who asks, and whether they may: the dependency of every route that is not open to all."""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from fastapi.openapi.models import HTTPBearer
from fastapi.requests import HTTPConnection
from fastapi.security.base import SecurityBase

from masquerade.errors import KeyRequired, MasqueradeError, ScopeMissing
from masquerade.service.access.keys import SCOPES, Key, KeyFile
from masquerade.service.access.rates import Rates, client_of
from masquerade.service.access.sessions import COOKIE, Sessions

REMEMBERED = 1_000
"""Keys that were found right and need not go through scrypt again, for as long as the file has them unchanged."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        name: ``key:`` and the key's name, or ``address:`` and the address.
        scopes: what they may.
        number: of the key; empty where none is asked for.
        token: the cookie that stood for the key; empty where the key itself came.
    """

    name: str
    scopes: tuple[str, ...]
    number: str = ""
    token: str = field(default="", repr=False)


class Access:
    """Tells callers by key, cookie or address."""

    def __init__(self, wanted: bool, keys: KeyFile, rates: Rates) -> None:
        """Take whether keys are asked for, the keys, and how often a caller may ask."""
        self.wanted, self.keys, self.rates = wanted, keys, rates
        self.sessions = Sessions()
        self._wrong = Rates(10, 10)
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, Key] = OrderedDict()
        self._scrypt = asyncio.Lock()  # one core at most, and each sees what came of those before it

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Tell who asks.

        Raises:
            KeyRequired: keys are asked for, and there is none, or none that is known.
            TooManyRequests: too many wrong keys came from this address.
        """
        address = address_of(connection)
        if not self.wanted:
            return Caller(f"address:{address}", SCOPES)
        text = key_of(connection)
        token = "" if text else connection.cookies.get(COOKIE, "")
        key = await self.find(text, address) if text else self._of_cookie(token)
        if key is None:
            raise KeyRequired(
                "no key that is known here came with the request",
                hint="send it as Authorization: Bearer KEY; masquerade keys add makes one",
            )
        return Caller(f"key:{key.name}", key.scopes, key.number, token)

    async def may_know(self, connection: HTTPConnection) -> bool:
        """Whether details may be told: no key is asked for, or a known one came."""
        try:
            await self.caller(connection)
        except MasqueradeError:
            return False
        return True

    def confirm(self, caller: Caller) -> None:
        """Do nothing while what a caller came in with still holds; for connections that stay open.

        Raises:
            KeyRequired: the key was removed, or the session has ended.
            ScopeMissing: the key is for less than it was.
            KeysInvalid: the file of keys cannot be read.
        """
        if not caller.number:
            return
        key = self._of_cookie(caller.token) if caller.token else self._numbered(caller.number)
        if key is None:
            raise KeyRequired("the key or session that opened this holds no more", hint="open it anew, with a key")
        if not set(caller.scopes) <= set(key.scopes):
            raise ScopeMissing("the key that opened this is for less now", hint="open it anew")

    async def find(self, text: str, address: str) -> Key | None:
        """Give the key that ``text`` is.

        Raises:
            TooManyRequests: too many wrong keys came from this address.
        """
        mark = hmac.digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256")
        if (key := self._remembered(mark)) is not None:
            return key
        self._wrong.check(address)
        async with self._scrypt:
            if (key := self._remembered(mark)) is not None:
                return key
            self._wrong.check(address)  # again: wrong ones may have gone before
            key = await asyncio.to_thread(self.keys.find, text)
            if key is None:
                self._wrong.take(address)
                return None
            self._right[mark] = key
            while len(self._right) > REMEMBERED:
                self._right.popitem(last=False)
            return key

    def _remembered(self, mark: bytes) -> Key | None:
        """Give a key that was found right before, if the file has it unchanged."""
        key = self._right.get(mark)
        if key is None:
            return None
        if key not in self.keys.keys():  # noqa: SIM118 - no dictionary
            del self._right[mark]
            return None
        self._right.move_to_end(mark)
        return key

    def _of_cookie(self, token: str) -> Key | None:
        number = self.sessions.number_of(token) if token else None
        return None if number is None else self._numbered(number)

    def _numbered(self, number: str) -> Key | None:
        return next((key for key in self.keys.keys() if key.number == number), None)  # noqa: SIM118 - no dictionary


def address_of(connection: HTTPConnection) -> str:
    """Name the client by its address; see ``client_of``."""
    return client_of(connection.client.host if connection.client else "unknown")


def key_of(connection: HTTPConnection) -> str:
    """Give the key in a request's ``Authorization`` header; empty when there is none."""
    kind, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


class Guard(SecurityBase):
    """Dependency of a route or WebSocket: gives the caller, or refuses."""

    def __init__(self, scope: str) -> None:
        """Take the scope that a key must have."""
        self.scope = scope
        self.scheme_name = "key"
        self.model = HTTPBearer(description="A key made by `masquerade keys add`; on loopback none is asked for.")

    async def __call__(self, connection: HTTPConnection) -> Caller:
        """Give the caller.

        Raises:
            KeyRequired, ScopeMissing, TooManyRequests: they may not.
        """
        access: Access = connection.app.state.service.access
        caller = await access.caller(connection)
        if self.scope not in caller.scopes:
            raise ScopeMissing(f"this key is not for {self.scope}", hint="see masquerade keys add --scope")
        access.rates.take(caller.name)
        connection.state.caller = caller
        return caller


needs_look, needs_watch, needs_metrics = (Guard(scope) for scope in SCOPES)
