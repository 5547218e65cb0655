"""Certificates of cameras: https:// films, HLS and MJPEG. Those of rtsps:// are in ``test_rtsp_cameras``."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from unittest.mock import MagicMock
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from masquerade.errors import SourceInvalid, SourceUnreadable
from masquerade.live.sources import SourceOptions, open_source
from masquerade.live.sources.addresses import parse_address
from masquerade.live.sources.opening import _by_settings
from masquerade.live.sources.process import _for_ffmpeg
from masquerade.live.sources.reader.capture import open_network
from masquerade.live.sources.reader.http import open_jpegs
from masquerade.live.sources.reader.kinds import NotOpened
from masquerade.live.sources.reader.noise import Noise
from masquerade.live.sources.reader.reading import Reading
from masquerade.live.sources.reader.relay import Relay
from masquerade.live.sources.wire import FAILED, Task
from masquerade.settings import get_settings
from tests.live.sources.authority import ELSEWHERE, HAS_OPENSSL, HERE, Authority
from tests.live.sources.http_camera import HttpCamera, encrypted
from tests.live.sources.looking_on import all_frames, number_of, write_film

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="openssl (Debian) is not installed")
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg (Debian) is not installed")

READER = build_opener(ProxyHandler({}))
"""Asks as ffmpeg does."""


class Shelf(NamedTuple):
    """Certificates, and what is served."""

    trusted: Path
    certificates: dict[str, Path]
    folder: Path


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "known").mkdir()
    (folder / "unknown").mkdir()
    known, unknown = Authority(folder / "known"), Authority(folder / "unknown")
    certificates = {
        "good": known.certificate("good"),
        "unknown": unknown.certificate("unknown"),
        "elsewhere": known.certificate("elsewhere", ELSEWHERE),
        "old": known.certificate("old", HERE, "-days", "-1"),
    }
    served = folder / "served"
    served.mkdir()
    write_film(served / "film.mp4", 30)
    if shutil.which("ffmpeg"):
        command = "ffmpeg -v error -i film.mp4 -c:v mpeg2video -q:v 2 -f hls -hls_time 1 -hls_list_size 0 live.m3u8"
        subprocess.run(command.split(), cwd=served, check=True, timeout=60)
    return Shelf(known.file, certificates, served)


@contextmanager
def serving(folder: Path, certificate: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *given: object) -> None:
            super().__init__(*given, directory=str(folder))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            if not self.path.startswith("/plain/"):
                return super().do_GET()
            self.send_response(302)
            self.send_header("Location", self.path.replace("/plain/", "http://").replace("_", ":"))
            self.end_headers()
            return None

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that trusts it not hangs up."""

    server = Server(("127.0.0.1", 0), Quiet)
    encrypted(server, certificate)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def numbers(target: str, options: SourceOptions) -> list[int]:
    """Read what ffmpeg is to decode, in this process."""
    reader = open_network(target, options, Noise(lambda _: None), film=True)
    found = []
    while reader.grab():
        decoded = reader.decode()
        assert decoded is not None
        found.append(number_of(decoded[..., ::-1]))
    reader.close()
    return found


@pytest.mark.parametrize("name", ["film.mp4", pytest.param("live.m3u8", marks=needs_ffmpeg)])
def test_what_ffmpeg_reads_over_https(shelf: Shelf, name: str) -> None:
    trusting = SourceOptions(ca_file=str(shelf.trusted))
    with serving(shelf.folder, shelf.certificates["good"]) as host:
        assert numbers(f"{host}/{name}", trusting) == list(range(30))
        assert numbers(f"{host.replace('127.0.0.1', 'localhost')}/{name}", trusting) == list(range(30))
        with pytest.raises(NotOpened, match=r"not trusted.*unable to get local issuer"):
            numbers(f"{host}/{name}", SourceOptions())  # by the system's certificates
        with pytest.raises(NotOpened, match="404"):
            numbers(f"{host}/absent-{name}", trusting)
    for bad, why in {"unknown": "local issuer", "elsewhere": "IP address mismatch", "old": "expired"}.items():
        with serving(shelf.folder, shelf.certificates[bad]) as host:
            with pytest.raises(NotOpened, match=f"not trusted.*{why}"):
                numbers(f"{host}/{name}", trusting)
            if bad == "unknown":
                assert len(numbers(f"{host}/{name}", SourceOptions(verify_tls=False))) == 30


@needs_ffmpeg
def test_the_pieces_of_a_stream_are_checked_too(shelf: Shelf) -> None:
    """A playlist that is trusted, of pieces on another host that is not: ffmpeg alone would take them."""
    trusting = SourceOptions(ca_file=str(shelf.trusted))
    listed = (shelf.folder / "live.m3u8").read_text()
    for name, frames in {"good": 30, "unknown": 0}.items():
        with (
            serving(shelf.folder, shelf.certificates["good"]) as host,
            serving(shelf.folder, shelf.certificates[name]) as other,
        ):
            (shelf.folder / "cross.m3u8").write_text(listed.replace("live", f"{other}/live"))
            try:
                assert len(numbers(f"{host}/cross.m3u8", trusting)) == frames
            except NotOpened as error:
                assert not frames
                assert "not trusted" in str(error)


def test_nothing_plain_is_asked_from_an_encrypted_address(shelf: Shelf) -> None:
    trusting, careless = SourceOptions(ca_file=str(shelf.trusted)), SourceOptions(verify_tls=False)
    with serving(shelf.folder, shelf.certificates["good"]) as host, HttpCamera() as camera:
        there = f"{host.replace('//', '//door:geheim99@')}/plain/127.0.0.1_{camera.port}/video"
        with pytest.raises(NotOpened, match="it leads to http://") as caught:
            open_jpegs(there, trusting, threading.Event(), print)
        assert "geheim99" not in str(caught.value)
        assert not camera.asked
        assert open_jpegs(there, careless, threading.Event(), print) is not None
        assert camera.asked == ["/video"]
        relay = Relay(f"{host}/a.m3u8", trusting)
        try:
            with pytest.raises(HTTPError, match="502"):
                READER.open(relay._here(f"http://127.0.0.1:{camera.port}/piece.ts"), timeout=60)
            assert "it leads to http://" in relay.problem
            assert camera.asked == ["/video"]
        finally:
            relay.close()


def test_a_playlist_is_handed_on_whole(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part was asked for and given: what is handed on is another text, and all of it."""
    text = "#EXTM3U\n#EXTINF:1,\nhttps://door:geheim99@other/a.ts\n"

    class Part(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(206)
            self.send_header("Content-Type", "application/vnd.apple.mpegurl")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Range", f"bytes 0-{len(text) - 1}/{len(text)}")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Part) as server:
        encrypted(server, shelf.certificates["good"])
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        host = f"https://127.0.0.1:{server.server_address[1]}"
        relay = Relay(f"{host}/a.m3u8", SourceOptions(ca_file=str(shelf.trusted)))
        asked = Request(relay.address, headers={"Range": "bytes=0-"})  # noqa: S310 - the relay's own address
        with READER.open(asked, timeout=60) as answer:
            given = answer.read()
        assert answer.status == 200
        assert not {"Content-Range", "Accept-Ranges"} & set(answer.headers)
        assert answer.headers["Content-Length"] == str(len(given))
        assert given.decode().splitlines()[2].endswith("/https/other/a.ts")  # without user and password
        monkeypatch.setattr("masquerade.live.sources.reader.relay.LONGEST_PLAYLIST", len(text) - 1)
        with pytest.raises(HTTPError, match="502"):
            READER.open(relay.address, timeout=60)
        assert "playlist is longer" in relay.problem
        relay.close()
        server.shutdown()


@pytest.mark.parametrize(
    ("lower", "upper", "made"),
    [
        (None, None, "127.0.0.1"),
        ("a.example", "b.example", "a.example,127.0.0.1"),
        (None, "b.example", "b.example,127.0.0.1"),
        ("*", None, "*"),
        (None, "*", "*"),
        ("", "b.example", "127.0.0.1"),
    ],
)
def test_the_exceptions_from_the_proxy_stay(
    monkeypatch: pytest.MonkeyPatch, lower: str | None, upper: str | None, made: str
) -> None:
    for name, value in (("no_proxy", lower), ("NO_PROXY", upper)):
        monkeypatch.setenv(name, value or "")
        if value is None:
            monkeypatch.delenv(name)
    for _ in range(2):  # as in a loop
        Relay("https://host/a.mp4", SourceOptions()).close()
        assert os.environ["no_proxy"] == made


@needs_ffmpeg
def test_why_a_stream_gave_out(shelf: Shelf) -> None:
    """The host's words, where ffmpeg has only seen the relay's error."""
    listed = (shelf.folder / "live.m3u8").read_text()
    (shelf.folder / "short.m3u8").write_text(listed.replace("#EXT-X-ENDLIST", "#EXTINF:1.2,\ngone.ts\n#EXT-X-ENDLIST"))
    with serving(shelf.folder, shelf.certificates["good"]) as host:
        told: list[dict[str, object]] = []
        noise = Noise(lambda _: None)
        task = Task(parse_address(f"{host}/short.m3u8"), SourceOptions(ca_file=str(shelf.trusted)))
        Reading(task, MagicMock(), MagicMock(), noise, told.append).run()
    assert told[-1]["say"] == FAILED
    assert "answers 404 File not found" in str(told[-1]["reason"])


def test_mjpeg(shelf: Shelf) -> None:
    def opened(certificate: str, options: SourceOptions) -> bool:
        with HttpCamera(certificate=shelf.certificates[certificate]) as camera:
            jpegs = open_jpegs(camera.address, options, threading.Event(), print)
            assert jpegs is not None
            return jpegs.grab()

    trusting = SourceOptions(ca_file=str(shelf.trusted))
    assert opened("good", trusting)
    assert opened("unknown", SourceOptions(verify_tls=False))
    for bad, why in {"unknown": "local issuer", "elsewhere": "IP address mismatch", "old": "expired"}.items():
        with pytest.raises(NotOpened, match=f"not trusted.*{why}"):
            opened(bad, trusting)


def test_settings_and_options(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(shelf.folder, shelf.certificates["good"]) as host:
        with pytest.raises(SourceUnreadable, match="certificate is not trusted"):
            open_source(f"{host}/film.mp4")
        monkeypatch.setenv("MASQUERADE_CAMERA_CA_FILE", str(shelf.trusted))
        get_settings.cache_clear()
        try:
            assert _by_settings() == {"verify_tls": True, "ca_file": str(shelf.trusted)}
            with open_source(f"{host}/film.mp4") as source:
                assert len(all_frames(source)) == 30
        finally:
            monkeypatch.delenv("MASQUERADE_CAMERA_CA_FILE")
            get_settings.cache_clear()


def test_a_file_without_certificates_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for file, why in ((tmp_path / "absent.pem", "No such file"), (tmp_path / "empty.pem", "no certificate in it")):
        with pytest.raises(SourceInvalid, match=why):
            open_source("rtsps://127.0.0.1:9/door", ca_file=str(file))


def test_what_ffmpeg_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(address: str, **options: object) -> str:
        made = Task(parse_address(address), SourceOptions(**options))  # type: ignore[arg-type]
        return _for_ffmpeg(made).get("OPENCV_FFMPEG_CAPTURE_OPTIONS", "")

    assert told("RTSP://cam/a") == "rtsp_transport;tcp|tls_verify;1"
    assert told("rtsps://cam/a", transport="udp", verify_tls=False) == "rtsp_transport;udp"
    assert told("https://cam/a.mp4") == "tls_verify;1"
    assert told("0") == ""
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;udp|fflags;nobuffer")
    assert told("rtsp://cam/a") == "rtsp_transport;tcp|tls_verify;1|rtsp_transport;udp|fflags;nobuffer"
