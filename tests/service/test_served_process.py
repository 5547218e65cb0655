"""``masquerade serve`` as a process: limits on the wire, stopping, what it writes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect as connect_session

from masquerade.service.access.keys import KeyFile
from tests.live.sources.authority import HAS_OPENSSL, Authority
from tests.service.serving import PATIENCE, Running, children, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

AUDIT = """
import os, sys
def hook(name, arguments):
    if name == "open":
        path, _, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and not isinstance(path, int) and not str(path).startswith(("/dev/null", "/proc/")):
            os.write(TRACE, f"{name} {arguments[0]}\\n".encode())
    elif name in ("os.mkdir", "os.rename", "os.truncate", "shutil.copyfile", "tempfile.mkstemp", "tempfile.mkdtemp"):
        os.write(TRACE, f"{name} {arguments[0]}\\n".encode())
TRACE = os.open(os.environ["AUDIT_TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
sys.addaudithook(hook)
"""
"""Notes every file that Python code opens for writing, in the service and in the processes it starts."""


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    (folder / "sitecustomize.py").write_text(AUDIT)
    return folder


@pytest.fixture(scope="module")
def service(audit: Path) -> Iterator[Running]:
    path = ":".join([str(audit), *filter(None, sys.path)])
    environment = {
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "AUDIT_TRACE": str(audit / "trace.txt"),
        "MASQUERADE_SERVE_MAX_BYTES": "300000",
        "MASQUERADE_SERVE_RATE": "0",
    }
    with running(environment=environment, folder=audit) as started:
        started.wait_until_ready()
        yield started


def connect(service: Running) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def whole_answer(link: socket.socket) -> tuple[int, str]:
    """Status and body of an answer behind which the connection is closed."""
    content = b""
    with suppress(ConnectionResetError):  # where we go on sending into a closed connection
        while part := link.recv(65536):
            content += part
    head, _, body = content.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    return int(head.split()[1]), body.decode()


def post_head(*more: str) -> bytes:
    lines = ["POST /v1/look HTTP/1.1", "Host: localhost", "Content-Type: image/jpeg", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_a_length_over_the_cap_is_refused_before_a_byte_of_the_body(service: Running) -> None:
    with connect(service) as link:
        link.sendall(post_head("Content-Length: 900000000"))
        status, body = whole_answer(link)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "body_too_large"


def test_expect_100_continue_is_not_continued(service: Running) -> None:
    with connect(service) as link:
        link.sendall(post_head("Content-Length: 900000000", "Expect: 100-continue"))
        status, _ = whole_answer(link)
    assert status == 413


def test_chunks_are_counted_and_cut_at_the_cap(service: Running) -> None:
    """The client sends without end; it reads its answer all the same, and the service takes no more than it must."""
    sent = 0
    with connect(service) as link:
        link.sendall(post_head("Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        stop = threading.Event()

        def send() -> None:
            nonlocal sent
            while not stop.is_set() and sent < 200:
                try:
                    link.sendall(chunk)
                except OSError:
                    return
                sent += 1

        sender = threading.Thread(target=send)
        sender.start()
        status, body = whole_answer(link)
        stop.set()
        sender.join(PATIENCE)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "body_too_large"
    assert sent < 200


def test_what_is_no_http_is_told_so_in_our_form(service: Running) -> None:
    with connect(service) as link:
        link.sendall(b"\x16\x03\x01\x02\x00 this is TLS, or noise\r\n\r\n")
        status, body = whole_answer(link)
    assert (status, json.loads(body)["error"]["code"]) == (400, "request_invalid")


def test_a_head_over_the_cap(service: Running) -> None:
    with connect(service) as link:
        link.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000)
        status, _ = whole_answer(link)
    assert status == 400


def test_photos_are_answered_and_nothing_is_written(service: Running, audit: Path, photos: list[Path]) -> None:
    """Photos over a megabyte too, which starlette would spool into a file."""
    for photo in photos[:2]:
        data = photo.read_bytes()
        for path, files in (("/v1/look", {"photo": data}), ("/v1/look/batch", {"photos": data})):
            answer = httpx.post(service.url(path), files=files, timeout=PATIENCE)
            assert answer.status_code == 200, answer.text
    large = httpx.post(service.url("/v1/look/batch"), files=[("photos", bytes(290_000))] * 4, timeout=PATIENCE)
    assert large.status_code == 200
    assert (audit / "trace.txt").read_text() == ""
    assert sorted(path.name for path in audit.iterdir()) == ["sitecustomize.py", "trace.txt"]


def test_the_log_has_a_line_a_request_and_nothing_of_its_query(service: Running) -> None:
    httpx.get(service.url("/ready?token=geheim"), headers={"x-request-id": "seen-in-log"}, timeout=PATIENCE)
    httpx.get(service.url("/a%0Ab%1b"), headers={"x-request-id": "forged\tid"}, timeout=PATIENCE)
    assert service.end() == 0
    log = "".join(service.lines)
    assert re.search(r"GET '/ready' 200 \d+ms seen-in-log", log)
    assert re.search(r"GET '/a%0Ab%1b' 404 \d+ms [0-9a-f]{32}\n", log)
    assert "geheim" not in log
    assert "Traceback" not in log


SLOW = """
import sys
from masquerade.service import ServiceConfig, run
if __name__ == "__main__":
    config = ServiceConfig(port=0, workers=1, header_timeout=1.0, body_pause=1.0, body_timeout=3.0, connections=6)
    run(config, lambda port: print(port, flush=True))
"""


class Impatient(Running):
    """A service with short time-outs."""

    def __init__(self, folder: Path) -> None:
        import subprocess

        script = folder / "impatient.py"
        script.write_text(SLOW)
        self.process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.lines = []
        self.port = int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    service = Impatient(tmp_path_factory.mktemp("impatient"))
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.process.kill()
        service.process.communicate()


def trickle(link: socket.socket, data: bytes) -> None:
    """Send a byte every tenth of a second until the other side has had enough."""
    for byte in data:
        try:
            link.sendall(bytes([byte]))
        except OSError:
            return
        time.sleep(0.1)


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: loc"])
def test_a_head_that_does_not_come_ends_the_connection(impatient: Running, sent: bytes) -> None:
    with connect(impatient) as link:
        sender = threading.Thread(target=trickle, args=(link, sent * 20))
        sender.start()
        status, body = whole_answer(link)
        sender.join(PATIENCE)
    assert (status, json.loads(body)["error"]["code"]) == (408, "body_too_slow")


@pytest.mark.parametrize("pause", [True, False])
def test_a_body_that_dawdles_ends_the_connection(impatient: Running, pause: bool) -> None:
    """One that stops in the middle, and one that keeps coming, a byte at a time."""
    with connect(impatient) as link:
        link.sendall(post_head("Content-Length: 1000") + b"\xff\xd8")
        sender = threading.Thread(target=trickle, args=(link, b"" if pause else bytes(200)))
        sender.start()
        status, body = whole_answer(link)
        sender.join(PATIENCE)
    assert (status, json.loads(body)["error"]["code"]) == (408, "body_too_slow")


def sockets(pid: int) -> set[str]:
    """The sockets that a process has open."""
    folder = Path(f"/proc/{pid}/fd")
    if not folder.exists():
        pytest.skip("no /proc here")
    found = set()
    for entry in folder.iterdir():
        with suppress(FileNotFoundError):
            found.add(str(entry.readlink()))
    return {name for name in found if name.startswith("socket:")}


def test_who_does_not_read_the_answers_is_cut_off(impatient: Running) -> None:
    """The client asks for more than the system's buffers hold, and takes nothing."""
    pid = impatient.process.pid
    with socket.socket() as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = sockets(pid)
        link.connect(("127.0.0.1", impatient.port))
        link.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 400)
        until = time.monotonic() + PATIENCE
        while not (new := sockets(pid) - before):
            assert time.monotonic() < until
            time.sleep(0.02)
        while new & sockets(pid):
            assert time.monotonic() < until
            time.sleep(0.05)


def test_more_connections_than_there_is_room_for(impatient: Running) -> None:
    links = [connect(impatient) for _ in range(7)]
    try:
        answers = [whole_answer(link)[0] for link in links]  # the last has 503, the idle ones 408 in time
        assert sorted(set(answers)) == [408, 503]
    finally:
        for link in links:
            link.close()
    assert httpx.get(impatient.url("/health"), timeout=PATIENCE).status_code == 200


def test_what_is_not_done_in_time_is_told_so(photos: list[Path]) -> None:
    with running("--stop-timeout", "1") as service:
        service.wait_until_ready()
        answers: list[httpx.Response] = []

        def ask() -> None:
            form = [("photos", photos[0].read_bytes())] * 16
            answers.append(httpx.post(service.url("/v1/look/batch"), files=form, timeout=PATIENCE))

        client = threading.Thread(target=ask)
        client.start()
        wait_until_busy(service)
        assert service.end() == 0
        client.join(PATIENCE)
        assert "Traceback" not in "".join(service.lines)
    # A machine that does 16 photos in a second has answered them.
    assert answers[0].status_code == 200 or answers[0].json()["error"]["code"] == "not_ready"


def wait_until_busy(service: Running) -> None:
    until = time.monotonic() + PATIENCE
    while "masquerade_workers_busy 1.0" not in httpx.get(service.url("/metrics"), timeout=PATIENCE).text:
        assert time.monotonic() < until


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stopping_finishes_what_is_in_work(face_jpeg: bytes, how: signal.Signals) -> None:
    with running("--quiet", "--stop-timeout", "600") as service:
        service.wait_until_ready()
        answers: list[int | str] = []

        def ask() -> None:
            form = [("photos", face_jpeg)] * 16
            answer = httpx.post(service.url("/v1/look/batch"), files=form, timeout=PATIENCE)
            answers.append("error" if "error" in answer.text else answer.status_code)

        client = threading.Thread(target=ask)
        client.start()
        wait_until_busy(service)
        for decoder in children(service.process.pid):  # as systemd does, and a terminal with Ctrl-C
            with suppress(ProcessLookupError):
                os.kill(decoder, how)
        assert service.end(how) == 0
        client.join(PATIENCE)
    assert answers == [200]


def test_a_port_that_is_taken_is_told(impatient: Running) -> None:
    with pytest.raises(AssertionError, match=r"address_unusable"):
        Running("--port", str(impatient.port))


def test_beyond_loopback_it_does_not_start_without_a_key(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"masquerade keys add .*serve_unsafe"):
        Running("--host", "0.0.0.0", environment={"MASQUERADE_SERVE_KEYS": str(tmp_path / "keys.json")})  # noqa: S104


def test_tls(tmp_path: Path, face_jpeg: bytes) -> None:
    """Page, key, photo and frames over https and wss; the end of the terminal, which all processes are told of."""
    if not HAS_OPENSSL:
        pytest.skip("needs openssl")
    authority, keys = Authority(tmp_path), tmp_path / "keys.json"
    certificate = authority.certificate("door")
    key = KeyFile(keys).add("door", ("look", "watch"))
    trust = ssl.create_default_context(cafile=authority.file)
    files = ("--certfile", str(certificate), "--keyfile", str(certificate))
    with (
        running(*files, "--keys", environment={"MASQUERADE_SERVE_KEYS": str(keys)}) as service,
        httpx.Client(base_url=f"https://localhost:{service.port}", verify=trust, timeout=PATIENCE) as client,
    ):
        until = time.monotonic() + PATIENCE
        while client.get("/ready").status_code != 200:
            assert time.monotonic() < until
        assert client.get("/").headers["content-type"].startswith("text/html")
        opened = client.post("/v1/session", json={"key": key})
        assert (opened.status_code, "secure" in opened.headers["set-cookie"].lower()) == (200, True)
        for decoder in children(service.process.pid):
            with suppress(ProcessLookupError):
                os.kill(decoder, signal.SIGHUP)
        photo = {"Content-Type": "image/jpeg", "Authorization": f"Bearer {key}"}
        assert len(client.post("/v1/look", content=face_jpeg, headers=photo).json()["faces"]) == 1
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        address = f"wss://localhost:{service.port}/v1/kiosk/session"
        headers = {"Cookie": cookie, "Origin": f"https://localhost:{service.port}"}
        with connect_session(address, ssl=trust, additional_headers=headers, open_timeout=PATIENCE) as session:
            session.send(face_jpeg)
            assert json.loads(session.recv(timeout=PATIENCE))["type"] == "snapshot"
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(f"https://localhost:{service.port}/", timeout=PATIENCE)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://localhost:{service.port}/", timeout=PATIENCE)
        assert client.get("/health").status_code == 200
        assert service.end(signal.SIGHUP) == 0
    assert "Traceback" not in "".join(service.lines)
