"""A camera for tests that speaks HTTP: multipart JPEGs (MJPEG), and whatever else is asked of it."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray


def picture(number: int, width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    """A picture that tells its number: (height, width, 3) uint8, a grey ramp that wanders with it."""
    ramp = (np.arange(width) * 2 + number * 16) % 256
    return np.broadcast_to(ramp[None, :, None], (height, width, 3)).astype(np.uint8)


def jpeg(image: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def encrypted(server: ThreadingHTTPServer, certificate: Path) -> None:
    """Let a server speak TLS, with a certificate and its key in one file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)


def _bomb() -> bytes:
    """A JPEG whose header promises 65,000 x 65,000 pixels."""
    small = bytearray(jpeg(picture(0)))
    start = small.index(b"\xff\xc0")
    small[start + 5 : start + 9] = (65000).to_bytes(2) * 2
    return bytes(small)


BOMB = _bomb()
CHALLENGES = {"basic": 'Basic realm="cam"', "digest": 'Digest realm="cam", nonce="n0", qop="auth", algorithm=MD5'}


class HttpCamera:
    """Sends pictures; ``mode`` may be changed while it does.

    Modes: ``moving``, ``still`` (the same picture), ``grey``, ``large`` (another size), ``silent`` (the line stays
    open), ``garbage`` (parts that are no JPEG), ``text`` (parts of words), ``truncated`` (JPEGs cut short), ``bomb`` (a
    JPEG of 4 billion pixels), ``cut`` (the line is closed), ``refused`` (503), ``locked`` (401), ``page`` (HTML),
    ``snapshot`` (one JPEG an answer), ``basic`` and ``digest`` (moving, for who gives the password).
    """

    def __init__(self, mode: str = "moving", fps: float = 20.0, certificate: Path | None = None) -> None:
        self.mode, self.fps, self._certificate = mode, fps, certificate
        self.port = 0
        self.connections = 0
        self.asked: list[str] = []
        self._server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://door:geheim99@127.0.0.1:{self.port}/video?channel=1&token=abcdef123456"

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera._serve(self)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that is gone is no error."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        if self._certificate is not None:
            encrypted(self._server, self._certificate)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut those that there are."""
        self.mode = "cut"
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        self.connections += 1
        self.asked.append(request.path)
        refused = {"refused": 503, "locked": 401}
        if self.mode in refused or (self.mode in {"basic", "digest"} and not self._let_in(request)):
            request.send_response(refused.get(self.mode, 401))
            if self.mode in {"basic", "digest"}:
                request.send_header("WWW-Authenticate", CHALLENGES[self.mode])
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif self.mode == "page":
            self._answer(request, "text/html", b"<h1>Camera</h1>" * 100)
        elif self.mode == "snapshot":
            self._answer(request, "image/jpeg", jpeg(picture(self.connections)))
        else:
            self._stream(request)

    def _let_in(self, request: BaseHTTPRequestHandler) -> bool:
        given = request.headers.get("Authorization", "")
        if self.mode == "basic":
            return given == "Basic " + base64.b64encode(b"door:geheim99").decode()
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', given))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        what = [fields.get(name, "") for name in ("nc", "cnonce", "qop")]
        proof = [md5("door:cam:geheim99"), "n0", *what, md5(f"GET:{request.path}")]
        return fields.get("response") == md5(":".join(proof))  # RFC 2617, 3.2.2

    def _answer(self, request: BaseHTTPRequestHandler, kind: str, body: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        for part in self._parts():
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(part)}\r\n\r\n"
            request.wfile.write(head.encode() + part + b"\r\n")
            request.wfile.flush()

    def _parts(self) -> Iterator[bytes]:
        number = 0
        random = np.random.default_rng(1)

        def moving() -> bytes:
            return jpeg(picture(number))

        makers: dict[str, Callable[[], bytes]] = {
            "still": lambda: jpeg(picture(3)),
            "grey": lambda: jpeg(np.full((120, 160, 3), 128, np.uint8)),
            "large": lambda: jpeg(picture(number, 320, 240)),
            "garbage": lambda: random.bytes(3000),
            "text": lambda: b"the camera is out of order" * 20,
            "truncated": lambda: jpeg(picture(number))[:-200],
            "bomb": lambda: BOMB,
        }
        while self.mode != "cut":
            if self.mode != "silent":
                yield makers.get(self.mode, moving)()
            number += 1
            time.sleep(1 / self.fps)
