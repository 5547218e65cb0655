"""Whether a host answers again: one that hung, too."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from masquerade.live.sources.addresses import parse_address
from masquerade.live.sources.reader import probing
from masquerade.live.sources.wire import SILENT


class Host:
    """Takes connections, and says what it is told to say; nothing at first."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.says = b""
        self.asked: list[bytes] = []


@contextmanager
def listening() -> Iterator[Host]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = Host(server.getsockname()[1])

        def serve() -> None:
            with ExitStack() as lines:  # stay open
                while True:
                    try:
                        line = lines.enter_context(server.accept()[0])
                    except OSError:
                        return
                    host.asked.append(line.recv(1000))
                    if host.says:
                        line.sendall(host.says)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield host
        server.shutdown(socket.SHUT_RDWR)
    thread.join(60)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "TIMEOUT", 0.3)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_host_that_hung_and_answers_again_ends_the_waiting(scheme: str) -> None:
    with listening() as host:
        address = parse_address(f"{scheme}://door:geheim99@127.0.0.1:{host.port}/door?channel=1#x")
        assert probing.probe(address) == SILENT
        timer = threading.Timer(0.5, lambda: setattr(host, "says", f"{scheme.upper()}/1.0 401 No\r\n\r\n".encode()))
        timer.start()
        begun = time.monotonic()
        assert probing.wait(address, 1000.0, None, 0.05, threading.Event())  # its reader was killed: nobody knows
        assert 0.4 < time.monotonic() - begun < 500
        assert probing.probe(address) == "401"
        assert b"geheim99" not in b"".join(host.asked)
        question = {"rtsp": f"DESCRIBE rtsp://127.0.0.1:{host.port}/door?channel=1 ", "http": "HEAD /door?channel=1 "}
        assert host.asked[0].startswith(question[scheme].encode())


def test_a_host_that_answers_the_same_is_waited_for_in_full() -> None:
    with listening() as host:
        host.says = b"RTSP/1.0 200 OK\r\n\r\n"
        address = parse_address(f"rtsp://127.0.0.1:{host.port}/door")
        assert not probing.wait(address, 0.5, None, 0.05, threading.Event())
        assert len(host.asked) > 2
