"""Films as phones, cameras and programs write them, made by Debian's ffmpeg; the times are those of the film."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.live.sources import open_source
from masquerade.live.sources.reader.capture import open_film
from masquerade.live.sources.reader.clock import FilmClock
from masquerade.live.sources.reader.noise import Noise
from tests.live.sources.looking_on import all_frames, number_of, numbered

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg (Debian) is not installed")
FRAMES = 12
STEADY = [number / 25 for number in range(FRAMES)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbered pictures, and larger ones."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(FRAMES):
        for name, size in (("small", (320, 240)), ("large", (480, 360))):
            picture = cv2.cvtColor(numbered(number, *size), cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(folder / f"{name}{number:03d}.png"), picture)
    return folder


def made(pictures: Path, target: Path, words: str, *, rate: str = "25", name: str = "small", start: int = 0) -> Path:
    given = f"ffmpeg -v error -nostdin -framerate {rate} -start_number {start} -i {name}%03d.png {words}"
    subprocess.run([*given.split(), str(target)], cwd=pictures, check=True, timeout=60)
    return target


def read(film: Path) -> tuple[list[NDArray[np.uint8]], list[float]]:
    """The pictures, RGB, and their times, read in this process."""
    reader = open_film(str(film), Noise(lambda _: None))
    clock = FilmClock(reader.fps)
    found, times = [], []
    while reader.grab():
        times.append(clock.tick(reader.time()))
        decoded = reader.decode()
        assert decoded is not None
        place = np.empty((*decoded.shape[:2], 3), np.uint8)
        reader.fill(place, decoded)
        found.append(place)
    reader.close()
    return found, times


H264 = "-c:v libx264 -bf 3 -pix_fmt yuv420p"


@pytest.mark.parametrize(
    ("name", "words", "rate"),
    [
        ("b_frames.mp4", H264, "25"),
        ("late.mkv", f"{H264} -output_ts_offset 100", "25"),
        ("fast.mp4", H264, "120"),
        ("ntsc.mp4", H264, "30000/1001"),
        ("hevc.mkv", "-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p10le", "25"),
        ("alpha.webm", "-c:v libvpx-vp9 -deadline realtime -pix_fmt yuva420p", "25"),
        ("deep.mkv", "-c:v png -pix_fmt rgb48be", "25"),
    ],
)
def test_kinds(pictures: Path, tmp_path: Path, name: str, words: str, rate: str) -> None:
    found, times = read(made(pictures, tmp_path / name, words, rate=rate))
    upper, _, lower = rate.partition("/")
    assert [number_of(picture) for picture in found] == list(range(FRAMES))
    assert times == pytest.approx([number * int(lower or 1) / int(upper) for number in range(FRAMES)], abs=1.1e-3)


@pytest.mark.parametrize("depth", ["gray", "gray16le"])
def test_grey(pictures: Path, tmp_path: Path, depth: str) -> None:
    found, times = read(made(pictures, tmp_path / "grey.mkv", f"-c:v ffv1 -pix_fmt {depth}"))
    assert times == pytest.approx(STEADY, abs=1e-3)
    for number, picture in enumerate(found):
        true = cv2.cvtColor(numbered(number, 320, 240), cv2.COLOR_RGB2GRAY).astype(int)
        assert np.abs(picture.astype(int) - true[..., None]).max() <= 3


def test_a_rate_that_changes_with_b_frames(pictures: Path, tmp_path: Path) -> None:
    words = f"-vf settb=1/1000,setpts=N*(N+1)*20 -fps_mode vfr -enc_time_base 1/1000 {H264}"
    found, times = read(made(pictures, tmp_path / "film.mp4", words))
    assert [number_of(picture) for picture in found] == list(range(FRAMES))
    assert times == pytest.approx([n * (n + 1) / 50 for n in range(FRAMES)], abs=2e-3)


def test_what_a_phone_held_upright_says_is_done(pictures: Path, tmp_path: Path) -> None:
    """The same turn as ffmpeg's own."""
    made(pictures, tmp_path / "lying.mp4", H264)
    for words in (
        "-i lying.mp4 -c copy -metadata:s:v:0 rotate=90 film.mp4",
        "-i film.mp4 -frames:v 1 first.png",
    ):
        subprocess.run(f"ffmpeg -v error {words}".split(), cwd=tmp_path, check=True, timeout=60)
    first = read(tmp_path / "film.mp4")[0][0]
    shown = cv2.cvtColor(cv2.imread(str(tmp_path / "first.png")), cv2.COLOR_BGR2RGB)
    assert first.shape == (320, 240, 3)
    assert np.abs(first.astype(int) - shown).mean() < 2
    assert number_of(np.rot90(first, -1)) == 0


def test_another_size_is_scaled_to_the_first(pictures: Path, tmp_path: Path) -> None:
    parts = [
        made(pictures, tmp_path / "1.ts", f"-frames:v 6 {H264}"),
        made(pictures, tmp_path / "2.ts", f"{H264} -output_ts_offset 0.24", name="large", start=6),
    ]
    film = tmp_path / "film.ts"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    found, times = read(film)
    assert [number_of(picture) for picture in found] == list(range(FRAMES))
    assert {picture.shape for picture in found} == {(240, 320, 3)}
    assert times == pytest.approx(STEADY, abs=1e-3)


def test_a_trimmed_film_is_not_cut_short(pictures: Path, tmp_path: Path) -> None:
    """Trimmed without being written anew, it holds frames that are not to be shown: its header counts them."""
    whole = made(pictures, tmp_path / "whole.mp4", H264)
    trimmed = tmp_path / "trimmed.mp4"
    command = ["ffmpeg", "-v", "error", "-ss", "0.2", "-i", str(whole), "-c", "copy", str(trimmed)]
    subprocess.run(command, check=True, timeout=60)
    with open_source(trimmed) as film:
        frames = all_frames(film)
    assert [number_of(frame.image) for frame in frames] == list(range(5, FRAMES))
    assert [frame.time for frame in frames] == pytest.approx([number / 25 for number in range(FRAMES - 5)], abs=1e-3)
    assert film.reason == ""


@pytest.mark.parametrize(
    ("name", "words", "reason"),
    [
        ("interlaced.mp4", "-c:v libx264 -flags +ildct+ilme -x264opts tff=1 -pix_fmt yuv420p", "interlaced"),
        ("av1.mkv", "-c:v libaom-av1 -cpu-used 8 -usage realtime -frames:v 2 -pix_fmt yuv420p", "AV1"),
    ],
)
def test_what_opencv_cannot_decode_is_said(pictures: Path, tmp_path: Path, name: str, words: str, reason: str) -> None:
    """And no black picture is given in its place."""
    with open_source(made(pictures, tmp_path / name, words)) as film:
        assert all_frames(film) == []
    assert reason in film.reason
