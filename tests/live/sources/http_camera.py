"""A camera for tests that speaks HTTP: multipart JPEGs (MJPEG), and whatever else is asked of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


class HttpCamera:
    """Sends pictures; ``mode`` may be changed while it does.

    Modes: ``moving``, ``still`` (the same picture), ``grey``, ``large`` (another size), ``silent`` (the line stays
    open), ``garbage`` (parts that are no JPEG), ``cut`` (the line is closed), ``refused`` (503).
    """

    def __init__(self, mode: str = "moving", fps: float = 20.0) -> None:
        self.mode, self.fps = mode, fps
        self.port = 0
        self.connections = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"http://door:geheim99@127.0.0.1:{self.port}/video?channel=1&token=abcdef123456"

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
        if self.mode == "refused":
            request.send_error(503)
            return
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
        while self.mode != "cut":
            match self.mode:
                case "moving":
                    yield jpeg(picture(number))
                case "still":
                    yield jpeg(picture(3))
                case "grey":
                    yield jpeg(np.full((120, 160, 3), 128, np.uint8))
                case "large":
                    yield jpeg(picture(number, 320, 240))
                case "garbage":
                    yield random.bytes(3000)
            number += 1
            time.sleep(1 / self.fps)
