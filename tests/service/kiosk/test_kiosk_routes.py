"""The page's files, its setup and counts, and the sessions of browsers, asked without a browser."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="needs the [serve] extra")

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from masquerade.errors import ModelHashMismatch, SettingsInvalid
from masquerade.live import Event
from masquerade.service import ServiceConfig, create_app
from masquerade.service.access.guard import Access
from masquerade.service.access.keys import KeyFile
from masquerade.service.access.rates import Rates
from masquerade.service.kiosk import Kiosk, KioskConfig
from masquerade.service.kiosk.pages import LANGUAGES, STATIC, pages
from masquerade.settings import Settings
from tests.service.kiosk.made_kiosk import PATIENCE, Door, Stage, person, wait_for


def jpeg(width: int = 64, height: int = 48, kind: str = "JPEG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), "#456789").save(data, kind)
    return data.getvalue()


class Client(httpx.Client):
    """Of a service on loopback, and of its sessions."""

    def __init__(self, port: int) -> None:
        super().__init__(base_url=f"http://localhost:{port}", timeout=PATIENCE)
        self._sessions = f"ws://localhost:{port}/v1/kiosk/session"

    @contextmanager
    def session(self) -> Iterator[ClientConnection]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Authorization": self.headers.get("Authorization", ""), **({"Cookie": cookie} if cookie else {})}
        with connect(self._sessions, additional_headers=headers, compression=None, open_timeout=PATIENCE) as session:
            yield session


def answer(session: ClientConnection) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(session.recv(timeout=PATIENCE))
    return told


def ask(session: ClientConnection, data: bytes | str | None = None) -> dict[str, Any]:
    session.send(jpeg() if data is None else data)
    return answer(session)


def ending(session: ClientConnection) -> tuple[int, str]:
    """Code and reason with which the service closes."""
    with pytest.raises(ConnectionClosed) as ended:
        session.recv(timeout=PATIENCE)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """One service for all tests: each puts its own stage, limits and keys into it."""
    door = Door(lambda: create_app(ServiceConfig(workers=1, rate=0)))
    with Client(door.port) as client:
        wait_for(lambda: client.get("/ready").status_code == 200)
    yield door
    door.stop()


@pytest.fixture
def stage(door: Door) -> Stage:
    """What is seen; the limits let everything through."""
    return staged(door)


def staged(door: Door, **config: Any) -> Stage:
    stage = Stage()
    door.app.state.kiosk = Kiosk(KioskConfig(**{"fps": 1000, **config}), stage.observer)
    return stage


@pytest.fixture
def client(door: Door, stage: Stage) -> Iterator[Client]:
    with Client(door.port) as client:
        yield client


@pytest.fixture(scope="module")
def words() -> dict[str, dict[str, str]]:
    return {code: json.loads((STATIC / "lang" / f"{code}.json").read_text()) for code in LANGUAGES}


class TestFiles:
    def test_the_page_is_there_and_may_load_nothing_but_its_own(self, client: Client) -> None:
        found = client.get("/")
        assert found.status_code == 200
        assert found.headers["content-type"] == "text/html; charset=utf-8"
        policy = dict(part.strip().split(" ", 1) for part in found.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
        assert "camera=(self)" in found.headers["permissions-policy"]

    def test_nothing_is_inline_and_no_outside_host_is_named(self) -> None:
        page = pages()["index.html"].body.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
        for path, file in pages().items():
            addresses = set(re.findall(r"https?://[\w.-]+", file.body.decode()))
            assert addresses <= {"http://www.w3.org"}, path  # names a language, is not asked

    def test_every_file_that_is_named_is_there(self) -> None:
        for path, file in pages().items():
            for named in re.findall(r'"/static/kiosk/([\w./-]+)"', file.body.decode()):
                assert named in pages(), path
            for named in re.findall(r'from "\./([\w.-]+)"', file.body.decode()):
                assert f"js/{named}" in pages(), path

    def test_a_copy_that_still_holds_is_not_sent_again(self, client: Client) -> None:
        first = client.get("/static/kiosk/js/main.js")
        assert first.headers["content-type"].startswith("text/javascript")
        again = client.get("/static/kiosk/js/main.js", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("path", ["js/none.js", "../kiosk/routes.py", "%2e%2e/routes.py", "..%2f..%2fapp.py", ""])
    def test_nothing_else_is_served(self, client: Client, path: str) -> None:
        found = client.get(f"/static/kiosk/{path}")
        assert found.status_code == 404
        assert found.json()["error"]["code"] == "route_unknown"


class TestWords:
    def test_languages(self) -> None:
        assert {"en", "de", "fr", "es", "it", "pl", "tr", "zh", "ja", "ar", "ru", "uk"} <= set(LANGUAGES)
        script = (STATIC / "js" / "languages.js").read_text()
        named = re.search(r"KNOWN = \[(.*?)\]", script)
        assert named is not None
        assert sorted(re.findall(r'"(\w+)"', named[1])) == list(LANGUAGES)

    @pytest.mark.parametrize("code", LANGUAGES)
    def test_no_language_lacks_a_word(self, words: dict[str, dict[str, str]], code: str) -> None:
        assert list(words[code]) == list(words["en"])
        assert all(text.strip() == text and text for text in words[code].values())
        assert words[code]["dir"] == ("rtl" if code == "ar" else "ltr")

    @pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"en"}))
    def test_messages_are_translated(self, words: dict[str, dict[str, str]], code: str) -> None:
        same = {key for key, text in words[code].items() if text == words["en"][key]}
        assert same <= {"dir", "start.button"}

    def test_every_message_has_words_and_every_word_a_use(self, words: dict[str, dict[str, str]]) -> None:
        script = "".join(path.read_text() for path in (STATIC / "js").glob("*.js"))
        page = (STATIC / "index.html").read_text()
        quoted = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)?)"', script)) | set(re.findall(r'data-\w+="([\w.]+)"', page))
        states = {f"source_{state}" for state in ("stalled", "offline", "ended")}
        for key in words["en"]:
            stem, _, ending = key.partition(".")
            used = key in quoted or (ending in {"title", "line"} and stem in quoted | states)
            assert used or key == "dir", key

    def test_every_sign_is_drawn(self) -> None:
        page = (STATIC / "index.html").read_text()
        drawn = set(re.findall(r'<symbol id="icon-([\w-]+)"', page))
        script = (STATIC / "js" / "messages.js").read_text()
        table = re.search(r"const ICONS = \{(.*?)\};", script, re.DOTALL)
        assert table is not None
        assert set(re.findall(r': "([\w-]+)"', table[1])) | {"no-camera"} <= drawn
        assert set(re.findall(r'href="#icon-([\w-]+)"', page)) <= drawn


class TestSetup:
    def test_what_the_page_goes_by(self, client: Client) -> None:
        setup = client.get("/v1/kiosk/config").json()
        assert setup["camera"] == "browser"
        assert setup["known"] == list(LANGUAGES)
        assert setup["side"] == 640
        assert (setup["events"], setup["alerts"]) == (False, False)

    def test_settings(self) -> None:
        config = KioskConfig.from_settings(Settings(kiosk_languages=" DE, en,de", kiosk_turn=12, kiosk_counts=False))
        assert (config.languages, config.turn, config.counts) == (("de", "en"), 12, False)
        with pytest.raises(SettingsInvalid, match="tlh"):
            KioskConfig.from_settings(Settings(kiosk_languages="de,tlh"))

    def test_counts_that_are_not_to_be_shown_are_not_told(self, door: Door, client: Client) -> None:
        staged(door, counts=False)
        assert client.get("/v1/kiosk/counts").status_code == 404
        with client.session() as session:
            assert "day" not in ask(session)

    def test_a_service_without_a_camera_has_no_feed(self, client: Client) -> None:
        found = client.get("/v1/kiosk/camera")
        assert (found.status_code, found.json()["error"]["code"]) == (404, "route_unknown")


class TestKeys:
    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("masquerade.service.edge.closing.CONFIRM", 0.1)
        monkeypatch.setattr("masquerade.service.access.keys.COST", 16)

    @pytest.fixture
    def keys(self, door: Door, stage: Stage, tmp_path: Path) -> Iterator[dict[str, str]]:
        file = KeyFile(tmp_path / "keys.json")
        service = door.app.state.service
        open_to_all = service.access
        service.access = Access(True, file, Rates(0, 1))
        yield {scope: file.add(scope, (scope,)) for scope in ("watch", "look")}
        service.access = open_to_all

    def test_the_page_is_open_and_what_it_asks_for_is_not(self, client: Client, keys: dict[str, str]) -> None:
        assert client.get("/").status_code == 200
        for path in ("/v1/kiosk/config", "/v1/kiosk/counts", "/v1/kiosk/camera"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"Authorization": f"Bearer {keys['look']}"}).status_code == 403
        with pytest.raises(InvalidStatus) as refused, client.session():
            pass
        assert refused.value.response.status_code == 401

    def test_a_key_opens_a_session_that_lasts_as_long_as_the_page(self, client: Client, keys: dict[str, str]) -> None:
        assert client.post("/v1/session", json={"key": "wrong"}).status_code == 401
        assert client.post("/v1/session", json={"key": keys["watch"]}).status_code == 200
        found = client.get("/v1/kiosk/config")
        assert found.status_code == 200
        cookie = found.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert f"Max-Age={12 * 3600}" in cookie
        with client.session() as session:
            assert ask(session)["type"] == "snapshot"

    @pytest.mark.parametrize("by_cookie", [True, False])
    def test_what_is_open_ends_with_its_key(
        self, client: Client, door: Door, keys: dict[str, str], by_cookie: bool
    ) -> None:
        file = door.app.state.service.access.keys
        if by_cookie:
            assert client.post("/v1/session", json={"key": keys["watch"]}).status_code == 200
        else:
            client.headers["Authorization"] = f"Bearer {keys['watch']}"
        with client.session() as session:
            file.add("another", ("watch",))
            file.remove("look")
            assert ask(session)["type"] == "snapshot"  # keys of others are no matter
            file.remove("watch")
            file.add("watch", ("watch",))  # of the same name, but another key
            assert ending(session) == (1008, "key_required")

    def test_what_is_open_ends_with_its_session(self, client: Client, keys: dict[str, str]) -> None:
        client.post("/v1/session", json={"key": keys["watch"]})
        with client.session() as session:
            assert ask(session)["type"] == "snapshot"
            assert client.delete("/v1/session").status_code == 204
            assert ending(session) == (1008, "key_required")

    def test_one_who_never_falls_silent_is_closed_too(self, client: Client, door: Door, keys: dict[str, str]) -> None:
        client.headers["Authorization"] = f"Bearer {keys['watch']}"
        with client.session() as session:
            door.app.state.service.access.keys.path.write_text("{")
            with pytest.raises(ConnectionClosed) as ended:
                while True:
                    ask(session)
            assert ended.value.rcvd is not None
            assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (1011, "keys_invalid")


class TestSession:
    @pytest.mark.parametrize("path", ["/nothing", "/health"])
    def test_a_websocket_where_there_is_none_is_told_so(self, door: Door, path: str) -> None:
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://localhost:{door.port}{path}"):
            pass
        answer = refused.value.response
        assert (answer.status_code, json.loads(answer.body)["error"]["code"]) == (404, "route_unknown")

    def test_a_frame_is_answered_with_a_snapshot(self, client: Client, stage: Stage) -> None:
        stage.people = (person(3, "incorrect", "nose"),)
        with client.session() as session:
            told = ask(session)
        assert (told["type"], told["width"], told["height"]) == ("snapshot", 64, 48)
        assert told["people"][0]["number"] == 3
        assert told["people"][0]["shows"] == ["nose"]
        assert told["day"]["entered"] == 0
        assert stage.sizes == {(64, 48)}
        wait_for(lambda: stage.ended == 1)

    def test_a_frame_too_large_ends_the_session(self, client: Client) -> None:
        with client.session() as session:
            session.send(b"\xff\xd8" + bytes(1_000_000))
            assert ending(session) == (1009, "body_too_large")

    def test_text_ends_the_session(self, client: Client) -> None:
        with client.session() as session:
            session.send("hello")
            assert ending(session) == (1008, "media_unsupported")

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"garbage", "image_format_unknown"),
            (b"", "image_empty"),
            (jpeg()[:200], "image_damaged"),
            (jpeg(kind="PNG"), "media_unsupported"),
            (jpeg(2000, 1100), "image_too_large"),
        ],
        ids=["garbage", "nothing", "half", "png", "large"],
    )
    def test_a_frame_that_cannot_be_used_is_told_and_the_next_is_taken(
        self, client: Client, stage: Stage, data: bytes, code: str
    ) -> None:
        with client.session() as session:
            assert ask(session, data)["error"]["code"] == code
            assert ask(session)["type"] == "snapshot"

    def test_garbage_without_end_ends_the_session(self, client: Client) -> None:
        with client.session() as session:
            for _ in range(KioskConfig().damaged):
                assert ask(session, b"garbage")["type"] == "error"
            assert ending(session) == (1008, "frames_damaged")

    def test_a_service_that_is_not_well_says_so_and_the_session_lasts(self, client: Client, stage: Stage) -> None:
        with client.session() as session:
            stage.error = ModelHashMismatch("the file of yunet is not the one of its card")
            assert ask(session)["error"]["code"] == "model_hash_mismatch"
            stage.error = None
            assert ask(session)["type"] == "snapshot"

    def test_limits_of_sessions_rate_and_idleness(self, door: Door, client: Client) -> None:
        staged(door, sessions=1, fps=10, idle=0.5)
        with client.session() as session:
            with client.session() as second:
                assert ending(second) == (1013, "sessions_full")
            began = time.monotonic()
            for _ in range(6):
                session.send(jpeg())
            for _ in range(6):
                answer(session)
            assert time.monotonic() - began >= 0.5  # the first at once, five more at ten a second
            assert ending(session) == (1000, "idle")
            with client.session() as third:  # the place is free again
                assert ask(third)["type"] == "snapshot"

    def test_sessions_add_up_to_the_counts_of_the_day(self, client: Client, stage: Stage) -> None:
        with client.session() as one, client.session() as two:
            stage.happened = (Event(0.0, "entered", 1, "undecided"),)
            for session in (one, two):
                ask(session)
            stage.happened = (Event(1.0, "changed", 1, "with_mask"),)
            told = ask(one)["day"]
            assert (told["entered"], told["with_mask"], told["undecided"]) == (2, 1, 1)
            stage.happened = (Event(2.0, "left", 1, "with_mask"),)
        wait_for(lambda: stage.ended == 2)
        wait_for(lambda: client.get("/v1/kiosk/counts").json()["with_mask"] == 2)
        assert client.get("/v1/kiosk/counts").json()["undecided"] == 0


def test_no_file_is_written(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    written: list[object] = []
    watching = True

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            written.append(arguments[0])

    sys.addaudithook(audit)
    with client.session() as session:
        for _ in range(3):
            ask(session)
    watching = False
    assert written == []
