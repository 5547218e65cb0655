"""What every request passes: hosts, origins, ids, headers, keys, rates, and who has gone away."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute

from masquerade import errors
from masquerade.errors import MasqueradeError
from masquerade.service import ServiceConfig, create_app
from masquerade.service.access import keys as keys_module
from masquerade.service.access.guard import Access, Guard
from masquerade.service.access.keys import Key, KeyFile
from masquerade.service.access.rates import Rates
from masquerade.service.edge.problems import STATUSES, status_of
from masquerade.service.edge.protocol import websocket_for
from tests.service.serving import Served, served

OPEN = {"/health", "/ready", "/v1/session", "/", "/static/kiosk/{path:path}"}
"""Routes that need no key: they tell nothing, or are how one comes in."""


def code_of(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


def test_each_answer_has_its_id_and_all_headers(look_service: Served) -> None:
    for path in ("/health", "/nothing", "/v1/look", "/openapi.json"):
        answer = look_service.get(path, headers={"x-request-id": "from.the_client-7"})
        assert answer.headers["x-request-id"] == "from.the_client-7"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "camera=(self)" in answer.headers["permissions-policy"]
        for name, value in (
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ):
            assert answer.headers[name] == value
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "server" not in answer.headers


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 65, "é", '"'])
def test_an_odd_id_is_replaced(look_service: Served, given: str) -> None:
    answer = look_service.get("/health", headers={"x-request-id": given.encode()})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


HOSTS = [
    ("localhost", True),
    ("localhost:8000", True),
    ("LOCALHOST.", True),
    ("127.0.0.1:8000", True),
    ("[::1]:8000", True),
    ("192.168.1.5", True),  # an address cannot be pointed elsewhere
    ("evil.example", False),  # a name can: DNS rebinding
    ("localhost.evil.example", False),
    ("127.0.0.1.evil.example", False),
    ("127.0.0.1.", True),
    ("[fe80::1%25eth0]:8000", True),
    ("", False),
    ("[::1", False),
    ("user@localhost", False),  # none of these is a Host header
    ("evil.example\\@localhost", False),
    ("localhost#.evil.example", False),
    ("localhost/evil.example", False),
    ("localhost:port", False),
    ("localhost, evil.example", False),
]


@pytest.mark.parametrize(("host", "known"), HOSTS)
def test_hosts_without_keys(look_service: Served, host: str, known: bool) -> None:
    answer = look_service.get("/health", headers={"host": host})
    assert answer.status_code == (200 if known else 421)
    assert known or code_of(answer) == "host_unknown"


ORIGINS = [
    ({"origin": "http://localhost"}, 200),
    ({"origin": "http://evil.example"}, 403),
    ({"origin": "http://localhost:9999"}, 403),  # another service of this machine
    ({"origin": "null"}, 403),
    ({"origin": "http://["}, 403),  # no address at all
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
    ({"sec-fetch-site": "same-origin"}, 200),
    ({"sec-fetch-site": "none"}, 200),
    ({}, 200),
    ([("origin", "http://localhost"), ("origin", "http://evil.example")], 403),
    ([("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], 403),
]


@pytest.mark.parametrize(("headers", "status"), ORIGINS)
def test_origins(look_service: Served, headers: Any, status: int) -> None:
    answer = look_service.post("/v1/session", headers=headers)
    assert answer.status_code == status
    assert status == 200 or code_of(answer) == "origin_refused"
    assert look_service.get("/health", headers=headers).status_code == 200  # a page may be linked to


SMUGGLED = [
    {"transfer-encoding": "chunked", "content-length": "5"},
    {"transfer-encoding": "chunked", "content-length": "0"},
]


@pytest.mark.parametrize("headers", SMUGGLED)
def test_a_body_with_two_ends_is_refused(look_service: Served, headers: dict[str, str]) -> None:
    answer = look_service.post("/v1/session", headers=headers, content=b"")
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")
    assert answer.headers["connection"] == "close"


def test_all_methods_of_a_path_are_named(look_service: Served) -> None:
    for path, methods in (
        ("/v1/session", "DELETE, POST"),
        ("/v1/look", "POST"),
        ("/", "GET, HEAD"),
        ("/ready", "GET, HEAD"),
    ):
        answer = look_service.ask("PATCH", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)


def test_probes_answer_head(look_service: Served) -> None:
    for path in ("/health", "/ready"):
        assert look_service.ask("HEAD", path).status_code == 200


def test_every_error_has_a_status() -> None:
    def kinds(kind: type[MasqueradeError]) -> Iterator[type[MasqueradeError]]:
        yield kind
        for below in kind.__subclasses__():
            yield from kinds(below)

    for kind in kinds(errors.MasqueradeError):
        assert status_of(kind("words")) in range(400, 600), kind
    assert status_of(errors.ImageDamaged("words")) == 422
    assert set(STATUSES.values()) >= {401, 403, 404, 405, 408, 413, 415, 421, 422, 429, 500, 503}


def routes(app: FastAPI) -> Iterator[APIRoute | APIWebSocketRoute]:
    def walk(found: Any) -> Iterator[APIRoute | APIWebSocketRoute]:
        for route in found:
            if isinstance(route, APIRoute | APIWebSocketRoute):
                yield route
            inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", [])
            yield from walk(inner)

    yield from walk(app.routes)


def test_every_route_is_guarded_but_those_that_are_open() -> None:
    found = list(routes(create_app(ServiceConfig())))
    assert {"/v1/look", "/v1/look/batch", "/metrics"} <= {route.path for route in found}
    for route in found:
        guarded = any(isinstance(inner.call, Guard) for inner in route.dependant.dependencies)
        assert guarded != (route.path in OPEN), route.path


@pytest.fixture
def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Served, dict[str, str]]]:
    """A service that can be reached by others, and keys of it by name. It need not be ready."""
    monkeypatch.setattr(keys_module, "COST", 16)
    file = KeyFile(tmp_path / "keys.json")
    keys = {name: file.add(name, (name,)) for name in ("look", "watch", "metrics")}
    monkeypatch.setattr("masquerade.service.service.warm_up", lambda _decoders: ())
    config = ServiceConfig(host="::", keys_file=file.path, workers=1, rate=60, burst=12)
    with served(config, peer="192.0.2.1") as service:
        yield service, keys


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_who_may_what(keyed: tuple[Served, dict[str, str]]) -> None:
    """The whole matrix: no key, a wrong one, one for each scope."""
    service, keys = keyed
    wanted = {"/v1/look": "look", "/metrics": "metrics"}
    for path, scope in wanted.items():
        method = "GET" if path == "/metrics" else "POST"
        nobody = service.ask(method, path)
        assert (nobody.status_code, code_of(nobody)) == (401, "key_required")
        assert nobody.headers["www-authenticate"].startswith("Bearer")
        assert service.ask(method, path, headers=bearer("mq_00000000_" + "a" * 43)).status_code == 401
        assert service.ask(method, path, headers={"authorization": f"Basic {keys[scope]}"}).status_code == 401
        assert service.ask(method, f"{path}?key={keys[scope]}").status_code == 401  # never in an address
        for name, key in keys.items():
            answer = service.ask(method, path, headers=bearer(key))
            if name == scope:
                assert answer.status_code in {200, 415}  # let in; the latter for want of a photo
            else:
                assert (answer.status_code, code_of(answer)) == (403, "scope_missing")
    for path in ("/health", "/ready"):
        assert service.get(path).status_code == 200


def test_why_something_is_out_of_order_is_told_to_callers_with_a_key_alone(
    keyed: tuple[Served, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, keys = keyed
    inner = {"state": "failing", "reason": "office: no connection to 10.0.0.7"}
    monkeypatch.setattr(service.service.alerting, "to_dict", lambda: inner)
    assert service.get("/ready").json()["alerts"] == {"state": "failing", "reason": ""}
    assert service.get("/ready", headers=bearer("wrong")).json()["alerts"]["reason"] == ""
    assert service.get("/ready", headers=bearer(keys["metrics"])).json()["alerts"] == inner


def test_a_websocket_whose_client_does_not_read_is_cut_off() -> None:
    async def wait() -> tuple[int, int]:
        kind = websocket_for(ServiceConfig(body_timeout=0.05))
        stuck, read = (kind.__new__(kind) for _ in range(2))
        for protocol in (stuck, read):
            protocol.loop = asyncio.get_running_loop()  # type: ignore[attr-defined]
            protocol.transport = Mock()  # type: ignore[attr-defined]
            protocol.writable = asyncio.Event()  # type: ignore[attr-defined]
            protocol.pause_writing()
        read.resume_writing()
        while not stuck.transport.abort.called:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        return stuck.transport.abort.call_count, read.transport.abort.call_count  # type: ignore[attr-defined]

    assert asyncio.run(wait()) == (1, 0)


def test_a_key_that_is_removed_opens_nothing_from_then_on(keyed: tuple[Served, dict[str, str]]) -> None:
    service, keys = keyed
    assert service.get("/metrics", headers=bearer(keys["metrics"])).status_code == 200
    service.service.access.keys.remove("metrics")
    assert service.get("/metrics", headers=bearer(keys["metrics"])).status_code == 401


def test_scrypt_is_run_once_for_a_key_that_is_right(
    keyed: tuple[Served, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, keys = keyed
    runs: list[str] = []
    digest = keys_module._digest

    def noted(text: str, salt: bytes) -> bytes:
        runs.append(text)
        return digest(text, salt)

    monkeypatch.setattr(keys_module, "_digest", noted)
    for _ in range(3):
        assert service.get("/metrics", headers=bearer(keys["metrics"])).status_code == 200
    assert len(runs) == 1
    file = service.service.access.keys.path
    file.write_text(file.read_text().replace('"salt": "', '"salt": "00'))  # the digest is of another key now
    assert service.get("/metrics", headers=bearer(keys["metrics"])).status_code == 401
    assert len(runs) == 2


def test_wrong_keys_are_slowed_down_before_scrypt_is_run(
    keyed: tuple[Served, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _ = keyed
    answers = [service.get("/metrics", headers=bearer(f"mq_{number:08x}_wrong")) for number in range(12)]
    assert [answer.status_code for answer in answers][:10] == [401] * 10
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    monkeypatch.setattr(keys_module, "_digest", None)  # not callable: it must not be run
    assert service.get("/metrics", headers=bearer("mq_00000000_again")).status_code == 429


def test_wrong_keys_at_once_run_scrypt_no_more_often_than_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And right ones beside them are let in, however many come at once."""
    monkeypatch.setattr(keys_module, "COST", 16)
    runs: list[str] = []

    class Slow(KeyFile):
        def find(self, text: str) -> Key | None:
            runs.append(text)
            time.sleep(0.001)
            return super().find(text)

    file = Slow(tmp_path / "keys.json")
    right = file.add("door", ("look",))

    async def test() -> tuple[list[Any], list[Any]]:
        access = Access(True, file, Rates(0, 1))
        wrong = [access.find(f"{right[:12]}{number:043d}", "192.0.2.1") for number in range(200)]
        good = [access.find(right, "192.0.2.2") for _ in range(100)]
        answers = await asyncio.gather(*wrong, *good, return_exceptions=True)
        return answers[:200], answers[200:]

    wrong, good = asyncio.run(test())
    assert wrong.count(None) == 10
    assert sum(isinstance(answer, errors.TooManyRequests) for answer in wrong) == 190
    assert {key.name for key in good} == {"door"}
    assert len(runs) == 11


def test_a_key_of_no_known_number_costs_no_scrypt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(tmp_path / "keys.json")
    right = file.add("door", ("look",))
    monkeypatch.setattr(keys_module, "_digest", None)  # not callable: it must not be run
    assert file.find("mq_" + "0" * 8 + right[11:]) is None
    with pytest.raises(TypeError):
        file.find(right)


def test_who_asks_too_often_waits(keyed: tuple[Served, dict[str, str]]) -> None:
    service, keys = keyed
    statuses = [service.get("/metrics", headers=bearer(keys["metrics"])).status_code for _ in range(14)]
    assert statuses[:12] == [200] * 12
    assert statuses[-1] == 429
    # another key has a bucket of its own
    assert service.post("/v1/look", headers=bearer(keys["look"])).status_code == 415


def test_a_session_stands_for_its_key(keyed: tuple[Served, dict[str, str]]) -> None:
    service, keys = keyed
    assert service.post("/v1/session", json={"key": "mq_wrong"}).status_code == 401
    opened = service.post("/v1/session", json={"key": keys["metrics"]})
    assert opened.json()["scopes"] == ["metrics"]
    cookie = opened.headers["set-cookie"]
    assert re.match(r"masquerade_session=[A-Za-z0-9_-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict$", cookie)
    assert keys["metrics"][12:] not in cookie
    name, value = cookie.partition(";")[0].split("=")
    inside = {"cookie": f"{name}={value}"}
    assert service.get("/metrics", headers=inside).status_code == 200
    assert service.post("/v1/look", headers=inside).status_code == 403  # no more than the key could
    assert service.ask("DELETE", "/v1/session", headers=inside).status_code == 204
    assert service.get("/metrics", headers=inside).status_code == 401


BODIES = [b"{", b"[]", b'"x"', b'{"key": 1}', b'{"key": "a", "more": 1}', b"[" * 50_000, b"\xff"]


@pytest.mark.parametrize("body", BODIES)
def test_a_session_wants_a_key_in_json(keyed: tuple[Served, dict[str, str]], body: bytes) -> None:
    service, _ = keyed
    answer = service.post("/v1/session", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")
    assert service.post("/v1/session", content=b"x").status_code == 415


def test_a_session_over_tls_has_a_secure_cookie(keyed: tuple[Served, dict[str, str]]) -> None:
    service, keys = keyed
    opened = service.post("https://door.example/v1/session", json={"key": keys["watch"]})
    assert "; Secure" in opened.headers["set-cookie"]


def scope_of(body: bytes) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/look",
        "raw_path": b"/v1/look",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"image/jpeg"), (b"content-length", b"%d" % len(body))],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


def test_a_photo_whose_sender_went_away_while_it_waited_is_not_decoded(
    face_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("masquerade.service.service.warm_up", lambda _decoders: ())
    app = create_app(ServiceConfig(workers=1))
    service = app.state.service
    decoded: list[bytes] = []
    monkeypatch.setattr(service.decoders, "read", decoded.append)

    async def test() -> list[Any]:
        sent: list[Any] = []
        go, gone = threading.Event(), asyncio.Event()
        messages = iter([{"type": "http.request", "body": face_jpeg, "more_body": False}])

        async def receive() -> Any:
            message = next(messages, None)
            if message is None:
                await gone.wait()
                return {"type": "http.disconnect"}
            return message

        async def send(message: Any) -> None:
            sent.append(message)

        async with app.router.lifespan_context(app), asyncio.timeout(60):
            while not service.readiness()["ready"]:
                await asyncio.sleep(0.01)
            other = asyncio.create_task(service.limiter.run(lambda: go.wait(60)))
            request = asyncio.create_task(app(scope_of(face_jpeg), receive, send))
            while service.limiter.waiting == 0:
                await asyncio.sleep(0.01)
            gone.set()
            await request
            assert service.limiter.waiting == 0
            go.set()
            await other
        return sent

    assert asyncio.run(test()) == []
    assert decoded == []


def test_no_more_bytes_of_photos_are_held_than_there_is_room_for() -> None:
    from masquerade.errors import Busy
    from masquerade.service.uploads import Room

    async def test() -> None:
        room = Room(10)
        order: list[int] = []

        async def hold(number: int, count: int, free: asyncio.Event) -> None:
            async with room.hold(count, 60):
                order.append(number)
                assert room.held <= 10
                await free.wait()

        frees = [asyncio.Event() for _ in range(4)]
        tasks = []
        for number, count in enumerate((6, 6, 2, 99)):
            tasks.append(asyncio.create_task(hold(number, count, frees[number])))
            await asyncio.sleep(0)
        assert order == [0]  # the small one does not overtake: else a large one might wait for ever
        with pytest.raises(Busy):
            async with room.hold(1, 0.01):
                pass
        frees[0].set()
        await tasks[0]
        await asyncio.sleep(0)
        assert order == [0, 1, 2]
        tasks[1].cancel()
        frees[2].set()
        await asyncio.gather(*tasks[1:3], return_exceptions=True)
        await asyncio.sleep(0)
        assert order == [0, 1, 2, 3]  # larger than the room: alone in it
        frees[3].set()
        await tasks[3]
        assert room.held == 0

    asyncio.run(test())
