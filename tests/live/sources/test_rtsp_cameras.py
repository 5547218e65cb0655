"""A real RTSP stream, cut by ``kill -9`` and brought back."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from masquerade.live.sources import SourceOptions, open_source
from masquerade.live.sources.addresses import parse_address
from masquerade.live.sources.process import _for_ffmpeg
from masquerade.live.sources.reader import certificates
from masquerade.live.sources.reader.capture import open_network
from masquerade.live.sources.reader.kinds import NotOpened
from masquerade.live.sources.reader.noise import Noise
from masquerade.live.sources.wire import Task
from tests.live.sources.authority import HAS_OPENSSL, Authority
from tests.live.sources.looking_on import PATIENCE, Watcher

PYTHON = Path("/usr/bin/python3")
SERVER = Path(__file__).with_name("rtsp_server.py")
PATIENT = {"stall_after": 40.0, "read_timeout": 60.0, "open_timeout": 60.0}
"""A busy machine is no camera that stalls."""

Start = Callable[..., subprocess.Popen[str]]


def can(code: str) -> bool:
    """Whether Debian's Python runs a line of code without an error."""
    if not PYTHON.exists():
        return False
    return subprocess.run([str(PYTHON), "-c", code], capture_output=True, check=False).returncode == 0


HAS_SERVER = can("import gi; gi.require_version('GstRtspServer', '1.0')")
HAS_TLS = HAS_SERVER and can("from gi.repository import Gio; assert Gio.TlsBackend.get_default().supports_tls()")


pytestmark = pytest.mark.skipif(not HAS_SERVER, reason="GStreamer's RTSP server (Debian) is not installed")


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


@pytest.mark.skipif(not HAS_OPENSSL, reason="openssl (Debian) is not installed")
@pytest.mark.skipif(not HAS_TLS, reason="glib-networking (Debian) is not installed")
def test_certificates(port: int, start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trusting = PATIENT | {"ca_file": str(authority.file)}
    start("--certificate", str(authority.certificate("good")))
    certificates.check(f"rtsps://localhost:{port}/door", SourceOptions(ca_file=str(authority.file)))
    with pytest.raises(NotOpened, match="certificate is not trusted: unable to get local issuer"):
        certificates.check(f"rtsps://localhost:{port}/door", SourceOptions())
    with open_source(f"RTSPS://127.0.0.1:{port}/door", **trusting) as source:  # type: ignore[arg-type]
        assert Watcher(source).until_frames(1)


@pytest.mark.skipif(not HAS_OPENSSL, reason="openssl (Debian) is not installed")
@pytest.mark.skipif(not HAS_TLS, reason="glib-networking (Debian) is not installed")
def test_ffmpeg_checks_by_itself(port: int, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the handshake before alone: who comes between the two connections is refused."""
    trusted, other = tmp_path / "trusted", tmp_path / "other"
    trusted.mkdir()
    other.mkdir()
    authority = Authority(other)
    start("--certificate", str(authority.certificate("good")))
    monkeypatch.setattr("masquerade.live.sources.reader.certificates.check", lambda *_: None)

    def opened(authority: Authority) -> bool:
        task = Task(parse_address(f"rtsps://localhost:{port}/door"), SourceOptions(ca_file=str(authority.file)))
        for name, value in _for_ffmpeg(task).items():
            monkeypatch.setenv(name, value)
        reader = open_network(task.address.target, task.options, Noise(lambda _: None), film=False)
        grabbed = reader.grab()
        reader.close()
        return grabbed

    with pytest.raises(NotOpened):
        opened(Authority(trusted))
    monkeypatch.delenv("OPENCV_FFMPEG_CAPTURE_OPTIONS")
    assert opened(authority)


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
