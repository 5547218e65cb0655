"""Calibration: whether a model is right as often as it says (Guo and others, ICML 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15


def bin_sums(confidence: NDArray[Any], hit: NDArray[Any], bins: int = BINS) -> NDArray[np.float64]:
    """Put each face into one of the bins of equal width, (k / bins, (k + 1) / bins].

    Args:
        confidence: (n,) probability of the likeliest label, 0 to 1.
        hit: (n,) bool, whether that label is the true one.
        bins: how many.

    Returns:
        (n, bins, 3): in the face's bin 1, its confidence and its hit; zeros elsewhere. Sums over faces are counts.
    """
    index = np.clip(np.ceil(np.asarray(confidence) * bins).astype(np.intp) - 1, 0, bins - 1)
    sums = np.zeros((len(index), bins, 3))
    sums[np.arange(len(index)), index] = np.stack([np.ones(len(index)), confidence, hit], axis=1)
    return sums


def error_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected calibration error of summed bins (..., bins, 3): the mean gap between confidence and hits, by faces."""
    count = sums[..., 0].sum(axis=-1)
    gaps = np.abs(sums[..., 1] - sums[..., 2]).sum(axis=-1)
    return np.asarray(np.divide(gaps, count, out=np.full(np.shape(count), np.nan), where=count > 0))
