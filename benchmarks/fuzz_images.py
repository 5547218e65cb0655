"""Throws damaged pictures at ``masquerade.image.read_image`` and counts what comes back.

Each case is made from (seed, index) alone: a small valid picture of some format, mutated one to
three times. A worker process reads it; one that dies or takes longer than the watchdog allows is
counted and replaced. Anything but pixels or a ``MasqueradeError`` makes the exit code 1, and so
does a worker that ever held more than 1 GB.

    python benchmarks/fuzz_images.py --cases 10000 --seed 0 --json fuzz.json
    python benchmarks/fuzz_images.py --seed 0 --write 1234 case.bin   # one case, to look at
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image, features

if TYPE_CHECKING:
    from collections.abc import Callable

WATCHDOG_SECONDS = 10.0
STARTUP_SECONDS = 60.0
MAX_RSS_MB = 1000
MAX_CASE_BYTES = 2 * 2**20
LENGTH = struct.Struct("<I")
GOOD = ("pixels", "typed error")


# ---------------------------------------------------------------- pictures to start from


def seed_pictures() -> dict[str, bytes]:
    """Make a small valid picture of each format and mode, name -> file."""
    y, x = np.mgrid[0:48, 0:64]
    noise = np.random.default_rng(0).integers(0, 40, (48, 64, 3))
    rgb = Image.fromarray(((np.dstack([x * 3, y * 4, x + y]) + noise) % 256).astype(np.uint8))
    alpha = Image.fromarray((x * 4).astype(np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    grey16 = Image.fromarray((x * y * 20).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        **_jpegs(rgb, exif),
        **_pngs(rgb, rgba, grey16, exif),
        **_webps(rgb, rgba, exif),
        **_bmps(rgb, rgba),
        **_tiffs(rgb, rgba, grey16),
        **_heics(rgb, rgba),
    }


def _save(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _jpegs(rgb: Image.Image, exif: Image.Exif) -> dict[str, bytes]:
    return {
        "jpeg": _save(rgb, "JPEG"),
        "jpeg progressive": _save(rgb, "JPEG", progressive=True),
        "jpeg grey": _save(rgb.convert("L"), "JPEG"),
        "jpeg cmyk": _save(rgb.convert("CMYK"), "JPEG"),
        "jpeg exif": _save(rgb, "JPEG", exif=exif, quality=95, subsampling=0, icc_profile=b"x" * 500),
        "jpeg restarts": _save(rgb, "JPEG", restart_marker_blocks=2),
    }


def _pngs(rgb: Image.Image, rgba: Image.Image, grey16: Image.Image, exif: Image.Exif) -> dict[str, bytes]:
    return {
        "png": _save(rgb, "PNG", exif=exif),
        "png alpha": _save(rgba, "PNG"),
        "png palette": _save(rgb.quantize(32), "PNG", transparency=3),
        "png 1 bit": _save(rgb.convert("1"), "PNG"),
        "png grey alpha": _save(rgba.convert("LA"), "PNG"),
        "png 16": _save(grey16, "PNG"),
        "png 16 rgb": png_file(64, 48, 16, 2, np.asarray(rgb).astype(">u2").tobytes()),
        "png interlaced": interlaced_png(np.asarray(rgb)),
        "png animated": _save(rgb, "PNG", save_all=True, append_images=[rgb.rotate(90), rgb]),
    }


def _webps(rgb: Image.Image, rgba: Image.Image, exif: Image.Exif) -> dict[str, bytes]:
    return {
        "webp": _save(rgb, "WEBP", exif=exif),
        "webp lossless": _save(rgba, "WEBP", lossless=True),
        "webp alpha": _save(rgba, "WEBP"),
        "webp animated": _save(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)]),
    }


def _bmps(rgb: Image.Image, rgba: Image.Image) -> dict[str, bytes]:
    rows = b"".join(bytes([64, row]) + b"\0\0" for row in range(48)) + b"\0\1"
    palette = b"".join(bytes([i, 255 - i, i // 2, 0]) for i in range(256))
    head = struct.pack("<IiiHHIIiiII", 40, 64, 48, 1, 8, 1, len(rows), 0, 0, 256, 0)
    return {
        "bmp": _save(rgb, "BMP"),
        "bmp alpha": _save(rgba, "BMP"),
        "bmp palette": _save(rgb.quantize(16), "BMP"),
        "bmp 1 bit": _save(rgb.convert("1"), "BMP"),
        "bmp run length": b"BM" + struct.pack("<III", 1078 + len(rows), 0, 1078) + head + palette + rows,
    }


def _tiffs(rgb: Image.Image, rgba: Image.Image, grey16: Image.Image) -> dict[str, bytes]:
    grey = rgb.convert("L")
    return {
        "tiff": _save(rgb, "TIFF"),
        "tiff lzw": _save(rgb, "TIFF", compression="tiff_lzw"),
        "tiff deflate": _save(rgba, "TIFF", compression="tiff_adobe_deflate"),
        "tiff jpeg": _save(rgb, "TIFF", compression="jpeg"),
        "tiff packbits": _save(grey, "TIFF", compression="packbits"),
        "tiff fax": _save(rgb.convert("1"), "TIFF", compression="group4"),
        "tiff pages": _save(rgb, "TIFF", save_all=True, append_images=[grey, rgba]),
        "tiff 16": _save(grey16, "TIFF", compression="tiff_lzw"),
        "tiff float": _save(Image.fromarray(np.asarray(grey, np.float32) / 255), "TIFF"),
        "tiff cmyk": _save(rgb.convert("CMYK"), "TIFF"),
        "tiff lab": _save(rgb.convert("LAB"), "TIFF"),
        "tiff turned": _save(rgb, "TIFF", tiffinfo={0x0112: 6}),
        "tiff big": _save(rgb, "TIFF", big_tiff=True, compression="tiff_lzw"),
    }


def _heics(rgb: Image.Image, rgba: Image.Image) -> dict[str, bytes]:
    try:
        import pillow_heif
    except ImportError:
        return {}
    found = {}
    for name, image in {"heic": rgb, "heic alpha": rgba}.items():
        file = io.BytesIO()
        pillow_heif.from_pillow(image).save(file, quality=50)
        found[name] = file.getvalue()
    return found


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Give a PNG chunk with its right checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_file(width: int, height: int, bits: int, kind: int, rows: bytes, extra: bytes = b"") -> bytes:
    """Give a PNG of unfiltered rows; ``extra`` are chunks before the pixels."""
    stride = len(rows) // height if height else 0
    filtered = b"".join(b"\0" + rows[at : at + stride] for at in range(0, len(rows), stride or 1))
    return _png(struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0), zlib.compress(filtered), extra)


def _png(header: bytes, pixels: bytes, extra: bytes = b"") -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    )


def interlaced_png(rgb: np.ndarray[Any, Any]) -> bytes:
    """Give an Adam7 PNG, which Pillow reads and does not write."""
    rows = b""
    for top, left, down, right in (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ):
        part = rgb[top::down, left::right]
        rows += b"".join(b"\0" + row.tobytes() for row in part if part.shape[1])
    return _png(struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 8, 2, 0, 0, 1), zlib.compress(rows))


# ---------------------------------------------------------------- mutations


def _truncate(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    return data[: rng.randrange(len(data))]


def _flip_bits(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    end = min(len(data), 256) if rng.random() < 0.5 else len(data)
    for _ in range(rng.choice((1, 2, 8, 32))):
        data[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return data


def _swap_head(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    count = rng.choice((4, 12, 16, 64))
    data[:count] = rng.choice(others)[:count]
    return data


def _overwrite(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    at, count = rng.randrange(len(data)), rng.choice((1, 2, 4, 16, 128, 1024))
    count = min(count, len(data) - at)
    data[at : at + count] = rng.choice((bytes(count), b"\xff" * count, rng.randbytes(count)))
    return data


def _splice(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    other = rng.choice(others)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def _huge(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    """Set a size, at the place where the format keeps one or anywhere near the start, to something large."""
    places = [at for at in _size_fields(bytes(data)) if at + 4 <= len(data)]
    at = rng.choice(places) if places and rng.random() < 0.8 else rng.randrange(max(1, min(len(data), 512) - 4))
    value = rng.choice((0, 1, 0x7FFF, 0xFFFF, 0x1B58, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.getrandbits(32)))
    kind = rng.choice(("<I", ">I", "<H", ">H"))
    data[at : at + struct.calcsize(kind)] = struct.pack(kind, value & (0xFFFF if "H" in kind else 0xFFFFFFFF))
    return data


def _size_fields(data: bytes) -> list[int]:
    if data.startswith(b"\x89PNG"):
        return [16, 20, 24]
    if data.startswith(b"BM"):
        return [10, 14, 18, 22, 28, 46]
    if data.startswith(b"RIFF"):
        return [4, 16, 21, 24, 26, 27, 28]
    if data.startswith(b"\xff\xd8"):
        return [at + 5 for marker in (b"\xff\xc0", b"\xff\xc2", b"\xff\xda") if (at := data.find(marker)) > 0]
    if data[:2] in {b"II", b"MM"}:
        order = "<" if data[:2] == b"II" else ">"
        directory = struct.unpack_from(f"{order}I", data, 4)[0] if len(data) > 8 else 0
        return [directory + 2 + 12 * entry + part for entry in range(16) for part in (4, 8)]
    return [at + 4 for name in (b"ispe", b"iloc", b"hvcC", b"mdat") if (at := data.find(name)) > 0]


def _duplicate(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    """Repeat a chunk, some times very often."""
    start, end = rng.choice(_chunks(bytes(data)) or [(0, len(data))])
    if end <= start or rng.random() < 0.3:
        start = rng.randrange(len(data))
        end = min(len(data), start + rng.choice((4, 12, 100)))
    times = min(rng.choice((1, 1, 2, 50, 2000, 50_000)), MAX_CASE_BYTES // (end - start))
    return data[:end] + data[start:end] * times + data[end:]


def _chunks(data: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 8 if data.startswith(b"\x89PNG") else 12 if data.startswith(b"RIFF") else 2
    while at + 8 < len(data) and len(found) < 200:
        if data.startswith(b"\x89PNG"):
            end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        elif data.startswith(b"RIFF"):
            end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        elif data.startswith(b"\xff\xd8"):
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        else:
            break
        found.append((at, min(end, len(data))))
        at = end
    return found


MUTATIONS: tuple[Callable[[bytearray, random.Random, list[bytes]], bytearray], ...] = (
    _truncate,
    _flip_bits,
    _flip_bits,
    _swap_head,
    _overwrite,
    _splice,
    _huge,
    _huge,
    _duplicate,
)


def _right_checksums(data: bytes) -> bytes:
    """Correct the checksums of a PNG, so that damage reaches the code behind them."""
    fixed = bytearray(data)
    for start, end in _chunks(data):
        if end - start >= 12 and data.startswith(b"\x89PNG"):
            fixed[end - 4 : end] = struct.pack(">I", zlib.crc32(data[start + 4 : end - 4]))
    return bytes(fixed)


def make_case(seed: int, index: int, pictures: dict[str, bytes]) -> tuple[str, bytes]:
    """Make case ``index`` of the run ``seed``: its name and its bytes."""
    rng = random.Random(f"{seed}:{index}")  # noqa: S311 - reproducible on purpose
    name = rng.choice(sorted(pictures))
    others = list(pictures.values())
    data = bytearray(pictures[name])
    for _ in range(rng.choice((1, 1, 2, 3))):
        if data:
            mutate = rng.choice(MUTATIONS)
            data = mutate(data, rng, others)
            name += f" > {mutate.__name__.strip('_')}"
    return name, _right_checksums(bytes(data)) if rng.random() < 0.5 else bytes(data)


# ---------------------------------------------------------------- the worker


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
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
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
        command = [sys.executable, __file__, "--worker"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0
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
