"""JPEGs over HTTP: MJPEG (``multipart/x-mixed-replace``), and single pictures that are asked for again and again.

ffmpeg reads MJPEG too, but gives up at the first damaged part, and keeps the size that the first picture had.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from masquerade.live.sources.reader.jpegs import CHUNK, Jpegs, Splitter
from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from masquerade.live.sources.options import SourceOptions

MJPEG = "multipart/x-mixed-replace"
SNAPSHOT = frozenset({"image/jpeg", "image/jpg"})
HEADERS = bytes(range(0x20, 0x7F)) + b"\0\t\r\n"
"""What stands between the pictures of a multipart: its headers are text."""


def open_jpegs(target: str, options: SourceOptions, stop: Event, damaged: Callable[[], None]) -> Jpegs | None:
    """Ask an address for its pictures.

    Returns:
        None when it gives something else, which may be a film.

    Raises:
        NotOpened: it does not answer, or with an error.
    """
    asking = _Asking(target, options)
    answer = asking.ask()
    kind = answer.headers.get_content_type()
    if kind == MJPEG:
        return Jpegs(lambda: _next_bytes(answer), Splitter(options.max_bytes, damaged, HEADERS))
    if kind in SNAPSHOT:
        snapshots = _Snapshots(asking, answer, options, stop)
        return Jpegs(snapshots.read, Splitter(options.max_bytes, damaged, HEADERS))
    answer.close()
    return None


class _Asking:
    """Asks one address, with its user and password, which do not stand in what is sent without being asked for."""

    def __init__(self, target: str, options: SourceOptions) -> None:
        parts = urlsplit(target)
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        self._timeout = options.open_timeout
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if parts.username is not None:
            passwords.add_password(None, self._url, unquote(parts.username), unquote(parts.password or ""))
        context = ssl.create_default_context()
        if not options.verify_tls:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPBasicAuthHandler(passwords),
            urllib.request.HTTPDigestAuthHandler(passwords),
        )

    def ask(self) -> Any:
        """Give the open answer; raise NotOpened, with words."""
        try:
            return self._opener.open(self._url, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            error.close()
            raise NotOpened(f"it answers {error.code} {error.reason}") from error
        except urllib.error.URLError as error:
            raise NotOpened(_words(error.reason)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotOpened(_words(error)) from error


def _words(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _next_bytes(answer: Any) -> bytes:
    try:
        return answer.read1(CHUNK)  # type: ignore[no-any-return]
    except (OSError, http.client.HTTPException, ValueError):
        return b""


class _Snapshots:
    """The answers to one question, asked again and again, as one stream."""

    def __init__(self, asking: _Asking, answer: Any, options: SourceOptions, stop: Event) -> None:
        self._asking, self._answer, self._stop = asking, answer, stop
        self._most, self._every = options.max_bytes, options.snapshot_every
        self._asked = time.monotonic()

    def read(self) -> bytes:
        """Give the next picture; b"" when there is none."""
        if self._answer is None:
            self._stop.wait(max(0.0, self._asked + self._every - time.monotonic()))
            self._asked = time.monotonic()
            try:
                self._answer = self._asking.ask()
            except NotOpened:
                return b""
        try:
            return self._answer.read(self._most + 1)  # type: ignore[no-any-return]
        except (OSError, http.client.HTTPException):
            return b""
        finally:
            self._answer.close()
            self._answer = None
