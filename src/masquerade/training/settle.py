"""Settle the bias of ``incorrect`` and the temperature of a trained network, on the groups that nothing learns from.

``python -m masquerade.training.settle --run FOLDER`` prints both, for ``training.export``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from masquerade.evaluation.wearing import score_labels
from masquerade.settings import get_settings
from masquerade.training.objective import label_log_probabilities
from masquerade.training.trainer import predict
from masquerade.training.wearing import RECIPES, load_net
from masquerade.training.wearing_data import CACHE, load_crops, split_check
from masquerade.wearing.rule import STATES, label_of_states
from masquerade.wearing.types import LABELS

BIASES = np.arange(-0.5, 1.51, 0.1)
TEMPERATURES = np.arange(0.5, 2.01, 0.05)
INCORRECT = LABELS.index("incorrect")


def log_probabilities(logits: NDArray[np.float32], bias: float, temperature: float) -> NDArray[np.float32]:
    """Log-probabilities of the labels (n, 3) as the exported file would give them."""
    settled = logits.copy()
    settled[:, :STATES] += np.where(label_of_states() == INCORRECT, bias, 0).astype(np.float32)
    settled[:, :STATES] /= np.float32(temperature)
    return np.asarray(label_log_probabilities(torch.from_numpy(settled)).numpy())


def best_temperature(logits: NDArray[np.float32], truth: NDArray[np.int64], bias: float) -> float:
    """The temperature of the lowest mean cross-entropy (Guo and others, "On calibration", ICML 2017)."""
    rows = np.arange(len(truth))
    losses = [-log_probabilities(logits, bias, heat)[rows, truth].mean() for heat in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def best_bias(logits: NDArray[np.float32], truth: NDArray[np.int64], recall: float) -> float:
    """The bias of the best macro-F1 among those that find enough of the faces worn wrongly.

    Args:
        logits: (n, 20).
        truth: (n,) labels.
        recall: of ``incorrect`` that is asked for; where no bias reaches it, macro-F1 alone decides.
    """
    scores = [score_labels(truth, log_probabilities(logits, bias, 1.0).argmax(1)) for bias in BIASES]
    found = np.array([float(score.recall[INCORRECT]) for score in scores])
    enough = found >= recall if (found >= recall).any() else np.ones(len(found), bool)
    quality = np.where(enough, [score.macro_f1 for score in scores], -1)
    return float(BIASES[int(np.argmax(quality))])


def main() -> None:
    """Settle and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(RECIPES), default="student")
    parser.add_argument("--run", type=Path, required=True, help="run folder of the network")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--size", type=int, help="side of the input in pixels, where not the recipe's")
    parser.add_argument("--recall", type=float, default=0.92, help="of incorrect, to be reached (default %(default)s)")
    arguments = parser.parse_args()
    torch.set_num_threads(get_settings().threads)
    check = split_check((crops := load_crops(arguments.cache)).where(~crops.held_out))[1]
    size = arguments.size or RECIPES[arguments.kind].size
    logits = predict(load_net(arguments.kind, arguments.run), check, size)
    bias = best_bias(logits, check.labels, arguments.recall)
    heat = best_temperature(logits, check.labels, bias)
    scores = score_labels(check.labels, log_probabilities(logits, bias, heat).argmax(1))
    sys.stdout.write(
        f"--incorrect-bias {bias:.1f} --temperature {heat:.2f}\n"
        f"on {len(check.labels)} crops set aside: accuracy {scores.accuracy:.3f}, macro-F1 {scores.macro_f1:.3f}, "
        f"recall of incorrect {scores.recall[INCORRECT]:.3f}, alert recall {scores.alert_recall:.3f}\n"
    )


if __name__ == "__main__":
    main()
