"""Asks an address over HTTP, with its user and password; certificates are checked."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from masquerade.live.sources.addresses import SCHEMES
from masquerade.live.sources.reader import certificates
from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from masquerade.live.sources.options import SourceOptions

TROUBLE = (OSError, http.client.HTTPException, ValueError)
"""What asking, and reading an answer, may raise."""


class Asking:
    """Asks one host; its user and password do not stand in what is sent without being asked for.

    They go to the scheme, host and port of the address alone, wherever it leads. From ``https://`` it leads to nothing
    that is not encrypted, unless the options say that certificates are not checked.

    Args:
        target: the address, with or without user and password.
        options: how long to wait, and whom to trust.
    """

    def __init__(self, target: str, options: SourceOptions) -> None:
        """Ask nothing yet."""
        parts = urlsplit(target)
        self.url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        self._timeout = options.open_timeout
        self._schemes = {"https"} if parts.scheme == "https" and options.verify_tls else {"http", "https"}
        passwords = _Passwords(self.url, parts.username, parts.password)
        self._opener = urllib.request.build_opener(
            _Redirects(self._schemes),
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
        url = url or self.url
        _refuse_other(url, self._schemes)
        try:
            return self._opener.open(
                urllib.request.Request(url, headers=headers or {}),  # noqa: S310 - addresses are http(s)
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


def _refuse_other(url: str, schemes: set[str]) -> None:
    """Ask by no other scheme.

    Raises:
        NotOpened: it is another one; the message repeats no secret.
    """
    scheme = urlsplit(url).scheme
    if scheme not in schemes:
        raise NotOpened(f"it leads to {scheme}://, where only {' and '.join(sorted(schemes))} may be asked")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or SCHEMES.get(parts.scheme)


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, schemes: set[str]) -> None:
        self._schemes = schemes

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Follow to the same schemes alone."""
        try:
            _refuse_other(newurl, self._schemes)
        except NotOpened:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Passwords(urllib.request.HTTPPasswordMgr):
    """One user and password, for all paths of one origin: the library takes the same host for it, by any scheme."""

    def __init__(self, url: str, user: str | None, password: str | None) -> None:
        super().__init__()
        self._of = _origin(url)
        self._given = None if user is None else (unquote(user), unquote(password or ""))

    def find_user_password(self, realm: str, authuri: str) -> Any:  # noqa: ARG002 - the library's own names
        """Give them to that origin."""
        return self._given if self._given and _origin(authuri) == self._of else (None, None)


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
