"""Hands on to ffmpeg what an ``https://`` address gives, so that every certificate is checked by this program.

ffmpeg checks a certificate when it is told to, but not that of the pieces of an HLS stream, and compares none with
the number of a host. So it asks a port of this machine, by a path that nobody else knows, and the relay asks the host.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from masquerade.live.sources.reader.asking import TROUBLE, Asking
from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from masquerade.live.sources.options import SourceOptions

HOST = "127.0.0.1"
CHUNK = 2**16
POLL = 0.05
"""Seconds from one look whether to end to the next."""
PLAYLIST = b"#EXTM3U"
LONGEST_PLAYLIST = 2**22
ADDRESS = re.compile(r'(?<=URI=")[^"]+')
"""Where a tag of a playlist names another file."""
TOLD = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges")


class Relay:
    """One address, and what it leads to.

    Args:
        target: the address.
        options: how long to wait, and whom to trust.

    Attributes:
        problem: what went wrong last, in words; empty when nothing did.
    """

    def __init__(self, target: str, options: SourceOptions) -> None:
        """Listen."""
        self._asking = Asking(target, options)
        self._word = secrets.token_urlsafe(16)
        self.problem = ""
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                relay._answer(self)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = _Server((HOST, 0), Handler)
        self._prefix = f"http://{HOST}:{self._server.server_address[1]}/{self._word}/"
        # What is on this machine is not asked for through a proxy.
        os.environ["no_proxy"] = _without_proxy(os.environ.get("no_proxy", os.environ.get("NO_PROXY", "")))
        threading.Thread(target=self._server.serve_forever, args=(POLL,), daemon=True).start()

    @property
    def address(self) -> str:
        """What ffmpeg is to open."""
        return self._here(self._asking.url)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def _here(self, url: str) -> str:
        """The path by which an address is asked for here, without a user; its end stays, for ffmpeg goes by it."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return f"{self._prefix}{parts.scheme}/{host}{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"

    def _there(self, path: str) -> str | None:
        """The address that a path stands for."""
        word, _, rest = path.removeprefix("/").partition("/")
        scheme, _, where = rest.partition("/")
        known = secrets.compare_digest(word.encode(), self._word.encode()) and scheme in {"http", "https"}
        return f"{scheme}://{where}" if known else None

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        url = self._there(request.path)
        if url is None:
            request.send_error(404)
            return
        part = request.headers.get("Range")
        try:
            answer = self._asking.ask(url, {"Range": part} if part else {})
        except NotOpened as error:
            self.problem = str(error)
            request.send_error(502)
            return
        self.problem = ""
        with answer:
            try:
                self._hand_on(answer, request)
            except TROUBLE:  # the host, or ffmpeg, hung up: the other one notices
                request.close_connection = True

    def _hand_on(self, answer: Any, request: BaseHTTPRequestHandler) -> None:
        first = answer.read(len(PLAYLIST))
        told = {name: answer.headers[name] for name in TOLD if answer.headers[name]}
        status = answer.status
        if first == PLAYLIST:
            text = first + answer.read(LONGEST_PLAYLIST)
            if len(text) > LONGEST_PLAYLIST:
                self.problem = f"its playlist is longer than {LONGEST_PLAYLIST:,} bytes"
                request.send_error(502)
                return
            first = self._led_here(text.decode("utf-8", "replace"), answer.geturl()).encode()
            # It is another one than the host's, and whole: no part that was asked for.
            status = 200
            told = {name: told[name] for name in told if name == "Content-Type"} | {"Content-Length": str(len(first))}
        request.send_response(status)
        for name, value in told.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(first)
        while data := answer.read1(CHUNK):
            request.wfile.write(data)

    def _led_here(self, playlist: str, base: str) -> str:
        """A playlist whose files are all asked for here."""
        lines = []
        for line in playlist.splitlines():
            if line.startswith("#"):
                lines.append(ADDRESS.sub(lambda found: self._absolute(found[0], base), line))
            else:
                lines.append(self._absolute(line.strip(), base) if line.strip() else line)
        return "\n".join(lines) + "\n"

    def _absolute(self, uri: str, base: str) -> str:
        url = urljoin(base, uri)
        return self._here(url) if urlsplit(url).scheme in {"http", "https"} else uri


def _without_proxy(hosts: str) -> str:
    """The user's exceptions, and this machine."""
    known = [host.strip() for host in hosts.split(",")]
    return hosts if "*" in known or HOST in known else ",".join(filter(None, [hosts, HOST]))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who hangs up is no error."""
