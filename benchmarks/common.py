"""What the benchmarks share: tables, JSON results, and words about the machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, str]:
    """Describe the machine, as far as it bears on the figures."""
    model = platform.processor()
    flags: set[str] = set()
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
    best = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if flag in flags]
    return {"cpu": f"{model} ({', '.join(best)})", "cores": str(len(os.sched_getaffinity(0)))}


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser that knows ``--json FILE``, or ``--output FILE``."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--json", "--output", type=Path, help="where to write the figures (default: benchmarks/results/)"
    )
    return parser


def show(title: str, rows: Sequence[Sequence[object]], header: Sequence[str]) -> None:
    """Print a table."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    print(f"\n{title}")
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def write(name: str, figures: dict[str, Any], target: Path | None = None) -> None:
    """Write the figures as JSON, with the machine and the hour."""
    path = target or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"benchmark": name, "time": time.strftime("%Y-%m-%dT%H:%M:%S"), "machine": machine(), **figures}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten: {path}")


def time_call(call: Callable[[], object], repeats: int = 200, warm: int = 20) -> dict[str, float]:
    """Time a call: median, 95th percentile and smallest, in milliseconds."""
    for _ in range(warm):
        call()
    seconds = np.empty(repeats)
    for index in range(repeats):
        started = time.perf_counter()
        call()
        seconds[index] = time.perf_counter() - started
    median, high = np.percentile(seconds * 1e3, [50, 95])
    return {
        "median_ms": round(float(median), 2),
        "p95_ms": round(float(high), 2),
        "min_ms": round(1e3 * seconds.min(), 2),
    }
