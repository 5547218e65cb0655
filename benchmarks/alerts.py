"""Alerts while the process is killed with -9, again and again: is every alert that was written sent, and how often?

A watch takes alerts into an outbox and posts them to a real HTTP server, once through a channel that delivers at least
once, once through one that delivers at most once. It is killed at a random moment and started again. Also printed: how
long writing an alert durably takes, which is all that a watch waits for.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.alerts_worker import DELIVERIES
from benchmarks.common import arguments, show, write
from masquerade.live.alerts import Alert, Outbox

WORKER = Path(__file__).with_name("alerts_worker.py")
EVERY = 0.02
"""Seconds between two alerts."""
MOST_PEOPLE = 1_000_000
"""People of one process at most; the next one counts on from there."""
LONGEST_LIFE = 1.0
"""Seconds after its first alert within which a process is killed."""
SLOWEST_ANSWER = 0.03
"""Seconds that the server takes at most, so that many a kill falls between sending and noting."""


@dataclass
class Received:
    """What came in on one channel: the person's number and the key of each request, in order."""

    people: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the alerts on one channel.

    Attributes:
        written: alerts that were on disk for certain.
        arrived: those of them that arrived.
        lost: alerts that were written and did not arrive.
        parked: alerts that are kept as failed, for they may have arrived.
        again: requests with a key that had been there; a receiver that heeds it drops them.
        doubles: alerts that came under two keys, which nobody could tell apart.
        out_of_order: alerts that came before an older one.
    """

    written: int
    arrived: int
    lost: int
    parked: int
    again: int
    doubles: int
    out_of_order: int


class Server(ThreadingHTTPServer):
    """Records what is posted to each path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, seed: int) -> None:
        """Listen on a free port; ``seed`` decides how long each answer takes."""
        self.received = {delivery: Received() for delivery in DELIVERIES}
        self.chance = random.Random(seed)  # noqa: S311
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a sender that was killed."""


class Handler(BaseHTTPRequestHandler):
    """Takes an alert and answers after a while."""

    server: Server

    def do_POST(self) -> None:
        """Record the alert before the answer, as a receiver does that keeps what it was given."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            received = self.server.received[self.path.strip("/")]
            received.people.append(body["person"])
            received.keys.append(self.headers["Idempotency-Key"])
            wait = self.server.chance.uniform(0, SLOWEST_ANSWER)
        time.sleep(wait)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


def killed(kills: int, folder: Path, seed: int = 1, life: float = LONGEST_LIFE) -> dict[str, Outcome]:
    """Kill a process with -9 while it sends alerts, then let the last one finish.

    Args:
        kills: how often.
        folder: where the outbox goes.
        seed: decides when.
        life: seconds after its first alert within which a process is killed.

    Returns:
        What became of the alerts, by kind of delivery.
    """
    outbox, chance = folder / "outbox.sqlite", random.Random(seed)  # noqa: S311
    written: set[int] = set()
    with Server(seed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        urls = [f"http://127.0.0.1:{server.server_address[1]}/{delivery}" for delivery in DELIVERIES]
        for number in range(kills):
            words = [sys.executable, str(WORKER), str(outbox), str(number * MOST_PEOPLE), str(EVERY), *urls]
            process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None  # noqa: S101
            said = process.stdout.readline()
            time.sleep(chance.uniform(0, life))
            process.kill()
            said += process.stdout.read()
            process.wait()
            process.stdout.close()
            written.update(map(int, said.split()))
        subprocess.run([sys.executable, str(WORKER), str(outbox), "0", "-", *urls], check=True, timeout=600)
        server.shutdown()
    box = Outbox(outbox)
    parked = Counter(row.channel for row in box.rows("failed", "expired"))
    box.close()
    return {name: _judge(received, written, parked[name]) for name, received in server.received.items()}


def _judge(received: Received, written: set[int], parked: int) -> Outcome:
    """Compare what arrived with what was written for certain; more may be, where the kill cut the word that it was."""
    first = dict(zip(reversed(received.keys), reversed(received.people), strict=True))
    arrived = set(first.values())
    in_order = [first[key] for key in dict.fromkeys(received.keys)]
    return Outcome(
        len(written),
        len(arrived & written),
        len(written - arrived),
        parked,
        len(received.keys) - len(first),
        len(first) - len(arrived),
        sum(later < earlier for earlier, later in pairwise(in_order)),
    )


def writing(count: int, folder: Path) -> list[float]:
    """Measure the milliseconds of writing one alert durably."""
    box = Outbox(folder / "times.sqlite")
    times = []
    for number in range(count):
        alert = Alert(f"{number:032}", datetime.now(UTC), 0.0, "door", number, "incorrect")
        begin = time.perf_counter()
        box.add(alert, dict.fromkeys(DELIVERIES, 3600.0))
        times.append((time.perf_counter() - begin) * 1e3)
    box.close()
    return times


def main() -> None:
    """Print and write the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        outcomes = killed(chosen.kills, Path(folder), chosen.seed)
        times = writing(500, Path(folder))
    rows = [
        [name, one.written, one.arrived, one.lost, one.parked, one.again, one.doubles, one.out_of_order]
        for name, one in outcomes.items()
    ]
    header = ["delivery", "written", "arrived", "lost", "parked", "same key again", "doubles", "out of order"]
    show(f"Alerts of a process that was killed with -9 {chosen.kills} times", rows, header)
    p50, p95 = np.percentile(times, [50, 95])
    print(f"\nwriting one alert durably: {p50:.2f} ms, p95 {p95:.2f} ms")
    figures = {
        name: dict(zip(header[1:], row, strict=True)) for name, row in zip(outcomes, (r[1:] for r in rows), strict=True)
    }
    write("alerts", {"kills": chosen.kills, "deliveries": figures, "write_ms": {"p50": p50, "p95": p95}}, chosen.json)


if __name__ == "__main__":
    main()
