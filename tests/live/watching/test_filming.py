"""The film of a watch: blurred, whole, at the source's pace, and never over another file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import DestinationUnusable
from masquerade.live.types import Frame, Person
from masquerade.live.watching import Counts, Snapshot
from masquerade.live.watching.filming import CODECS, FilmWriter
from masquerade.live.watching.partial import rescue
from masquerade.live.watching.snapshot import Box

RNG = np.random.default_rng(0)
NOISE = np.kron(RNG.integers(0, 256, (30, 40, 3)), np.ones((4, 4, 1))).astype(np.uint8)
"""120 x 160 in blocks that an encoder keeps."""
SPOT: Box = (60.0, 40.0, 90.0, 70.0)


def shot(time: float, covers: Iterable[Box] = (), image: NDArray[np.uint8] = NOISE) -> tuple[Frame, Snapshot]:
    size = (image.shape[1], image.shape[0])
    return Frame(image, time, 0), Snapshot(time, size, (), (), Counts(), tuple(covers))


def read(path: Path) -> tuple[float, list[NDArray[np.uint8]]]:
    film = cv2.VideoCapture(str(path))
    fps, frames = film.get(cv2.CAP_PROP_FPS), []
    while (step := film.read())[0]:
        frames.append(np.ascontiguousarray(step[1][..., ::-1]))
    return fps, frames


def difference(frame: NDArray[np.uint8], box: Box = SPOT) -> float:
    x0, y0, x1, y1 = (round(value) for value in box)
    return float(np.abs(frame[y0:y1, x0:x1].astype(float) - NOISE[y0:y1, x0:x1]).mean())


@pytest.mark.parametrize("suffix", list(CODECS))
def test_a_film_can_be_played_and_has_the_frames_of_the_source(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"out{suffix}"
    film = FilmWriter(path, fps=30)
    for number in range(60):
        film.take(*shot(number / 30))
        assert not path.exists()
    film.close()
    film.close()
    fps, frames = read(path)
    assert (fps, len(frames), film.frames) == (30, 60, 60)
    assert frames[0].shape == NOISE.shape
    assert difference(frames[30], (0, 0, 160, 120)) < 25  # what the encoder loses
    assert list(path.parent.iterdir()) == [path]


def test_the_clock_of_the_source_is_kept(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "out.avi", fps=20)
    for time in (0.0, 0.5, 0.51, 0.52, 1.0, 30.0, 30.5):  # too few, too many, and half a minute of nothing
        film.take(*shot(time))
    film.close()
    assert len(read(film.path)[1]) == 21 + 40 + 1 + 10  # one second, two of the gap, half a second


def test_a_face_is_blurred_also_where_it_was_found_a_moment_later(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "out.avi", fps=25)
    for number in range(50):
        film.take(*shot(number / 25, [SPOT] if number >= 25 else []))
    film.close()
    lost = [difference(frame) > 30 for frame in read(film.path)[1]]
    assert not any(lost[:12])
    assert all(lost[13:])


@pytest.mark.parametrize("fps", [25, 120, 240])
def test_the_look_back_is_half_a_second_at_any_rate(tmp_path: Path, fps: int) -> None:
    film = FilmWriter(tmp_path / "out.avi", fps=fps)
    for number in range(2 * fps):
        film.take(*shot(number / fps, [SPOT] if number >= fps else []))
    film.close()
    lost = [difference(frame) > 30 for frame in read(film.path)[1]]
    assert len(lost) == 2 * fps
    assert not any(lost[: fps // 2 - 1])
    assert all(lost[fps // 2 + 1 :])
    assert film.left_out == 0


@pytest.mark.parametrize("room", [1, 2, 5])
def test_where_memory_is_short_frames_are_left_out_and_not_faces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr("masquerade.live.watching.filming.MOST_BYTES", room * NOISE.nbytes)
    said: list[str] = []
    film = FilmWriter(tmp_path / "out.avi", fps=25, say=said.append)
    for number in range(100):
        film.take(*shot(number / 25, [SPOT] if number >= 50 else []))
        assert film._bytes_waiting() <= max(room, 2) * NOISE.nbytes
    film.close()
    lost = [difference(frame) > 30 for frame in read(film.path)[1]]
    assert len(lost) == 100
    assert all(lost[38:])
    assert film.left_out > 50
    assert len(said) == 1
    assert "160 x 120" in said[0]


def test_faces_are_shown_only_when_that_is_asked_for(tmp_path: Path) -> None:
    for show in (False, True):
        film = FilmWriter(tmp_path / f"{show}.avi", fps=25, show_faces=show)
        for number in range(5):
            film.take(*shot(number / 25, [SPOT]))
        film.close()
        assert (difference(read(film.path)[1][2]) > 30) != show


def test_people_are_framed_while_they_are_seen(tmp_path: Path) -> None:
    person = Person(1, SPOT, "with_mask", (), 0.0, 0.0, seen=0.2)
    film = FilmWriter(tmp_path / "out.avi", fps=25, show_faces=True)
    for number in range(30):
        frame, snapshot = shot(number / 25, image=np.full((120, 160, 3), 90, np.uint8))
        film.take(frame, replace(snapshot, people=(person,)))
    film.close()
    frames = read(film.path)[1]
    assert (np.ptp(frames[0].reshape(-1, 3), axis=0) > 60).any()
    assert (np.ptp(frames[25].reshape(-1, 3), axis=0) < 20).all()


def test_frames_of_another_size_are_fitted(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "out.avi", fps=25)
    film.take(*shot(0.0))
    film.take(*shot(0.04, image=np.full((240, 240, 3), 200, np.uint8)))
    film.close()
    frames = read(film.path)[1]
    assert frames[1].shape == NOISE.shape
    assert frames[1][60, 80].min() > 180
    assert frames[1][60, 5].max() < 30


def test_a_full_disk_ends_the_film_and_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    room = [2**40] * 51
    film = FilmWriter(tmp_path / "out.mp4", fps=25, say=said.append, free=lambda _: room.pop() if room else 0)
    for number in range(200):
        film.take(*shot(number / 25))
    assert said == [f"{film.path}: {film.trouble}"]
    film.close()
    assert film.trouble == "the disk is full: the film ends after 2.0 seconds"
    assert said == [f"{film.path}: {film.trouble}"]
    assert len(read(film.path)[1]) == film.frames == 50


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount:
        pytest.skip("no mount here")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "none", str(place)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("mounting is not permitted")
    yield place
    subprocess.run([umount, "-l", str(place)], check=True)


def fill(disk: Path) -> None:
    """What another program does."""
    with suppress(OSError), (disk / "others").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@pytest.mark.parametrize("suffix", list(CODECS))
def test_a_disk_that_others_fill(small_disk: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sees it coming; what is said of the film is true, and what cannot be played is not left."""
    monkeypatch.setenv("OPENCV_LOG_LEVEL", "SILENT")
    said: list[str] = []
    film = FilmWriter(small_disk / f"out{suffix}", fps=25, say=said.append, free=lambda _: 2**40)
    noise = [RNG.integers(0, 256, (240, 320, 3)).astype(np.uint8) for _ in range(4)]
    for number in range(60):
        if number == 40:
            fill(small_disk)
        film.take(*shot(number / 25, image=noise[number % 4]))
    film.close()
    assert said == [f"{film.path}: {film.trouble}"]
    assert film.trouble.startswith("it could not be written to its end: ")
    if suffix == ".mp4":
        assert "there is no film" in film.trouble
        assert ".mkv" in film.trouble
    else:
        assert 15 <= film.frames < 40
        assert len(read(film.path)[1]) == film.frames
        assert f"ends after {film.frames / 25:.1f} seconds" in film.trouble
    assert {path.name for path in small_disk.iterdir()} == {"others", *([film.path.name] if film.frames else [])}


def always(free: int) -> Callable[[Path], int]:
    return lambda _: free


@pytest.mark.parametrize("suffix", list(CODECS))
def test_a_disk_that_is_full_from_the_first(small_disk: Path, suffix: str) -> None:
    fill(small_disk)
    room = shutil.disk_usage(small_disk).free
    for free in (room, 2**40):  # as it is; and filled in the moment after it was asked
        said: list[str] = []
        film = FilmWriter(small_disk / f"out{suffix}", say=said.append, free=always(free))
        for number in range(30):
            film.take(*shot(number / 25))
        film.close()
        assert said == [f"{film.path}: {film.trouble}"]
        assert "there is no film" in film.trouble
        assert (film.frames, [path.name for path in small_disk.iterdir()]) == (0, ["others"])


def test_without_a_frame_there_is_no_film(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "out.mp4")
    film.take(None, shot(0.0)[1])
    film.close()
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_used(tmp_path: Path) -> None:
    there = tmp_path / "there.mp4"
    there.write_bytes(b"mine")
    (tmp_path / "folder.mp4").mkdir()
    for path, why in (
        (there, "is there already"),
        (tmp_path / "folder.mp4", "is a folder"),
        (tmp_path / "film.gif", "expected a film's name"),
        (there / "below.mp4", "cannot be written"),
    ):
        with pytest.raises(DestinationUnusable, match=why):
            FilmWriter(path)
    assert there.read_bytes() == b"mine"


WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from masquerade.live.watching.filming import FilmWriter
from tests.live.watching.test_filming import shot
films = [FilmWriter(Path(path), fps=25) for path in sys.argv[1:]]
for number in range(1000):
    for film in films:
        film.take(*shot(number / 25))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_watch_had_written_is_found(tmp_path: Path) -> None:
    targets = [tmp_path / f"door[1]{suffix}" for suffix in CODECS]
    root = Path(__file__).parents[3]
    paths = os.pathsep.join([str(root / "src"), str(root)])
    died = subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE, *map(str, targets)], env=os.environ | {"PYTHONPATH": paths}, check=False
    )
    assert died.returncode == -signal.SIGKILL
    for path in targets:
        mine = tmp_path / f"door[1].cut-off{path.suffix}"
        mine.write_bytes(b"mine")
        FilmWriter(tmp_path / f"door{path.suffix}", say=lambda words: pytest.fail(str(words))).close()  # another name
        said: list[str] = []
        film = FilmWriter(path, fps=25, say=said.append)
        found = tmp_path / f"door[1].cut-off-2{path.suffix}"
        assert len(said) == 1
        assert str(found) in said[0]
        if path.suffix == ".mp4":
            assert "index is missing" in said[0]
        else:
            frames = read(found)[1]
            assert 800 < len(frames) <= 1000 - 13
            assert difference(frames[-1], (0, 0, 160, 120)) < 25
        film.take(*shot(0.0))
        film.close()
        assert sorted(tmp_path.glob(f"*{path.suffix}")) == sorted([path, found, mine])
    assert not list(tmp_path.glob(".*"))


def test_a_film_that_another_watch_writes_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.mkv"
    film = FilmWriter(path, fps=25)
    for number in range(25):
        film.take(*shot(number / 25))
    rescue(path, lambda words: pytest.fail(str(words)))
    film.close()
    assert len(read(path)[1]) == 25


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "out.mp4")
    film.take(*shot(0.0))
    film.path.write_bytes(b"mine")
    beside = tmp_path / "out.cut-off.mp4"
    with pytest.raises(DestinationUnusable, match=f"is there by now; the film is in {beside}"):
        film.close()
    assert film.path.read_bytes() == b"mine"
    assert len(read(beside)[1]) == 1
    assert sorted(tmp_path.iterdir()) == [beside, film.path]


def test_what_somebody_else_left_is_told_and_in_nobody_s_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, said = tmp_path / "out.mkv", list[str]()
    theirs = tmp_path / ".out.masquerade-1.partial.mkv"
    theirs.write_bytes(b"theirs")
    monkeypatch.setattr("masquerade.live.watching.partial._rescue_one", refuse)
    rescue(path, lambda words: said.append(str(words)))
    assert said == [f"{theirs} was left by a watch of somebody else that was cut off"]


def refuse(path: Path, *_: object) -> None:
    raise PermissionError(path)
