"""The server's own camera: a film as camera, what of it is told, and how it ends."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from masquerade.errors import MasqueradeError
from masquerade.service import ServiceConfig
from masquerade.service.camera import Camera
from masquerade.service.hub import Hub
from tests.service.serving import PATIENCE, Running, Served, served


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


def figure(service: Served, name: str) -> float:
    lines = service.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_a_film_is_watched_and_told_of(film: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    threads = threading.active_count()
    with served(ServiceConfig(workers=1, camera=str(film), events=events, rate=0)) as service:
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
    assert camera.state == "ended"
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert {"online", "entered", "left"} <= {line["event"] for line in told}
    wait_for(lambda: threading.active_count() <= threads)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl"]  # and no picture


def test_what_cannot_be_watched_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(MasqueradeError):
        Camera(str(tmp_path / "nothing.mp4"), Hub()).open()
    with pytest.raises(AssertionError, match=r"exit code 2: .*\[source_not_found\]"):
        Running("--camera", str(tmp_path / "nothing.mp4"))


def test_a_watch_that_breaks_off_is_told_and_photos_are_still_taken(
    film: Path, gray_png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_anything: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("masquerade.live.watching.observer.Observer.see", fail)
    with served(ServiceConfig(workers=1, camera=str(film))) as service:
        wait_for(lambda: service.get("/ready").json()["camera"]["state"] == "offline")
        ready = service.get("/ready")
        assert "RuntimeError" in ready.json()["camera"]["reason"]
        assert "secret" not in ready.text
        service.wait_until_ready()
        assert service.post("/v1/look", files={"photo": gray_png}).status_code == 200
