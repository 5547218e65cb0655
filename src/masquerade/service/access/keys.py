"""Keys: made here, shown once, kept as scrypt digests in a file that only its owner may read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from masquerade.errors import DestinationUnusable, KeysInvalid
from masquerade.files import lock_file, make_folder, unusable, write_whole

SCOPES = ("look", "watch", "metrics")
"""What a key may be for: photos, the camera and the kiosk page, the metrics."""
COST, BLOCK, PARALLEL = 2**14, 8, 1
"""scrypt's n, r and p: 16 MB and some 50 ms a guess; the keys themselves have 256 bits (RFC 7914)."""
PATIENCE = 30.0
"""Seconds to wait for another program that is changing the file."""
PREFIX = "mq"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KEY = re.compile(rf"{PREFIX}_([0-9a-f]{{8}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class Key:
    """What the file holds of one key.

    Attributes:
        name: who it was made for.
        number: eight hexadecimal digits that stand in the key itself, by which it is found.
        scopes: what it is for; some of ``SCOPES``.
        salt: of the digest, 16 bytes in hexadecimal digits.
        digest: scrypt of the whole key, 32 bytes in hexadecimal digits.
        made: when, UTC.
    """

    name: str
    number: str
    scopes: tuple[str, ...]
    salt: str
    digest: str
    made: str

    def opens_with(self, text: str) -> bool:
        """Compare a key that somebody showed with the digest, in the same time whatever it is."""
        return hmac.compare_digest(_digest(text, bytes.fromhex(self.salt)), bytes.fromhex(self.digest))


def _digest(text: str, salt: bytes) -> bytes:
    secret = text.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=2**26, dklen=32)


class KeyFile:
    """The file of keys."""

    def __init__(self, path: Path) -> None:
        """Take its path; it need not be there."""
        self.path = path
        self._held: tuple[tuple[int, ...], tuple[Key, ...]] | None = None  # in one piece: several threads ask

    def keys(self) -> tuple[Key, ...]:
        """Give the keys as the file has them now; read anew when it has changed.

        Raises:
            KeysInvalid: the file cannot be read, or holds something else.
        """
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
            held = self._held
            if held is None or held[0] != stamp:
                held = self._held = (stamp, _read(self.path))
        except FileNotFoundError:
            self._held = None
            return ()
        except OSError as error:
            raise KeysInvalid(f"{self.path}: {error.strerror or error}", hint="look at its permissions") from error
        return held[1]

    def find(self, text: str) -> Key | None:
        """Give the key that ``text`` is, None when it is none.

        Where no key has its number there is nothing to compare it with, and scrypt is not run: who floods the service
        with made-up keys costs it nothing. The time tells whether a number is known; it is no secret.

        Raises:
            KeysInvalid: the file cannot be read, or holds something else.
        """
        found = KEY.fullmatch(text)
        if found is None:
            return None
        return next((key for key in self.keys() if key.number == found[1] and key.opens_with(text)), None)

    def add(self, name: str, scopes: tuple[str, ...]) -> str:
        """Make a key and give it; it cannot be shown again.

        Args:
            name: letters, digits, dot, hyphen and underscore, at most 64; not yet taken.
            scopes: some of ``SCOPES``.

        Raises:
            KeysInvalid: the name or a scope is not of that kind, or the file cannot be read.
            DestinationUnusable: the file cannot be written, or another program changes it all the time.
        """
        if not NAME.fullmatch(name):
            raise KeysInvalid(f"name {name!r}: expected letters, digits, dot, hyphen or underscore, at most 64")
        if not scopes or set(scopes) - set(SCOPES):
            raise KeysInvalid(f"scopes {', '.join(scopes) or 'none'}: expected some of {', '.join(SCOPES)}")
        with self._alone():
            keys = self.keys()
            if any(key.name == name for key in keys):
                raise KeysInvalid(f"there is a key named {name} already", hint="take another name, or remove that one")
            key, text = _new_key(name, tuple(scope for scope in SCOPES if scope in scopes))
            self._write((*keys, key))
        return text

    def remove(self, name: str) -> None:
        """Take a key away; a service that runs notices with the next request.

        Raises:
            KeysInvalid: there is none of that name, or the file cannot be read.
            DestinationUnusable: the file cannot be written, or another program changes it all the time.
        """
        self._without(name)  # else nothing is made beside a file that is not there
        with self._alone():
            self._write(self._without(name))

    def _without(self, name: str) -> tuple[Key, ...]:
        keys = self.keys()
        left = tuple(key for key in keys if key.name != name)
        if len(left) == len(keys):
            raise KeysInvalid(f"no key is named {name}", hint="masquerade keys list")
        return left

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other programs from changing the file meanwhile; their lock is a file beside it, which stays."""
        path = self.path.with_name(f"{self.path.name}.lock")
        make_folder(path.parent)
        try:
            lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        except OSError as error:
            raise unusable(self.path, error) from error
        with lock:
            until = time.monotonic() + PATIENCE
            while not lock_file(lock):
                if time.monotonic() > until:
                    raise DestinationUnusable(f"{self.path}: another program is changing it", hint="try again")
                time.sleep(0.02)
            yield

    def _write(self, keys: tuple[Key, ...]) -> None:
        rows = [
            {
                "name": key.name,
                "number": key.number,
                "scopes": list(key.scopes),
                "salt": key.salt,
                "digest": key.digest,
                "made": key.made,
            }
            for key in keys
        ]
        earlier = os.umask(0o077)
        try:
            write_whole(self.path, json.dumps({"version": 1, "keys": rows}, indent=2).encode() + b"\n")
            self.path.chmod(0o600)
        except OSError as error:
            raise unusable(self.path, error) from error
        finally:
            os.umask(earlier)
        self._held = None


def _new_key(name: str, scopes: tuple[str, ...]) -> tuple[Key, str]:
    """Make a key; give what the file holds of it, and the key itself."""
    number, salt = secrets.token_hex(4), secrets.token_bytes(16)
    text = f"{PREFIX}_{number}_{secrets.token_urlsafe(32)}"
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Key(name, number, scopes, salt.hex(), _digest(text, salt).hex(), made), text


def _read(path: Path) -> tuple[Key, ...]:
    try:
        content: Any = json.loads(path.read_bytes())
        if content["version"] != 1:
            raise ValueError(f"version {content['version']}, expected 1")
        return tuple(_key(row) for row in content["keys"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise KeysInvalid(f"{path}: no file of keys: {reason}", hint="remove it and make the keys anew") from error


def _key(row: dict[str, Any]) -> Key:
    key = Key(**{**row, "scopes": tuple(row["scopes"])})
    if len(bytes.fromhex(key.salt)) < 16 or len(bytes.fromhex(key.digest)) != 32 or set(key.scopes) - set(SCOPES):
        raise ValueError(f"the key {key.name} is damaged")
    return key
