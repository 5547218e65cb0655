"""How cameras answer over HTTP, and how they ask for a password; read in this process."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from masquerade.live.sources import SourceOptions
from masquerade.live.sources.reader.asking import _Passwords
from masquerade.live.sources.reader.http import open_jpegs
from masquerade.live.sources.reader.kinds import NotOpened
from tests.live.sources.http_camera import jpeg, picture

PICTURES = [jpeg(picture(number)) for number in range(5)]
MJPEG = "multipart/x-mixed-replace; boundary=x"
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Handler(BaseHTTPRequestHandler):
    """Answers by the path: ``/stream`` with pictures, ``/basic`` and so on only to who knows the password."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        match self.path.split("/")[1]:
            case "moved":
                self._tell(302, ("Location", "/basic"))
            case "circle":
                self._tell(302, ("Location", "/circle"))
            case "basic" if not self._knows_basic():
                self._tell(401, ("WWW-Authenticate", 'Basic realm="c"'))
            case "MD5" | "SHA-256" as kind if not self._knows_digest(kind):
                self._tell(401, ("WWW-Authenticate", f'Digest realm="c", nonce="n0", qop="auth", algorithm={kind}'))
            case "unsized":
                self._stream(MJPEG, sized=False)
            case "quoted":
                self._stream('Multipart/X-Mixed-Replace;Boundary="--my boundary"', boundary="----my boundary")
            case "unnamed":
                self._stream("multipart/x-mixed-replace", end="\n")
            case "mixed":
                self._stream("multipart/mixed; boundary=x")
            case "chunked":
                self._stream(MJPEG, chunked=True)
            case _:
                self._stream(MJPEG)

    def _tell(self, code: int, header: tuple[str, str]) -> None:
        self.send_response(code)
        self.send_header(*header)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _knows_basic(self) -> bool:
        return self.headers.get("Authorization") == "Basic " + base64.b64encode(b"door:p@ss").decode()

    def _knows_digest(self, kind: str) -> bool:
        """RFC 7616, 3.4.1."""
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', self.headers.get("Authorization", "")))

        def digest(text: str) -> str:
            return HASHES[kind](text.encode()).hexdigest()

        what = [fields.get(name, "") for name in ("nc", "cnonce", "qop")]
        proof = [digest("door:c:p@ss"), "n0", *what, digest(f"GET:{self.path}")]
        return fields.get("response") == digest(":".join(proof))

    def _stream(
        self, kind: str, *, boundary: str = "--x", sized: bool = True, chunked: bool = False, end: str = "\r\n"
    ) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for sent in PICTURES:
            size = f"Content-Length: {len(sent)}{end}" if sized else ""
            part = f"{boundary}{end}Content-Type: image/jpeg{end}{size}{end}".encode() + sent + end.encode()
            if chunked:
                pieces = [part[at : at + 700] for at in range(0, len(part), 700)]
                part = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
            self.wfile.write(part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def count(address: str) -> tuple[int, int]:
    """Pictures, and what was damaged."""
    damaged: list[str] = []
    jpegs = open_jpegs(address, SourceOptions(), threading.Event(), damaged.append)
    assert jpegs is not None
    pictures = 0
    while jpegs.grab():
        pictures += jpegs.decode() is not None
    return pictures, len(damaged)


@pytest.mark.parametrize("path", ["stream", "unsized", "quoted", "unnamed", "mixed", "chunked"])
def test_ways_to_send_mjpeg(host: str, path: str) -> None:
    assert count(f"http://{host}/{path}") == (len(PICTURES), 0)


@pytest.mark.parametrize("path", ["basic", "MD5", "SHA-256", "moved"])
def test_ways_to_ask_for_a_password(host: str, path: str) -> None:
    assert count(f"http://door:p%40ss@{host}/{path}") == (len(PICTURES), 0)
    for user in ("door:wrong@", ""):
        with pytest.raises(NotOpened, match="it answers 401 "):
            count(f"http://{user}{host}/{path}")


def test_an_address_that_leads_in_a_circle(host: str) -> None:
    with pytest.raises(NotOpened, match=r"it answers 302 .*infinite loop\.$"):
        count(f"http://{host}/circle")


def test_the_password_goes_to_the_address_alone() -> None:
    """Whatever the address leads to, another scheme, host or port asks for it in vain."""

    def given(target: str, asking: str) -> object:
        return _Passwords(target, "door", "p%40ss").find_user_password("c", asking)

    assert given("https://Cam/a", "https://cam:443/b?c") == ("door", "p@ss")
    assert given("http://[::1]:81/", "http://[::1]:81/b") == ("door", "p@ss")
    for other in ("http://cam/a", "http://cam:443/a", "https://cam:80/a", "https://cam.example/a"):
        assert given("https://cam/a", other) == (None, None)


def test_another_port_of_the_host_asks_in_vain(host: str) -> None:
    class Leads(Handler):
        def do_GET(self) -> None:
            self._tell(302, ("Location", f"http://{host}{self.path}"))

    with ThreadingHTTPServer(("127.0.0.1", 0), Leads) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://door:p%40ss@127.0.0.1:{server.server_address[1]}"
        assert count(f"{address}/stream") == (len(PICTURES), 0)
        for kind in ("basic", "MD5"):
            with pytest.raises(NotOpened, match="it answers 401 "):
                count(f"{address}/{kind}")
        server.shutdown()
