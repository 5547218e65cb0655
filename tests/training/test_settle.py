"""Bias and temperature, on logits of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("torchvision")

from masquerade.evaluation.wearing import score_labels
from masquerade.training.settle import best_bias, best_temperature, log_probabilities
from masquerade.wearing.rule import state_of

pytestmark = pytest.mark.train
BARE, WHOLE, NOSE = 0, 15, state_of((False, True, True), mask=True)


def drawn(heat: float, count: int = 20000) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits that are ``heat`` times too bold for labels drawn from them."""
    rng = np.random.default_rng(0)
    three = rng.normal(0, 1.5, (count, 3))
    shares = np.exp(three) / np.exp(three).sum(axis=1, keepdims=True)
    truth = (rng.random(count)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    logits = np.full((count, 20), -60.0)
    logits[:, [WHOLE, BARE, NOSE]] = three * heat
    return logits.astype(np.float32), truth


@pytest.mark.parametrize("heat", [0.7, 1.0, 1.6])
def test_the_temperature_undoes_boldness(heat: float) -> None:
    logits, truth = drawn(heat)
    assert best_temperature(logits, truth, 0.0) == pytest.approx(heat, abs=0.1)


def test_the_bias_reaches_the_recall_that_is_asked_for() -> None:
    logits, truth = drawn(1.0)
    plain = score_labels(truth, log_probabilities(logits, 0.0, 1.0).argmax(1))
    asked = float(plain.recall[2]) + 0.1
    bias = best_bias(logits, truth, asked)
    settled = score_labels(truth, log_probabilities(logits, bias, 1.0).argmax(1))
    assert bias > 0
    assert settled.recall[2] >= asked
    # No smaller bias does, and more would cost more than it brings.
    assert score_labels(truth, log_probabilities(logits, bias - 0.1, 1.0).argmax(1)).recall[2] < asked


def test_the_temperature_leaves_a_single_state_of_each_label_in_its_order() -> None:
    logits, _ = drawn(1.0, 200)
    for heat in (0.5, 2.0):
        np.testing.assert_array_equal(
            log_probabilities(logits, 0.3, heat).argmax(1), log_probabilities(logits, 0.3, 1.0).argmax(1)
        )
