"""Webhooks against a real HTTP server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from masquerade.live.alerts import DeliveryFailed
from masquerade.live.alerts.channels.signing import key_of, signature_of
from masquerade.live.alerts.channels.webhook import Webhook, wait_of, why
from masquerade.live.alerts.kinds import WebhookConfig
from tests.live.alerts.made_alerts import PATIENCE, Receiver, alert, receiver

pytest.importorskip("httpx", reason="the extra [watch] is not installed")

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "alert.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def webhook(url: str, **words: object) -> Webhook:
    words.setdefault("timeout", 120)
    return Webhook(
        WebhookConfig.model_validate({"kind": "webhook", "url": url, **words}), "de", clock=lambda: 1614265330.5
    )


def test_what_is_sent(server: Receiver) -> None:
    with closing(webhook(server.url, headers={"X-Place": "door"})) as channel:
        channel.send(alert(3, "incorrect"))
        channel.send(alert(4))
    first, second = server.requests
    assert first.headers["idempotency-key"] == first.json["id"] == alert(3).id
    assert first.headers["content-type"] == "application/json"
    assert first.headers["x-place"] == "door"
    assert "webhook-signature" not in first.headers
    assert first.json | {"message": ""} == {
        "id": alert(3).id,
        "event": "alert",
        "at": "2026-11-22T12:00:00.000Z",
        "time": 3.0,
        "source": "door",
        "person": 3,
        "wearing": "incorrect",
        "test": False,
        "language": "de",
        "message": "",
    }
    assert first.json["message"].startswith("Jemand trägt die Maske falsch: door, ")
    for request in (first, second):
        Draft202012Validator(SCHEMA).validate(request.json)


def test_the_published_signature() -> None:
    """The vector of the libraries of Standard Webhooks."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = signature_of(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_request_can_be_checked(server: Receiver) -> None:
    secret = "a plain text of enough bytes"  # noqa: S105
    with closing(webhook(server.url, secret=secret)) as channel:
        channel.send(alert(1))
    request = server.requests[0]
    assert request.headers["webhook-timestamp"] == "1614265330"
    signed = f"{request.headers['webhook-id']}.1614265330.".encode() + request.body
    digest = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{digest}"


ANSWERS = [
    # status, header, permanent, wait, surely not there
    (500, {}, False, None, False),
    (502, {}, False, None, False),
    (503, {"Retry-After": "7"}, False, 7.0, True),
    (429, {"Retry-After": "Thu, 25 Feb 2021 15:02:20 GMT"}, False, 9.5, True),
    (429, {"Retry-After": "soon"}, False, None, True),
    (408, {}, False, None, True),
    (400, {}, True, None, True),
    (404, {}, True, None, True),
    (410, {}, True, None, True),
    (301, {"Location": "http://127.0.0.1:1/"}, True, None, True),
    (307, {"Location": "http://127.0.0.1:1/"}, True, None, True),
]


@pytest.mark.parametrize(("status", "headers", "permanent", "wait", "surely"), ANSWERS)
def test_answers(
    server: Receiver, status: int, headers: dict[str, str], permanent: bool, wait: float | None, surely: bool
) -> None:
    server.answers = [(status, headers)]
    with closing(webhook(server.url)) as channel, pytest.raises(DeliveryFailed, match=f"answered {status}") as failure:
        channel.send(alert(1))
    assert (failure.value.permanent, failure.value.wait, failure.value.surely) == (permanent, wait, surely)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_good_answers(server: Receiver, status: int) -> None:
    server.answers = [(status, {})]
    with closing(webhook(server.url)) as channel:
        channel.send(alert(1))


@pytest.mark.parametrize(
    ("text", "expected"), [("", None), ("-1", None), ("1.5", None), ("٣", None), ("0", 0.0), ("9" * 99, 999999999.0)]
)
def test_times_to_wait(text: str, expected: float | None) -> None:
    assert wait_of(text, 0.0) == expected


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/T0PS3CRET"
    with (
        closing(webhook(url)) as channel,
        pytest.raises(DeliveryFailed, match="no connection: Connection refused") as failure,
    ):
        channel.send(alert(1))
    assert failure.value.surely and not failure.value.permanent
    assert "T0PS3CRET" not in str(failure.value)


def test_the_reason_is_the_systems_own_and_not_a_librarys() -> None:
    try:
        try:
            raise ExceptionGroup("several", [OSError(111, "Connect call failed"), OSError(101, "unreachable")])
        except ExceptionGroup as group:
            raise OSError("All connection attempts failed") from group
    except OSError as error:
        assert why(error) == "Connection refused"
    assert why(ValueError("alone")) == "alone"


def test_a_host_without_an_address() -> None:
    with closing(webhook("http://nobody.invalid/")) as channel, pytest.raises(DeliveryFailed) as failure:
        channel.send(alert(1))
    assert failure.value.surely and not failure.value.permanent
    assert "All connection" not in failure.value.message


def test_a_receiver_that_hangs(server: Receiver) -> None:
    server.hang = threading.Event()
    with (
        closing(webhook(server.url, timeout=0.3)) as channel,
        pytest.raises(DeliveryFailed, match=r"within 0\.3 s") as failure,
    ):
        channel.send(alert(1))
    assert not failure.value.surely


def test_a_receiver_that_dribbles() -> None:
    """A byte now and then keeps each read alive, but not the whole."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def dribble() -> None:
            connection, _ = listener.accept()
            with connection:
                while not done.wait(0.05):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=dribble, daemon=True)
        thread.start()
        begin = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with closing(webhook(url, timeout=1.0)) as channel, pytest.raises(DeliveryFailed):
            channel.send(alert(1))
        assert time.monotonic() - begin < PATIENCE / 2
        done.set()
        thread.join()


def test_garbage_and_a_cut_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for garbage in (b"\x16\x03\x01 not HTTP\r\n\r\n", b""):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(garbage)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with closing(webhook(f"http://127.0.0.1:{listener.getsockname()[1]}/")) as channel:
            for _ in range(2):
                with pytest.raises(DeliveryFailed, match="connection broke") as failure:
                    channel.send(alert(1))
                assert not failure.value.permanent
        thread.join()


def test_a_certificate_of_nobody(tmp_path: Path) -> None:
    """TLS is checked: a server with a certificate of its own making is refused before anything is sent."""
    import shutil
    import ssl
    import subprocess

    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([openssl, *words, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with receiver(context) as server:
        url = server.url.replace("http:", "https:")
        told = r"no connection: .*certificate verify failed"
        with closing(webhook(url)) as channel, pytest.raises(DeliveryFailed, match=told):
            channel.send(alert(1))
        assert server.requests == []
        with closing(webhook(url, ca_file=certificate)) as channel:
            channel.send(alert(1))
        assert len(server.requests) == 1
