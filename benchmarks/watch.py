"""How fast a watch goes through a film, how late a camera's results are, what overload and a long run do to it.

python -m benchmarks.watch [--minutes 30]
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import arguments, machine, show, write
from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.live.sources import open_source
from masquerade.live.types import Frame
from masquerade.live.watching import Observer, Snapshot, Watch
from masquerade.settings import get_settings

ROOT = Path(__file__).parents[1]
SAMPLES = ("person_b_2.jpg", "person_a_1.jpg", "impostor_1.jpg")


def make_film(path: Path, size: tuple[int, int], people: int, seconds: float, fps: float = 25.0) -> Path:
    """A film of portraits that sway and drift over noise, as people before a camera do."""
    cv2 = opencv()
    width, height = size
    rng = np.random.default_rng(7)
    blocks = rng.integers(70, 130, (height // 8 + 1, width // 8 + 1, 3))
    back = np.kron(blocks, np.ones((8, 8, 1))).astype(np.uint8)[:height, :width]
    tall = round(height * (0.8 if people == 1 else 0.55))
    portraits = [_portrait(ROOT / "samples" / SAMPLES[index], tall) for index in range(people)]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    for number in range(round(seconds * fps)):
        frame = back.copy()
        for index, portrait in enumerate(portraits):
            sway = np.sin(number / fps * 1.7 + index) * width * 0.03
            x = round((index + 0.5) * width / people - portrait.shape[1] / 2 + sway)
            x = max(0, min(width - portrait.shape[1], x))
            y = round(height * 0.15 + np.cos(number / fps + index) * height * 0.02)
            frame[y : y + portrait.shape[0], x : x + portrait.shape[1]] = portrait[: height - y]
        writer.write(frame)
    writer.release()
    return path


def _portrait(path: Path, height: int) -> NDArray[np.uint8]:
    photo = read_image(path)
    size = (round(photo.shape[1] * height / photo.shape[0]), height)
    small = opencv().resize(photo, size, interpolation=opencv().INTER_AREA)
    return np.ascontiguousarray(small[..., ::-1])


@dataclass
class Measures:
    """Takes the lag of every result, and the memory of this process."""

    lags: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def take(self, frame: Frame | None, snapshot: Snapshot) -> None:  # noqa: ARG002
        """Take one result."""
        if frame is None:
            return
        now = time.monotonic()
        self.lags.append(now - frame.taken)
        if not self.memory or now - self.began - self.memory[-1][0] >= 1:
            self.memory.append((now - self.began, resident()))

    def close(self) -> None:
        """Nothing is left to do."""


def resident() -> float:
    """Memory of this process and its children, in MB."""
    import os

    pages = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rsplit(")", 1)[1].split()
            if status.parent.name == str(os.getpid()) or words[1] == str(os.getpid()):
                pages += int((status.parent / "statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def through(path: Path, seconds: float | None = None) -> dict[str, float]:
    """Frames a second of a film that is read as fast as it goes, from a warm start, and what it cost."""
    with open_source(path) as source:
        cpu = time.process_time()
        summary = Watch(source, Observer()).run(threading.Event(), seconds=seconds)
    return {
        "fps": round(summary.rates.fps, 1),
        "cpu_ms_a_frame": round(1e3 * (time.process_time() - cpu) / summary.rates.frames, 2),
        "entered": summary.counts.entered,
    }


def live(path: Path, seconds: float) -> dict[str, float]:
    """Lag of a film that is played as a camera would, at 25 frames a second."""
    measures = Measures()
    with open_source(path, realtime=True, loop=True) as source:
        summary = Watch(source, Observer(), [measures]).run(threading.Event(), seconds=seconds)
    lags = np.array(measures.lags[10:])
    return {
        "fps": round(summary.rates.fps, 1),
        "lag_p50_ms": round(1e3 * float(np.median(lags)), 1),
        "lag_p95_ms": round(1e3 * float(np.percentile(lags, 95)), 1),
        "skipped": summary.rates.skipped,
    }


class SlowObserver(Observer):
    """Takes ten times the time that a frame of the camera has, like a machine that is ten times too slow."""

    took: float = 0.4

    def see(self, frame: Frame) -> Snapshot:
        """Look at a frame, and wait."""
        until = time.monotonic() + self.took
        snapshot = super().see(frame)
        time.sleep(max(0.0, until - time.monotonic()))
        return snapshot


def overload(path: Path, seconds: float) -> dict[str, float]:
    """Age of the results where a look takes as long as ten frames of the camera."""
    measures = Measures()
    with open_source(path, realtime=True, loop=True) as source:
        summary = Watch(source, SlowObserver(), [measures]).run(threading.Event(), seconds=seconds)
    oldest = max(measures.lags[1:])
    return {
        "time_of_one_frame_ms": round(1e3 * SlowObserver.took),
        "oldest_result_ms": round(1e3 * oldest),
        "times_one_frame": round(oldest / SlowObserver.took, 2),
        "skipped": summary.rates.skipped,
    }


def memory(path: Path, minutes: float) -> dict[str, float]:
    """Memory over minutes of a film in a loop: after the first minute of film, and the most after that."""
    measures = Measures()
    with open_source(path, loop=True) as source:
        summary = Watch(source, Observer(), [measures]).run(threading.Event(), seconds=60 * minutes)
    share = min(0.5, 1 / minutes)
    count = len(measures.memory)
    first = [value for _, value in measures.memory[max(1, round(count * share)) :]]
    start = float(np.median(first[: max(1, len(first) // 20)]))
    return {
        "minutes_of_film": minutes,
        "after_first_minute_mb": round(start, 1),
        "most_mb": round(max(first), 1),
        "growth_percent": round(100 * (float(np.median(first[-max(1, len(first) // 20) :])) / start - 1), 2),
        "frames": summary.rates.frames,
    }


def films(folder: Path, seconds: float) -> Iterator[tuple[str, int, Path]]:
    """The films that are watched: name of the size, people, path."""
    for name, size in (("640x480", (640, 480)), ("1920x1080", (1920, 1080))):
        for people in (1, 3):
            yield name, people, make_film(folder / f"{name}-{people}.avi", size, people, seconds)


def main() -> None:
    """Run, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="minutes of film in the test of memory")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each other film")
    options = parser.parse_args()
    figures: dict[str, object] = {"threads": get_settings().threads}
    with tempfile.TemporaryDirectory() as name:
        made = list(films(Path(name), options.seconds))
        through(made[0][2], 1.0)  # models are loaded
        rows = []
        for size, people, path in made:
            fast, late = through(path), live(path, options.seconds)
            figures[f"{size}, {people} people"] = {"through": fast, "live": late}
            rows.append((f"{size}, {people}", *fast.values(), *late.values()))
        show(
            f"{machine()['cpu']}, {get_settings().threads} threads; to reach: 60 and 25 a second, 120 ms",
            rows,
            ["film, people", "fps", "cpu ms", "entered", "live fps", "lag p50 ms", "lag p95 ms", "skipped"],
        )
        figures["overload"] = slow = overload(made[0][2], options.seconds)
        show("ten times more than it can take; to reach: 2", [list(slow.values())], list(slow))
        figures["memory"] = grown = memory(made[1][2], options.minutes)
        show("memory of the watch and its reader; to reach: 5 %", [list(grown.values())], list(grown))
    write("watch", figures, options.json)


if __name__ == "__main__":
    main()
