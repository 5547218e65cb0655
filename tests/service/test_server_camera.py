"""The server's own camera: a film as camera, what of it is told, and how it ends."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from masquerade.errors import MasqueradeError, SourceUnreadable
from masquerade.live import Frame
from masquerade.live.sources import open_source
from masquerade.live.watching import Observer, Snapshot
from masquerade.service import ServiceConfig
from masquerade.service.camera import Camera
from masquerade.service.hub import Hub
from masquerade.service.kiosk.feed import feed
from tests.service.serving import PATIENCE, Running, Served, children, lives, running, served


@pytest.fixture(scope="module")
def film(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of one bare face, from a bundled photo."""
    target = tmp_path_factory.mktemp("film") / "door.avi"
    with Image.open(photos[0]) as photo:
        face = np.asarray(photo.convert("RGB").resize((272, 312)))
    frame = np.full((360, 480, 3), 120, np.uint8)
    frame[24:336, 104:376] = face
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), 10, (480, 360))
    for number in range(20):
        writer.write(np.roll(frame, number % 3, axis=1)[:, :, ::-1])
    writer.release()
    return target


def wait_for(condition: object) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)


def other_threads() -> set[str]:
    """Names of the threads; the one that starts readers stays for good."""
    return {thread.name for thread in threading.enumerate() if not thread.name.startswith("readers")}


def figure(service: Served, name: str) -> float:
    lines = service.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


@pytest.fixture
def down(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Path:
    """A file of alerts with a webhook that is down."""
    folder = tmp_path_factory.mktemp("alerts")
    monkeypatch.setenv("MASQUERADE_ALERTS_OUTBOX", str(folder / "outbox.sqlite"))
    file = folder / "alerts.toml"
    file.write_text('[channels.office]\nkind = "webhook"\nurl = "http://127.0.0.1:1/"\n')
    file.chmod(0o600)
    return file


def test_a_film_is_watched_and_told_of(film: Path, down: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    threads = other_threads()
    with served(ServiceConfig(workers=1, camera=str(film), events=events, alerts=down, rate=0)) as service:
        camera = service.service.camera
        assert camera is not None
        wait_for(lambda: figure(service, "masquerade_camera_entered_total") >= 1)
        ready = service.get("/ready").json()
        assert ready["camera"]["state"] == "online"
        assert figure(service, "masquerade_camera_frames_total") >= 1
        assert figure(service, 'masquerade_camera_state{state="online"}') == 1
        assert figure(service, 'masquerade_camera_state{state="offline"}') == 0
        assert figure(service, "masquerade_camera_reconnects_total") == 0
        assert service.service.hub.latest is not None
        wait_for(lambda: "alerts_failing" in events.read_text())
        assert figure(service, 'masquerade_alerts_channel_up{channel="office"}') == 0
    assert camera.state == "ended"
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert [line["channel"] for line in told if line["event"] == "alerts_failing"] == ["office"]
    assert {"online", "entered", "left"} <= {line["event"] for line in told}
    wait_for(lambda: other_threads() <= threads)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl"]  # and no picture


def test_no_process_outlives_a_service_that_was_killed(film: Path) -> None:
    with running("--camera", str(film)) as service:
        service.wait_until_ready()
        wait_for(lambda: len(children(service.process.pid)) >= 2)  # a reader and a decoder
        left = children(service.process.pid)
        service.process.kill()
        service.process.communicate()
    wait_for(lambda: not [pid for pid in left if lives(pid)])


def test_what_cannot_be_watched_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(MasqueradeError):
        Camera(str(tmp_path / "nothing.mp4"), Hub()).open()
    with pytest.raises(AssertionError, match=r"exit code 2: .*\[source_not_found\]"):
        Running("--camera", str(tmp_path / "nothing.mp4"))


def test_a_watch_that_breaks_off_is_told_and_begun_anew(
    film: Path, gray_png: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It fails with somebody in view, then at once, then cannot open its film, and then works."""
    see, failing, opened = Observer.see, threading.Event(), threading.Event()
    tries: list[str] = []

    def fail_at_times(observer: Observer, frame: Frame) -> Snapshot:
        if failing.is_set():
            tries.append("see")
            raise RuntimeError("the secret inside")
        return see(observer, frame)

    def open_or_not(address: str, **options: Any) -> Any:
        if failing.is_set() and len(tries) > 1:
            tries.append("open")
            failing.clear()
            raise SourceUnreadable("the film is away")
        opened.set()
        return open_source(address, **options)

    monkeypatch.setattr(Observer, "see", fail_at_times)
    monkeypatch.setattr("masquerade.service.camera.open_source", open_or_not)
    monkeypatch.setattr("masquerade.service.camera.PAUSE", 0.2)
    events = tmp_path / "events.jsonl"
    with served(ServiceConfig(workers=1, camera=str(film), events=events, rate=0)) as service:
        wait_for(lambda: figure(service, "masquerade_camera_entered_total") >= 1)
        readers = {service.service.camera._source.reader_pid}  # type: ignore[union-attr]
        failing.set()
        reasons = set()
        while service.service.camera._restarts < 3:  # type: ignore[union-attr]
            ready = service.get("/ready")
            reasons.add(ready.json()["camera"]["reason"])
            assert "secret" not in ready.text
            assert service.post("/v1/look", files={"photo": gray_png}).status_code == 200
        wait_for(lambda: service.get("/ready").json()["camera"] == {"state": "online", "reason": ""})
        wait_for(lambda: figure(service, "masquerade_camera_entered_total") >= 2)
        assert figure(service, "masquerade_camera_restarts_total") == 3
        assert figure(service, "masquerade_camera_losses_total") == 3
        hub = service.service.hub
        wait_for(lambda: hub.latest is not None and hub.latest.counts.entered >= 2)  # what was counted stays counted
        readers.add(service.service.camera._source.reader_pid)  # type: ignore[union-attr]
    assert "RuntimeError, see the log" in reasons
    assert tries == ["see", "see", "open"]
    assert caplog.text.count("Traceback") == 1  # the same again is a line
    told = [json.loads(line) for line in events.read_text().splitlines()]
    first = next(number for number, line in enumerate(told) if line["event"] == "offline")
    assert told[first]["reason"] == "RuntimeError, see the log"
    assert told[first - 1]["event"] == "left"
    assert [line["event"] for line in told].count("entered") == [line["event"] for line in told].count("left")
    assert len(readers) == 2
    for reader in readers:
        wait_for(lambda reader=reader: not lives(reader))


def test_pages_are_told_that_a_camera_has_ended_and_stay_connected(film: Path) -> None:
    config = ServiceConfig(workers=1, camera=str(film), camera_options={"loop": False, "realtime": False}, rate=0)
    with served(config) as service:
        camera, hub = service.service.camera, service.service.hub
        assert camera is not None
        wait_for(lambda: "camera" not in {thread.name for thread in threading.enumerate()} and hub.latest is not None)
        assert service.get("/ready").json()["camera"]["state"] == "ended"
        assert figure(service, 'masquerade_camera_state{state="ended"}') == 1
        assert figure(service, "masquerade_camera_frames_total") == 20

        async def look_on() -> list[dict[str, Any]]:
            stream = feed(hub, lambda: {"camera": camera.to_dict()}, pause=0.01, beat=0.02)
            told = [json.loads((await anext(stream)).removeprefix(b"data: ")) for _ in range(5)]
            await stream.aclose()  # type: ignore[attr-defined]
            return told

        for _ in range(2):  # who comes later is told the same
            told = service.run(look_on)
            assert [line["type"] for line in told] == ["state", "snapshot", "state", "state", "state"]
            assert {line["camera"]["state"] for line in told} == {"ended"}
            assert (told[1]["people"], told[1]["counts"]["entered"]) == ([], 1)


def test_a_camera_that_does_not_stop_in_time_closes_for_itself(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    see, inside, go_on = Observer.see, threading.Event(), threading.Event()

    def hang(observer: Observer, frame: Frame) -> Snapshot:
        inside.set()
        assert go_on.wait(PATIENCE)
        return see(observer, frame)

    monkeypatch.setattr(Observer, "see", hang)
    hub, events = Hub(), tmp_path / "events.jsonl"
    camera = Camera(str(film), hub, events=events)
    camera.open()
    camera.start()
    try:
        assert inside.wait(PATIENCE)
        latest, lines = hub.latest, events.read_text()
        camera.stop(0.1)
        assert camera.state == "online"  # nothing was taken from under it
        assert "did not stop in 0.1 s" in caplog.text
    finally:
        go_on.set()
    wait_for(lambda: camera.state == "ended")
    wait_for(lambda: "camera" not in {thread.name for thread in threading.enumerate()})
    assert hub.latest is latest  # and it wrote to nothing that may be closed
    assert events.read_text() == lines
