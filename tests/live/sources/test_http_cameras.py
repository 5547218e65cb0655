"""A camera over HTTP that cuts, stalls, changes size, turns grey and sends garbage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from masquerade.live.sources import open_source
from tests.live.sources.http_camera import HttpCamera
from tests.live.sources.looking_on import Watcher

PATIENT: dict[str, Any] = {"stall_after": 40.0, "read_timeout": 60.0, "frozen_after": 0.0, "flat_after": 0.0}
"""A busy machine is no camera that stalls."""


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with HttpCamera() as camera:
        yield camera


def test_cut_and_brought_back(camera: HttpCamera) -> None:
    with open_source(camera.address, **PATIENT) as source:
        watcher = Watcher(source)
        before = watcher.until_frames(3)
        camera.stop()
        watcher.until_state("offline")
        watcher.until(lambda: "refused" in source.reason.lower(), "the refusal")
        camera.mode = "moving"
        camera.start()
        watcher.until_state("online")
        after = watcher.until_frames(2)
    assert watcher.states == ["opening", "online", "offline", "online"]
    assert after[-1].number > before[-1].number
    assert after[-1].time > before[-1].time
    times = [change.time for change in watcher.changes]
    assert times == sorted(times)


def test_another_size_garbage_and_cuts_within_a_picture_do_not_stop_it(camera: HttpCamera) -> None:
    with open_source(camera.address, **PATIENT) as source:
        watcher = Watcher(source)
        watcher.until(lambda: source.size == (160, 120))
        camera.mode = "large"
        watcher.until(lambda: source.size == (320, 240))
        assert watcher.frames[-1].image.shape == (240, 320, 3)
        for mode in ("garbage", "truncated"):
            before = source.damaged
            camera.mode = mode
            watcher.until(lambda before=before: source.damaged > before, mode)  # type: ignore[misc]
            camera.mode = "moving"
            watcher.until_frames(2)
            watcher.until(lambda: source.size == (160, 120))
        assert watcher.states == ["opening", "online"]
        assert camera.connections == 1


@pytest.mark.parametrize(
    ("mode", "reason"), [("silent", "no picture"), ("garbage", "cannot be used"), ("text", "no JPEG")]
)
def test_silence_and_garbage_are_told_and_end(camera: HttpCamera, mode: str, reason: str) -> None:
    with open_source(camera.address, stall_after=1.0, read_timeout=1.5) as source:
        watcher = Watcher(source)
        watcher.until_frames(2)
        camera.mode = mode
        watcher.until_state("offline")
        assert reason in watcher.changes[-1].reason
        assert watcher.states[-2] == "stalled"
        camera.mode = "moving"
        watcher.until_state("online")


@pytest.mark.parametrize(("mode", "reason"), [("grey", "flat"), ("still", "not changed")])
def test_a_dead_picture_is_told(camera: HttpCamera, mode: str, reason: str) -> None:
    with open_source(camera.address, **(PATIENT | {"flat_after": 0.5, "frozen_after": 0.6})) as source:
        watcher = Watcher(source)
        watcher.until_frames(2)
        camera.mode = mode
        watcher.until_state("stalled")
        assert reason in watcher.changes[-1].reason
        watcher.until_frames(2)  # given all the same
        camera.mode = "moving"
        watcher.until_state("online")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("refused", "503"), ("locked", "401"), ("page", "no film"), ("bomb", "cannot be decoded")],
)
def test_what_gives_no_picture_is_offline_with_a_reason(camera: HttpCamera, mode: str, reason: str) -> None:
    camera.mode = mode
    with open_source(camera.address, **(PATIENT | {"stall_after": 0.5, "read_timeout": 1.0})) as source:
        watcher = Watcher(source)
        watcher.until_state("offline")
        shown = f"{source.label} {watcher.changes} {source.reason}"
        assert reason in shown
        assert watcher.frames == []
        assert not [secret for secret in ("geheim99", "abcdef123456", "door:") if secret in shown + repr(source)]


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_user_and_password_are_given_when_asked_for(scheme: str) -> None:
    with HttpCamera(scheme) as camera, open_source(camera.address, **PATIENT) as source:
        assert Watcher(source).until_frames(1)
        assert "geheim99" not in "".join(camera.asked)  # not in the address


def test_single_pictures_are_asked_for_again(camera: HttpCamera) -> None:
    camera.mode = "snapshot"
    with open_source(camera.address, **(PATIENT | {"snapshot_every": 0.05})) as source:
        watcher = Watcher(source)
        frames = watcher.until_frames(3)
        assert watcher.states == ["opening", "online"]
    assert camera.connections >= 3
    assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})


def test_under_load_the_newest_is_given() -> None:
    """Taken ten times more seldom than sent, a frame is never older than the time from one to the next, and load."""
    with HttpCamera(fps=50.0) as camera, open_source(camera.address, **PATIENT) as source:
        watcher = Watcher(source)
        watcher.until_frames(1)
        ages = []
        for _ in range(6):
            time.sleep(0.15)
            frame = source.frame(30.0)
            assert frame is not None
            ages.append(time.monotonic() - frame.taken)
    assert source.skipped > 10
    assert sorted(ages)[len(ages) // 2] < 0.2  # a queue would be seconds old by now
