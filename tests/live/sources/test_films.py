"""Films: every frame in order, by the film's own clock; what is damaged, and what is none."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from masquerade.errors import SourceUnreadable
from masquerade.live.sources import open_source
from tests.live.sources.http_camera import jpeg
from tests.live.sources.looking_on import Watcher, all_frames, number_of, numbered, write_film

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg (Debian) is not installed")


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_every_frame_comes_in_order_by_its_own_clock(tmp_path: Path, suffix: str) -> None:
    with open_source(write_film(tmp_path / f"film{suffix}", 30, fps=12.5)) as film:
        assert (film.live, film.recorded, film.size, film.fps) == (False, True, (160, 120), 12.5)
        frames = all_frames(film)
        states = [change.state for change in film.changes()]
    assert [number_of(frame.image) for frame in frames] == list(range(30))
    assert [frame.number for frame in frames] == list(range(30))
    assert [frame.time for frame in frames] == pytest.approx([number / 12.5 for number in range(30)], abs=1e-3)
    assert states == ["opening", "online", "ended"]
    assert (film.skipped, film.damaged, film.reason) == (0, 0, "")
    assert film.frame(0.0) is None


def test_a_slow_taker_misses_nothing(tmp_path: Path) -> None:
    with open_source(write_film(tmp_path / "film.avi", 12)) as film:
        numbers = []
        while (frame := film.frame(30.0)) is not None:
            time.sleep(0.03)
            numbers.append(number_of(frame.image))
    assert numbers == list(range(12))


def test_loop_goes_on_by_the_clock(tmp_path: Path) -> None:
    with open_source(write_film(tmp_path / "film.avi", 5), loop=True) as film:
        frames = Watcher(film).until_frames(13)
    assert [number_of(frame.image) for frame in frames[:13]] == [*range(5), *range(5), *range(3)]
    assert [frame.time for frame in frames[:13]] == pytest.approx([number / 25 for number in range(13)], abs=1e-3)
    assert [frame.number for frame in frames[:13]] == list(range(13))


def test_realtime_keeps_the_pace_and_drops(tmp_path: Path) -> None:
    with open_source(write_film(tmp_path / "film.avi", 50), realtime=True) as film:
        assert film.live
        assert film.recorded  # its pace is that of life, its time of day is not
        frames = []
        begun = None
        while film.state != "ended":
            if (frame := film.frame(1.0)) is not None:
                begun = begun or frame.taken - frame.time
                frames.append(frame)
                time.sleep(0.15)
    assert 1 < len(frames) < 20
    assert film.skipped > 20
    assert film.skipped + len(frames) <= 50
    for frame in frames:
        assert number_of(frame.image) == frame.number == round(frame.time * 25)
        assert begun is not None
        assert frame.taken - begun >= frame.time - 1e-3  # never before its time


@needs_ffmpeg
def test_frames_at_no_steady_rate_keep_their_time_stamps(tmp_path: Path) -> None:
    write_film(tmp_path / "film.avi", 20)
    # The n-th frame stands at n (n + 1) fiftieths of a second.
    command = "ffmpeg -v error -i film.avi -vf settb=1/1000,setpts=N*(N+1)*20 -fps_mode vfr -c:v mpeg4 vfr.mkv"
    subprocess.run(command.split(), cwd=tmp_path, check=True, timeout=60)
    with open_source(tmp_path / "vfr.mkv") as source:
        frames = all_frames(source)
    assert [frame.time for frame in frames] == pytest.approx([n * (n + 1) / 50 for n in range(20)], abs=2e-3)


@needs_ffmpeg
def test_a_film_without_a_rate_is_counted(tmp_path: Path) -> None:
    write_film(tmp_path / "film.avi", 10)
    command = "ffmpeg -v error -i film.avi -c copy -f mjpeg raw.mjpeg"
    subprocess.run(command.split(), cwd=tmp_path, check=True, timeout=60)
    with open_source(tmp_path / "raw.mjpeg") as source:  # JPEGs without a container
        frames = all_frames(source)
    assert [number_of(frame.image) for frame in frames] == list(range(10))
    assert all(b.time > a.time for a, b in pairwise(frames))


def test_a_film_that_is_cut_short_is_given_as_far_as_it_goes(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi", 60)
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    with open_source(film) as source:
        frames = all_frames(source)
    assert 20 < len(frames) < 40
    assert [number_of(frame.image) for frame in frames[:-1]] == list(range(len(frames) - 1))
    assert "of 60 frames" in source.reason
    assert "cut short" in source.changes()[-1].reason


def test_damage_within_is_passed_over(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi", 40)
    content = bytearray(film.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    film.write_bytes(content)
    with open_source(film) as source:
        frames = all_frames(source)
    assert len(frames) >= 25
    assert number_of(frames[-1].image) == 39


@pytest.mark.parametrize("name", ["notes.txt", "film.mp4", "film.avi"])
def test_what_is_no_film_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("A film? No. " * 100)
    with pytest.raises(SourceUnreadable, match="film"):
        open_source(path)


def test_a_film_that_lacks_its_index_is_refused(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", 60)  # OpenCV writes the index to the end
    film.write_bytes(film.read_bytes()[:-2000])
    with pytest.raises(SourceUnreadable, match=r"film\.mp4: the film's index is missing: it was cut short.*moov atom"):
        open_source(film)


def test_a_picture_is_no_film(tmp_path: Path) -> None:
    picture = tmp_path / "my photo.jpg"
    picture.write_bytes(jpeg(numbered(1)))
    with pytest.raises(SourceUnreadable, match=r"photo\.jpg is a picture \(JPEG\), no film") as refused:
        open_source(picture)
    assert refused.value.hint == f"masquerade look '{picture}'"
    film = write_film(tmp_path / "film.avi", 3)
    with open_source(film.rename(tmp_path / "film.png")) as source:  # by what is in it
        assert len(all_frames(source)) == 3


def test_a_film_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"160 x 120 pixels.*at most 10,000"):
        open_source(write_film(tmp_path / "film.avi", 3), max_pixels=10_000)


def test_a_film_whose_reader_is_killed_ends_with_a_reason(tmp_path: Path) -> None:
    with open_source(write_film(tmp_path / "film.avi", 200)) as film:
        assert film.frame(30.0) is not None
        os.kill(film.reader_pid, signal.SIGKILL)
        frames = all_frames(film)
    assert len(frames) < 10
    assert "signal 9" in film.reason


def test_a_film_that_hangs_is_given_up(tmp_path: Path) -> None:
    with open_source(write_film(tmp_path / "film.avi", 200), film_timeout=2.0) as film:
        assert film.frame(30.0) is not None
        os.kill(film.reader_pid, signal.SIGSTOP)
        all_frames(film)
    assert "2 seconds" in film.reason


def test_pictures_are_the_callers_own(tmp_path: Path) -> None:
    with open_source(write_film(tmp_path / "film.avi", 12)) as film:
        frames = all_frames(film)
    assert len({frame.image.ctypes.data for frame in frames}) == 12
    frames[0].image[:] = 0
    assert np.any(frames[1].image)


@pytest.mark.data
def test_a_real_film(data_root: Path) -> None:
    """The counts are those of ``ffprobe -count_frames``."""
    with open_source(data_root / "videos" / "several_faces_no_mask.mp4") as film:
        frames = all_frames(film)
    assert len(frames) == 275
    assert frames[-1].time == pytest.approx(274 / 29.97, abs=0.001)
