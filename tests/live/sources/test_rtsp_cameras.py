"""A real RTSP stream, cut by ``kill -9`` and brought back."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from masquerade.live.sources import open_source
from tests.live.sources.looking_on import PATIENCE, Watcher

PYTHON = Path("/usr/bin/python3")
SERVER = Path(__file__).with_name("rtsp_server.py")
PATIENT = {"stall_after": 40.0, "read_timeout": 60.0, "open_timeout": 60.0}
"""A busy machine is no camera that stalls."""

Start = Callable[..., subprocess.Popen[str]]


def has_server() -> bool:
    if not PYTHON.exists():
        return False
    asked = [str(PYTHON), "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_server(), reason="GStreamer's RTSP server (Debian) is not installed")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def start(port: int) -> Iterator[Start]:
    """Start a server and wait until it listens."""
    servers: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> subprocess.Popen[str]:
        command = [str(PYTHON), str(SERVER), str(port), *options]
        servers.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
        stdout = servers[-1].stdout
        assert stdout is not None
        assert stdout.readline() == "ready\n"
        return servers[-1]

    yield begin
    for server in servers:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def test_cut_and_brought_back(port: int, start: Start) -> None:
    server = start()
    with open_source(f"rtsp://127.0.0.1:{port}/door", **PATIENT) as source:  # type: ignore[arg-type]
        watcher = Watcher(source)
        frames = watcher.until_frames(3)
        assert frames[-1].image.shape == (240, 320, 3)
        assert source.fps == 25.0
        server.kill()
        watcher.until_state("offline")
        start()
        watcher.until_state("online")
        watcher.until_frames(3)
    assert watcher.states == ["opening", "online", "offline", "online"]
    times = [frame.time for frame in watcher.frames]
    assert times == sorted(times)


def test_password(port: int, start: Start) -> None:
    start("--password", "geheim99")
    with open_source(f"rtsp://door:geheim99@127.0.0.1:{port}/door", **PATIENT) as source:  # type: ignore[arg-type]
        assert Watcher(source).until_frames(1)
    with open_source(f"rtsp://door:falsch77@127.0.0.1:{port}/door", **PATIENT) as source:  # type: ignore[arg-type]
        watcher = Watcher(source)
        watcher.until_state("offline")
        assert "401" in source.reason
        assert "falsch77" not in f"{source.label} {watcher.changes}"


def test_a_stream_that_comes_after_its_server(port: int, start: Start) -> None:
    """A relay answers before it has the stream: another answer ends the waiting, however long it is."""
    with socket.create_server(("127.0.0.1", port)) as relay:
        relay.settimeout(0.2)
        with open_source(
            f"rtsp://127.0.0.1:{port}/door",
            backoff_first=1000.0,
            backoff_most=1000.0,
            probe_every=0.2,
            **PATIENT,  # type: ignore[arg-type]
        ) as source:
            end = time.monotonic() + PATIENCE
            while source.state != "offline":
                assert time.monotonic() < end
                source.frame(0.01)
                try:
                    line, _ = relay.accept()
                except TimeoutError:
                    continue
                with line:
                    line.recv(1000)
                    line.sendall(b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n")
            relay.close()
            start()
            watcher = Watcher(source)
            watcher.until_state("online")
