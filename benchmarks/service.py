"""The service under load: start, 100 uploads at once, more than it can take, bodies over the cap, made-up requests.

Then uploads beside 200 wrong keys.

python -m benchmarks.service [--parallel 100] [--examples 200]
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np

from benchmarks.common import arguments, show, write
from benchmarks.service_api import check_api
from masquerade.service.access.keys import KeyFile

PHOTOS = sorted((Path(__file__).parents[1] / "samples").glob("*.jpg"))


@dataclass(frozen=True)
class Service:
    """A running ``masquerade serve``."""

    process: subprocess.Popen[str]
    url: str
    listening: float
    ready: float


@contextmanager
def running(*options: str, **environment: str) -> Iterator[Service]:
    """Start the service, note the seconds until it listens and until it is ready."""
    client = httpx.Client(timeout=600)  # made before: it takes as long as some models
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "masquerade", "serve", "--port", "0", "--quiet", *options],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MASQUERADE_SERVE_RATE": "0", **environment},
    )
    try:
        lines: Iterable[str] = process.stderr or []
        found = next(filter(None, (re.search(r"at (http://\S+?)/ ", line) for line in lines)))
        listening = time.perf_counter() - began
        while client.get(f"{found[1]}/ready").status_code != 200:
            time.sleep(0.02)
        yield Service(process, found[1], listening, time.perf_counter() - began)
    finally:
        process.kill()
        process.communicate()


async def upload(url: str, keys: Sequence[str]) -> tuple[Counter[int], list[float], float]:
    """Send a photo with each key at once: statuses, seconds of each answer, seconds in all."""
    limits = httpx.Limits(max_connections=None)
    photos = [path.read_bytes() for path in PHOTOS]
    async with httpx.AsyncClient(limits=limits, timeout=600) as client:

        async def one(number: int, key: str) -> tuple[int, float]:
            began = time.perf_counter()
            headers = {"content-type": "image/jpeg", **({"authorization": f"Bearer {key}"} if key else {})}
            answer = await client.post(f"{url}/v1/look", content=photos[number % len(photos)], headers=headers)
            return answer.status_code, time.perf_counter() - began

        began = time.perf_counter()
        answers = await asyncio.gather(*(one(number, key) for number, key in enumerate(keys)))
    took = time.perf_counter() - began
    return Counter(status for status, _ in answers), [seconds for _, seconds in answers], took


def load(service: Service, count: int, key: str = "") -> dict[str, Any]:
    """Upload at once and give statuses and latencies."""
    statuses, seconds, took = asyncio.run(upload(service.url, [key] * count))
    p50, p95 = np.percentile(seconds, (50, 95))
    return {
        "parallel": count,
        "statuses": {str(status): number for status, number in sorted(statuses.items())},
        "photos_a_second": round(statuses[200] / took, 2),
        "p50_s": round(float(p50), 3),
        "p95_s": round(float(p95), 3),
        "max_s": round(max(seconds), 3),
    }


def wrong_keys(count: int = 20, wrong: int = 200) -> dict[str, Any]:
    """Upload with a right key, alone and beside wrong ones of its number; give the slowest of both."""
    with TemporaryDirectory() as folder:
        file = KeyFile(Path(folder) / "keys.json")
        key = file.add("door", ("look", "watch", "metrics"))
        with running("--keys", MASQUERADE_SERVE_KEYS=str(file.path)) as service:
            load(service, 1, key)  # from now on it is known
            alone = load(service, count, key)
            others = [f"{key[:12]}{number:043d}" for number in range(wrong)]

            async def both() -> tuple[Any, Any]:
                return await asyncio.gather(upload(service.url, others), upload(service.url, [key] * count))

            refused, taken = asyncio.run(both())
    return {
        "alone_max_s": alone["max_s"],
        "beside_max_s": round(max(taken[1]), 3),
        "right": {str(status): number for status, number in taken[0].items()},
        "wrong": {str(status): number for status, number in refused[0].items()},
    }


def too_large(service: Service) -> dict[str, float | int]:
    """Announce and send a body over the cap."""
    body = bytes(30 * 10**6)
    began = time.perf_counter()
    answer = httpx.post(f"{service.url}/v1/look", content=body, headers={"content-type": "image/jpeg"}, timeout=600)
    return {"status": answer.status_code, "seconds": round(time.perf_counter() - began, 3)}


def memory(service: Service) -> float:
    """Resident memory of the service without its decoders, in megabytes."""
    status = Path(f"/proc/{service.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return round(int(found[1]) / 1024, 1) if found else 0.0


def stop(service: Service) -> dict[str, float | int]:
    """Stop it with SIGTERM while photos are in work."""
    began = time.perf_counter()
    service.process.send_signal(signal.SIGTERM)
    code = service.process.wait(120)
    return {"exit_code": code, "seconds": round(time.perf_counter() - began, 3)}


def main() -> None:
    """Run, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--parallel", type=int, default=100)
    parser.add_argument("--examples", type=int, default=200, help="made-up requests an operation and mode")
    options = parser.parse_args()
    with running() as service:
        figures: dict[str, Any] = {
            "listening_s": round(service.listening, 3),
            "ready_s": round(service.ready, 3),
            "one": load(service, 1),
            "memory_before_mb": memory(service),
            "uploads": load(service, options.parallel),
            "overload": load(service, 4 * options.parallel),
            "memory_after_mb": memory(service),
            "over_the_cap": too_large(service),
        }
        statuses = check_api(service.url, options.examples)
        figures["made_up_requests"] = dict(sorted(statuses.items()))
        figures["stop"] = stop(service)
    figures["wrong_keys"] = wrong_keys()
    rows = [[name, *figures[name].values()] for name in ("one", "uploads", "overload")]
    show("uploads at once", rows, ["what", *figures["one"]])
    show("made-up requests", [[name, count] for name, count in sorted(statuses.items())], ["answer", "count"])
    rest = ("listening_s", "ready_s", "memory_before_mb", "memory_after_mb", "over_the_cap", "stop", "wrong_keys")
    show("rest", [[name, figures[name]] for name in rest], ["what", "value"])
    write("service", figures, options.json)


if __name__ == "__main__":
    main()
