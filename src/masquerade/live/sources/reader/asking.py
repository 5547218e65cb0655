"""Asks an address over HTTP, with its user and password; certificates are checked."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from masquerade.live.sources.reader import certificates
from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from masquerade.live.sources.options import SourceOptions

TROUBLE = (OSError, http.client.HTTPException, ValueError)
"""What asking, and reading an answer, may raise."""


class Asking:
    """Asks one host; its user and password do not stand in what is sent without being asked for.

    Args:
        target: the address, with or without user and password.
        options: how long to wait, and whom to trust.
    """

    def __init__(self, target: str, options: SourceOptions) -> None:
        """Ask nothing yet."""
        parts = urlsplit(target)
        self.url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        self._timeout = options.open_timeout
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if parts.username is not None:
            # For the whole of the host: an address may lead on to another path.
            host = urlsplit(self.url)._replace(path="/", query="").geturl()
            passwords.add_password(None, host, unquote(parts.username), unquote(parts.password or ""))
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=certificates.context(options)),
            _Basic(passwords),
            _Digest(passwords),
        )

    def ask(self, url: str | None = None, headers: dict[str, str] | None = None) -> Any:
        """Give the open answer.

        Args:
            url: what is asked for; the address itself when None.
            headers: that go along.

        Raises:
            NotOpened: there is none, or it says that something is wrong; the message says what.
        """
        try:
            return self._opener.open(
                urllib.request.Request(url or self.url, headers=headers or {}),  # noqa: S310 - addresses are http(s)
                timeout=self._timeout,
            )
        except urllib.error.HTTPError as error:
            error.close()
            said = str(error.reason).partition("\n")[0]
            raise NotOpened(f"it answers {error.code} {said}") from error
        except urllib.error.URLError as error:
            raise NotOpened(certificates.words(error.reason)) from error
        except TROUBLE as error:
            raise NotOpened(certificates.words(error)) from error


class _Basic(urllib.request.HTTPBasicAuthHandler):
    def http_error_401(self, *given: Any) -> Any:
        """Leave another scheme than Basic a plain 401, where the library raises."""
        with suppress(ValueError):
            return super().http_error_401(*given)
        return None


class _Digest(urllib.request.HTTPDigestAuthHandler):
    def get_algorithm_impls(self, algorithm: str) -> Any:
        """Know SHA-256, too: RFC 7616, which newer cameras ask for."""
        if algorithm != "SHA-256":
            return super().get_algorithm_impls(algorithm)

        def digest(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        return digest, lambda secret, text: digest(f"{secret}:{text}")
