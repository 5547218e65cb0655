"""Sources: frames a second through, cut and return times, lag under load, memory of a film in a loop.

    python -m benchmarks.sources [--minutes 30] [--cuts 5] [--json FILE]

A cut is a server that is killed; a stall one that is stopped (SIGSTOP), its line open. Both are to be noticed in 5
seconds, and the source is to be back within 3 seconds of the server's return, with one offline and one online event.

Films are rendered here (ffmpeg's test picture, H.264 where ffmpeg has it); the camera is GStreamer's RTSP server.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import arguments, show, write
from masquerade.live.sources import Source, open_source

SERVER = Path(__file__).parents[1] / "tests" / "live" / "sources" / "rtsp_server.py"
FILMS = {"640x480": 600, "1920x1080": 300}
STALLS = 2
NOTICED_IN, BACK_IN = 5.0, 3.0
"""Seconds that are asked for."""
LEAST_BACK, MOST_BACK = 3.0, 8.0


def made_film(folder: Path, size: str, frames: int) -> Path:
    """Render a film of ffmpeg's test picture."""
    target = folder / f"{size}.mp4"
    source = f"testsrc2=size={size}:rate=25"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", str(frames), "-preset", "veryfast"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(target)], check=True)
    return target


def through(film: Path) -> dict[str, float]:
    """Frames a second of a film that is taken as fast as it comes."""
    opened = time.perf_counter()
    with open_source(film) as source:
        begun = time.perf_counter()
        frames = 0
        while source.frame(60.0) is not None:
            frames += 1
        seconds = time.perf_counter() - begun
    return {"fps": round(frames / seconds, 1), "open_seconds": round(begun - opened, 3)}


def resident(pid: int) -> float:
    """Memory of a process in MB, without what it shares."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return (int(fields[1]) - int(fields[2])) * 4096 / 2**20


def looped(film: Path, minutes: float) -> dict[str, float]:
    """Growth of the reader's memory after its first minute, or first tenth."""
    with open_source(film, loop=True) as source:
        begun = time.monotonic()
        first = frames = 0
        warm = min(60.0, minutes * 6)
        base = 0.0
        while (now := time.monotonic() - begun) < minutes * 60:
            frames += source.frame(60.0) is not None
            if not first and now > warm:
                first, base = frames, resident(source.reader_pid)
        last = resident(source.reader_pid)
    return {"frames": frames, "mb_warm": round(base, 1), "mb_end": round(last, 1), "growth": round(last / base - 1, 4)}


class Camera:
    """An RTSP server that can be cut and brought back."""

    def __init__(self) -> None:
        """Choose a port."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"rtsp://127.0.0.1:{self.port}/door"

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = ["/usr/bin/python3", str(SERVER), str(self.port), "--size", "640x480"]
        reading, writing = os.pipe()
        self._process = subprocess.Popen(command, stdout=writing, stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as said:
            said.readline()

    def stop(self) -> None:
        """Let it hang: its line stays open, and nothing comes."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """End it with kill -9."""
        self._process.kill()
        self._process.wait()


def until(source: Source, state: str, events: list[str]) -> float:
    """Seconds until a source comes into a state; what happened on the way is added to ``events``."""
    begun = time.monotonic()
    while events[-1:] != [state]:
        source.frame(0.02)
        events += [change.state for change in source.changes()]
        if time.monotonic() - begun > 120:
            raise SystemExit(f"the source did not come {state}: {source.reason}")
    return time.monotonic() - begun


def losses(random: np.random.Generator, times: int, *, stalls: bool) -> dict[str, Any]:
    """Take a camera away several times and bring it back.

    Args:
        random: draws how long it is away.
        times: how often.
        stalls: whether it hangs; else it is killed.
    """
    camera = Camera()
    camera.start()
    noticed: list[float] = []
    back: list[float] = []
    events: list[str] = []
    try:
        with open_source(camera.address) as source:
            opened = until(source, "online", events)
            for _ in range(times):
                wait(source, 2.0)
                (camera.stop if stalls else camera.cut)()
                noticed.append(until(source, "offline", events))
                wait(source, random.uniform(LEAST_BACK, MOST_BACK))
                (camera.go_on if stalls else camera.start)()
                back.append(until(source, "online", events))
    finally:
        camera.cut()
    return {
        "times": times,
        "open_seconds": round(opened, 2),
        "noticed_each": [round(seconds, 2) for seconds in noticed],
        "back_each": [round(seconds, 2) for seconds in back],
        "offline_events": events.count("offline"),
        "online_events": events.count("online") - 1,
        "stalled_events": events.count("stalled"),
        "reached": max(noticed) <= NOTICED_IN
        and max(back) <= BACK_IN
        and events.count("offline") == times == events.count("online") - 1,
    }


def wait(source: Source, seconds: float) -> None:
    """Go on watching for some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        source.frame(0.02)


def overloaded() -> dict[str, Any]:
    """Age of the frame that is given to one who takes ten times longer than the camera."""
    camera = Camera()
    camera.start()
    ages = []
    try:
        with open_source(camera.address) as source:
            until(source, "online", [])
            for _ in range(20):
                time.sleep(0.4)
                if (frame := source.frame(1.0)) is not None:
                    ages.append(time.monotonic() - frame.taken)
            skipped = source.skipped
    finally:
        camera.cut()
    median, high = np.percentile(np.array(ages) * 1e3, [50, 95])
    return {"age_median_ms": round(float(median), 1), "age_p95_ms": round(float(high), 1), "skipped": skipped}


def main() -> None:
    """Measure, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long a film is looped for its memory")
    parser.add_argument("--cuts", type=int, default=5, help="how often the camera is cut")
    given = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        raise SystemExit("ffmpeg is needed")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        films = {size: made_film(Path(name), size, frames) for size, frames in FILMS.items()}
        figures["films"] = {size: through(film) for size, film in films.items()}
        rows = [[size, figure["fps"], figure["open_seconds"]] for size, figure in figures["films"].items()]
        show("Films, decoded and handed over", rows, ["size", "frames a second", "s to open"])
        figures["loop"] = looped(films["640x480"], given.minutes)
        show("A film in a loop", [list(figures["loop"].values())], list(figures["loop"]))
    random = np.random.default_rng(6)
    figures["cuts"] = losses(random, given.cuts, stalls=False)
    figures["stalls"] = losses(random, STALLS, stalls=True)
    for name, what in (("cuts", "cut with kill -9"), ("stalls", "hanging (SIGSTOP)")):
        figure = figures[name]
        rows = [
            ["noticed in, s", max(figure["noticed_each"]), NOTICED_IN, figure["noticed_each"]],
            ["back in, s", max(figure["back_each"]), BACK_IN, figure["back_each"]],
            ["offline events", figure["offline_events"], figure["times"], ""],
            ["online events", figure["online_events"], figure["times"], ""],
            ["stalled events", figure["stalled_events"], "", ""],
        ]
        show(f"RTSP, {what} {figure['times']} times", rows, ["", "most", "asked", "each"])
    figures["overload"] = overloaded()
    show(
        "RTSP at 25 a second, taken 2.5 times a second", [list(figures["overload"].values())], list(figures["overload"])
    )
    write("sources", figures, given.json)


if __name__ == "__main__":
    main()
