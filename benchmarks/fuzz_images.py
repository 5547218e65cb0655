"""Throws damaged pictures at ``masquerade.image.read_image`` and counts what comes back.

Each case is made from (seed, index) alone: a small valid picture of some format, mutated one to
three times. A worker process reads it; one that dies or takes longer than the watchdog allows is
counted and replaced. Anything but pixels or a ``MasqueradeError`` makes the exit code 1, and so
does a worker that ever held more than 1 GB.

    python -m benchmarks.fuzz_images --cases 10000 --seed 0 --json fuzz.json
    python -m benchmarks.fuzz_images --seed 0 --write 1234 case.bin   # one case, to look at
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import features

from benchmarks.fuzz_cases import make_case, seed_pictures

WATCHDOG_SECONDS = 10.0
STARTUP_SECONDS = 60.0
ROOT = Path(__file__).parents[1]
MAX_RSS_MB = 1000
LENGTH = struct.Struct("<I")
GOOD = ("pixels", "typed error")


# ---------------------------------------------------------------- the worker


def peak_rss_mb() -> int:
    """Largest memory of this process so far; ``getrusage`` would count what the parent held at the fork, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


def work(cases: IO[bytes], answers: IO[bytes]) -> None:
    """Read pictures from a pipe, a length and the bytes each, and answer with a line of JSON each."""
    from masquerade.image import Limits

    leaked: list[str] = []
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, category, *_rest, **_named: leaked.append(f"{category.__name__}: {message}")
    limits = Limits(max_bytes=64 * 2**20, max_pixels=50_000_000)
    resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))  # keeps the machine alive
    while head := cases.read(LENGTH.size):
        data = cases.read(LENGTH.unpack(head)[0])
        outcome, detail = _read_one(data, limits)
        if leaked and outcome in GOOD:
            outcome, detail = "python warning", leaked[0]
        leaked.clear()
        rss = peak_rss_mb()
        answers.write(json.dumps([outcome, detail, rss]).encode() + b"\n")
        answers.flush()


def _read_one(data: bytes, limits: Any) -> tuple[str, str]:
    from masquerade.errors import MasqueradeError
    from masquerade.image import read_image

    try:
        pixels = read_image(data, limits)
    except MasqueradeError as error:
        return "typed error", error.code
    except Exception as error:  # noqa: BLE001 - this is what the run looks for
        return "untyped exception", f"{type(error).__name__}: {error}"[:300]
    right = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.flags.c_contiguous
    return ("pixels", "") if right and pixels.size else ("wrong result", f"{pixels.dtype} {pixels.shape}")


# ---------------------------------------------------------------- the run


@dataclass
class Tally:
    """What a run has seen.

    Attributes:
        outcomes: (format, outcome, detail) -> how often; detail is the code of a typed error.
        bad: what must not be: index, name, outcome, detail.
        peak_rss_mb: largest resident size of a worker.
        peak_case: index at which it was reached.
        slowest: seconds and index of the slowest case.
        stderr_bytes: how much the workers' libraries printed.
        stderr_start: the first of it.
    """

    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    bad: list[dict[str, str | int]] = field(default_factory=list)
    peak_rss_mb: int = 0
    peak_case: int = -1
    slowest: tuple[float, int] = (0.0, -1)
    stderr_bytes: int = 0
    stderr_start: str = ""

    def add(self, index: int, name: str, answer: tuple[str, str, int], seconds: float) -> None:
        """Count one case."""
        outcome, detail, rss = answer
        self.outcomes[name.split(maxsplit=1)[0], outcome, detail if outcome == "typed error" else ""] += 1
        self.slowest = max(self.slowest, (seconds, index))
        if rss > self.peak_rss_mb:
            self.peak_rss_mb, self.peak_case = rss, index
        if outcome not in GOOD:
            self.bad.append({"index": index, "case": name, "outcome": outcome, "detail": detail})

    @property
    def passed(self) -> bool:
        """Whether nothing happened but pixels and typed errors, in bounded memory."""
        return not self.bad and self.peak_rss_mb <= MAX_RSS_MB


class Worker:
    """A child process that reads pictures, started again when it is gone."""

    def __init__(self, stderr: IO[bytes]) -> None:
        """Start it; its libraries print to ``stderr``."""
        self._stderr = stderr
        self._process: subprocess.Popen[bytes] | None = None

    def _alive(self) -> tuple[subprocess.Popen[bytes], float]:
        if self._process is not None:
            return self._process, WATCHDOG_SECONDS
        command = [sys.executable, "-m", "benchmarks.fuzz_images", "--worker"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0, cwd=ROOT
        )
        return self._process, STARTUP_SECONDS

    def read(self, data: bytes) -> tuple[str, str, int]:
        """Give one picture to it: outcome, detail, largest resident size in MB."""
        process, patience = self._alive()
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        answer = b""
        deadline = time.monotonic() + patience
        try:
            with io.BufferedWriter(io.FileIO(process.stdin.fileno(), "wb", closefd=False)) as pipe:
                pipe.write(LENGTH.pack(len(data)) + data)
        except BrokenPipeError:
            return self._buried("")
        while not answer.endswith(b"\n"):
            if not select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                process.kill()
                return self._buried("hang")
            part = process.stdout.read(65536)
            if not part:
                return self._buried("")
            answer += part
        outcome, detail, rss = json.loads(answer)
        return str(outcome), str(detail), int(rss)

    def _buried(self, outcome: str) -> tuple[str, str, int]:
        assert self._process is not None  # noqa: S101
        code = self._process.wait()
        self.close()
        if outcome:
            return outcome, f"over {WATCHDOG_SECONDS} s", 0
        return "crash", signal.Signals(-code).name if code < 0 else f"exit code {code}", 0

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
        self._process = None


def run(cases: int, seed: int) -> Tally:
    """Run cases 0 to ``cases`` - 1 through one worker."""
    pictures, tally = seed_pictures(), Tally()
    with tempfile.TemporaryFile() as stderr:
        worker = Worker(stderr)
        try:
            for index in range(cases):
                name, data = make_case(seed, index, pictures)
                start = time.monotonic()
                answer = worker.read(data)
                # The first case waits for imports; it does not count as slow.
                tally.add(index, name, answer, time.monotonic() - start if index else 0.0)
        finally:
            worker.close()
        tally.stderr_bytes = os.fstat(stderr.fileno()).st_size
        stderr.seek(0)
        tally.stderr_start = stderr.read(2000).decode(errors="replace")
    return tally


def table(tally: Tally) -> str:
    """Give what was seen as text: formats down, outcomes across."""
    columns = sorted({(outcome, detail) for _, outcome, detail in tally.outcomes})
    heads = [detail.removeprefix("image_") or outcome for outcome, detail in columns]
    lines = [f"{'':8}" + "".join(f"{head:>17}" for head in heads)]
    for kind in [*sorted({kind for kind, _, _ in tally.outcomes}), "all"]:
        counts = [
            sum(n for (k, o, d), n in tally.outcomes.items() if kind in {k, "all"} and (o, d) == column)
            for column in columns
        ]
        lines.append(f"{kind:8}" + "".join(f"{count:17}" for count in counts))
    lines.append(
        f"peak memory {tally.peak_rss_mb} MB (case {tally.peak_case}), slowest {tally.slowest[0]:.2f} s "
        f"(case {tally.slowest[1]}), libraries printed {tally.stderr_bytes} bytes to stderr"
    )
    lines.extend(f"BAD {bad['index']}: {bad['case']}: {bad['outcome']}: {bad['detail']}" for bad in tally.bad[:50])
    lines.append("passed" if tally.passed else f"FAILED: {len(tally.bad)} bad cases")
    return "\n".join(lines)


def report(tally: Tally, cases: int, seed: int, seconds: float) -> dict[str, Any]:
    """Give what was seen as JSON."""
    totals: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for (_, outcome, detail), count in tally.outcomes.items():
        totals[outcome] += count
        if detail:
            codes[detail] += count
    return {
        "cases": cases,
        "seed": seed,
        "seconds": round(seconds, 1),
        "passed": tally.passed,
        "outcomes": dict(totals),
        "typed_errors": dict(codes),
        "by_format": [
            {"format": kind, "outcome": outcome, "code": detail, "count": count}
            for (kind, outcome, detail), count in sorted(tally.outcomes.items())
        ],
        "bad": tally.bad,
        "peak_rss_mb": tally.peak_rss_mb,
        "peak_rss_case": tally.peak_case,
        "slowest_seconds": round(tally.slowest[0], 3),
        "slowest_case": tally.slowest[1],
        "stderr_bytes": tally.stderr_bytes,
        "stderr_start": tally.stderr_start,
        "versions": {
            "python": sys.version.split()[0],
            "pillow": features.version("pil"),
            "libjpeg_turbo": features.version("libjpeg_turbo"),
            "libtiff": features.version("libtiff"),
            "webp": features.version("webp"),
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the cases, print a table, write JSON; 1 when something must not be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", nargs=2, metavar=("INDEX", "FILE"), help="write the bytes of one case")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        work(sys.stdin.buffer, sys.stdout.buffer)
        return 0
    if options.write:
        name, data = make_case(options.seed, int(options.write[0]), seed_pictures())
        Path(options.write[1]).write_bytes(data)
        print(name)
        return 0
    start = time.monotonic()
    tally = run(options.cases, options.seed)
    print(table(tally))
    if options.json:
        content = report(tally, options.cases, options.seed, time.monotonic() - start)
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0 if tally.passed else 1


if __name__ == "__main__":
    sys.exit(main())
