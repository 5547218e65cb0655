"""Webcams that cannot be opened; one that can is not at hand."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from masquerade.live.sources import open_source
from masquerade.live.sources.reader import capture
from masquerade.live.sources.reader.kinds import NotOpened
from masquerade.live.sources.reader.noise import Noise
from tests.live.sources.looking_on import Watcher

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/video0 is Linux's")


def reason(number: int) -> str:
    with pytest.raises(NotOpened) as caught:
        capture.open_webcam(number, Noise(lambda _: None))
    return str(caught.value)


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(capture, "DEVICES", tmp_path)
    return tmp_path


def test_one_that_is_absent(devices: Path) -> None:
    assert reason(900) == f"there is no {devices}/video900"
    (devices / "video2").touch()
    assert reason(900) == f"there is no {devices}/video900; there is video2"


def test_what_is_no_camera(devices: Path) -> None:
    (devices / "video900").write_text("a file")
    assert reason(900) == f"{devices}/video900 is no camera"
    (devices / "video901").symlink_to("/dev/null")  # a device, but of no pictures
    assert "gives no pictures" in reason(901)


@pytest.mark.parametrize(
    ("error", "words"),
    [(errno.EACCES, "may not be opened by this user"), (errno.EBUSY, "busy"), (errno.ENXIO, "No such device")],
)
def test_what_the_system_refuses(devices: Path, monkeypatch: pytest.MonkeyPatch, error: int, words: str) -> None:
    (devices / "video900").symlink_to("/dev/null")

    def refuse(path: Any, flags: int) -> int:
        raise OSError(error, os.strerror(error), str(path))

    monkeypatch.setattr(os, "open", refuse)
    assert words in reason(900)


def test_one_that_opens_is_asked_for_two_buffers(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (devices / "video900").symlink_to("/dev/null")
    asked: list[tuple[Any, ...]] = []

    class Webcam:
        def __init__(self, *given: Any) -> None:
            asked.append(given)

        def set(self, *given: Any) -> bool:
            asked.append(given)
            return True

        def isOpened(self) -> bool:  # noqa: N802 - OpenCV's own name
            return True

        def get(self, what: int) -> float:
            return {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 480.0}.get(what, 0.0)

    monkeypatch.setattr(cv2, "VideoCapture", Webcam)
    webcam = capture.open_webcam(900, Noise(lambda _: None))
    assert asked == [(900, cv2.CAP_V4L2), (cv2.CAP_PROP_BUFFERSIZE, 2)]
    assert (webcam.size, webcam.fps, webcam.frames) == ((640, 480), None, None)


def test_the_source_says_so_and_waits() -> None:
    with open_source("999") as source:
        watcher = Watcher(source)
        watcher.until_state("offline")
    assert (source.label, watcher.changes[-1].reason) == ("webcam 999", "there is no /dev/video999")
