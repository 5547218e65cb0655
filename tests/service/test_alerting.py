"""Alerts of the browsers that send their camera's frames, and what a service tells of its alerts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs the [serve] extra")
pytest.importorskip("httpx", reason="the extra [watch] is not installed")

import httpx
from websockets.sync.client import connect

from masquerade.errors import AlertsInvalid
from masquerade.live import Event, Frame, StateChange
from masquerade.live.watching import Counts, Snapshot
from masquerade.service import ServiceConfig, create_app
from masquerade.service.alerting import Alerting
from masquerade.service.kiosk import Kiosk, KioskConfig
from tests.live.alerts.made_alerts import Receiver, receiver, until
from tests.service.kiosk.made_kiosk import Door
from tests.service.kiosk.test_kiosk_routes import jpeg
from tests.service.serving import PATIENCE

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), 0.0, 0)


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Path:
    path = tmp_path / "outbox.sqlite"
    monkeypatch.setenv("MASQUERADE_ALERTS_OUTBOX", str(path))
    return path


def written(folder: Path, url: str, more: str = "") -> Path:
    path = folder / "alerts.toml"
    path.write_text(f'{more}\n[channels.office]\nkind = "webhook"\nurl = "{url}"\n', encoding="utf-8")
    path.chmod(0o600)
    return path


class Alarmed:
    """An observer that sees somebody without a mask in every frame."""

    def see(self, frame: Frame) -> Snapshot:
        return Snapshot(frame.time, (2, 2), (), (Event(frame.time, "alert", 1, "without_mask"),), Counts(alerts=1))

    def state_changed(self, change: StateChange) -> Snapshot:
        return Snapshot(change.time, (2, 2), (), (), Counts())


def sources(server: Receiver) -> list[str]:
    return [request.json["source"] for request in list(server.requests)]


def test_browsers_are_told_apart_by_their_key_or_a_number(tmp_path: Path, server: Receiver, outbox: Path) -> None:
    alerting = Alerting(written(tmp_path, server.url))
    alerting.open()
    with alerting.browser("address:10.0.0.7", Alarmed) as first:
        first().see(FRAME)
        with (
            alerting.browser("address:10.0.0.8", Alarmed) as second,
            alerting.browser("key:till", Alarmed) as third,
        ):
            second().see(FRAME)
            third().see(FRAME)
    with alerting.browser("address:10.0.0.9", Alarmed) as fourth:
        fourth().see(FRAME)
    until(lambda: len(server.requests) == 4)
    alerting.close()
    alerting.close()
    assert sources(server) == ["kiosk", "kiosk 2", "kiosk till", "kiosk"]
    assert not any("10.0.0" in request.body.decode() for request in server.requests)  # nobody's address goes out


def test_without_a_file_nothing_is_opened(outbox: Path) -> None:
    alerting = Alerting(None)
    alerting.open()
    with alerting.browser("key:till", Alarmed) as make:
        assert make is Alarmed
    assert alerting.to_dict() is None
    assert not alerting.tells
    assert not outbox.exists()


def test_what_is_not_wise_is_said_once(
    tmp_path: Path, server: Receiver, outbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path, server.url)
    file.chmod(0o644)
    alerting = Alerting(file)
    alerting.open()
    alerting.open()  # by run, and by the app's own start
    assert alerting.tells
    alerting.close()
    assert caplog.text.count("can be read by others") == 1


def test_all_browsers_together_keep_the_least_time_between(tmp_path: Path, server: Receiver, outbox: Path) -> None:
    from masquerade.live import Person

    alerting = Alerting(written(tmp_path, server.url, "hold = 0\nleast_between = 3600"))
    alerting.open()
    bare = Person(1, (0, 0, 1, 1), "without_mask", (), 0, 0, 0)
    made = [len(alerting.episodes().update(0.0, (bare,))) for _ in range(3)]
    alerting.close()
    assert made == [1, 0, 0]


@dataclass
class Source:
    recorded: bool
    label: str = "door"


@pytest.mark.parametrize(("recorded", "alerts"), [(False, [1, 0]), (True, [1, 1])])
def test_a_watch_that_is_begun_anew_keeps_the_least_time_between(
    tmp_path: Path, server: Receiver, outbox: Path, recorded: bool, alerts: list[int]
) -> None:
    """Of a camera; a film has a clock of its own, which begins anew with it."""
    from masquerade.live import Person

    alerting = Alerting(written(tmp_path, server.url, "hold = 0\nleast_between = 3600"))
    alerting.open()
    bare = Person(1, (0, 0, 1, 1), "without_mask", (), 0, 0, 0)
    source = Source(recorded)
    made = [len(alerting.episodes_of(source).update(0.0, (bare,))) for _ in range(2)]  # type: ignore[arg-type]
    alerting.close()
    assert made == alerts


@pytest.mark.parametrize(("recorded", "named", "sends"), [(False, False, 1), (True, False, 0), (True, True, 1)])
def test_a_film_sends_no_alerts_but_by_a_file_that_was_named(
    tmp_path: Path, outbox: Path, monkeypatch: pytest.MonkeyPatch, *, recorded: bool, named: bool, sends: int
) -> None:
    file = written(tmp_path, "http://127.0.0.1:1/")
    monkeypatch.setenv("MASQUERADE_ALERTS_FILE", str(file))
    alerting = Alerting(file if named else None)
    alerting.open()
    sink = alerting.sink(Source(recorded))  # type: ignore[arg-type]
    alerting.close()
    assert (sink is not None) == bool(sends)


@pytest.fixture
def door(tmp_path: Path, server: Receiver, outbox: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A service whose browsers see somebody without a mask."""
    monkeypatch.setattr("masquerade.service.service.warm_up", lambda _decoders: ())
    file = written(tmp_path, server.url)
    made = Door(lambda: create_app(ServiceConfig(workers=1, rate=0, alerts=file)))
    made.app.state.kiosk = Kiosk(KioskConfig(fps=1000), Alarmed)
    until(lambda: httpx.get(f"{made.url}ready", timeout=PATIENCE).status_code == 200)
    yield made
    made.stop()


def send_frame(door: Door) -> dict[str, Any]:
    address = f"ws://localhost:{door.port}/v1/kiosk/session"
    with connect(address, compression=None, open_timeout=PATIENCE) as session:
        session.send(jpeg())
        told: dict[str, Any] = json.loads(session.recv(timeout=PATIENCE))
    return told


def figures(door: Door) -> dict[str, float]:
    text = httpx.get(f"{door.url}metrics", timeout=PATIENCE).text
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("masquerade_alerts")]
    return {name.removeprefix("masquerade_alerts_"): float(value) for name, value in lines}


def test_an_alert_of_a_browser_goes_out_and_a_webhook_that_hangs_is_told(
    door: Door, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send_frame(door)["type"] == "snapshot"
    until(lambda: len(server.requests) == 1)
    told = server.requests[0].json
    assert (told["source"], told["event"], told["wearing"]) == ("kiosk", "alert", "without_mask")
    assert len(server.requests[0].body) < 500  # no picture is in it
    assert httpx.get(f"{door.url}ready", timeout=PATIENCE).json()["alerts"] == {"state": "working", "reason": ""}
    assert figures(door) == {
        'channel_up{channel="office"}': 1, "outbox_up": 1, "pending": 0, "failed": 0, "expired": 0, "lost_total": 0
    }  # fmt: skip

    asked: list[int] = []
    outbox = door.app.state.service.alerting._alerts._outbox
    counts = outbox.counts

    def counted() -> object:
        asked.append(1)
        return counts()

    monkeypatch.setattr(outbox, "counts", counted)
    figures(door)
    assert len(asked) == 1  # one look at the outbox a scrape

    server.hang = threading.Event()
    monkeypatch.setattr(
        door.app.state.service.alerting._alerts._couriers["office"].channel, "_config",
        door.app.state.service.alerting._config.channels["office"].model_copy(update={"timeout": 0.2}),
    )  # fmt: skip
    send_frame(door)
    until(lambda: figures(door)['channel_up{channel="office"}'] == 0)
    assert figures(door)["pending"] == 1
    state = httpx.get(f"{door.url}ready", timeout=PATIENCE).json()["alerts"]
    assert state == {"state": "failing", "reason": "office: no answer within 0.2 s"}


def test_a_file_of_alerts_that_cannot_be_used_is_told_at_the_start(tmp_path: Path, outbox: Path) -> None:
    alerts = tmp_path / "alerts.toml"
    alerts.write_text("[channels.x]\nkind = 'pigeon'\n")
    service = create_app(ServiceConfig(workers=1, alerts=alerts)).state.service
    threads = set(threading.enumerate())
    with pytest.raises(AlertsInvalid):
        service.open()
    assert set(threading.enumerate()) <= threads  # those of other tests may end meanwhile
