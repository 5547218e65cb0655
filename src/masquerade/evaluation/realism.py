"""Distances between two sets of pictures, by the features that a network sees in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def frechet_distance(first: Floats, second: Floats) -> float:
    """The Frechet distance, squared, of the normal distributions that fit two sets of features.

    Dowson and Landau, "The Frechet distance between multivariate normal distributions", 1982; Heusel and others,
    NeurIPS 2017, for pictures. It is biased upwards by a term that shrinks with the number of rows: compare sets
    of the same sizes only.

    Args:
        first: (n, d), a row a picture; n at least 2.
        second: (m, d).

    Returns:
        |mean difference|^2 + trace(A + B - 2 (A B)^(1/2)) with the covariances A and B.
    """
    a, b = _centred(first), _centred(second)
    away = np.asarray(np.mean(first, axis=0) - np.mean(second, axis=0), np.float64)
    # With A = a'a and B = b'b, the trace of (A B)^(1/2) is the sum of the singular values of a b'.
    shared = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(max(0.0, away @ away + (a**2).sum() + (b**2).sum() - 2 * shared))


def _centred(features: Floats) -> NDArray[np.float64]:
    """Rows less their mean, scaled so that the product with themselves is the covariance."""
    rows = np.asarray(features, np.float64)
    return np.asarray((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1), np.float64)


def kernel_distance(first: Floats, second: Floats) -> float:
    """The kernel distance: squared maximum mean discrepancy with the kernel (x y / d + 1)^3, without bias.

    Binkowski and others, "Demystifying MMD GANs", ICLR 2018. It may fall below 0 for sets that are alike.

    Args:
        first: (n, d), a row a picture; n at least 2.
        second: (m, d).
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)

    def within(rows: NDArray[np.float64]) -> float:
        values = (rows @ rows.T / rows.shape[1] + 1) ** 3
        return float((values.sum() - np.trace(values)) / (len(rows) * (len(rows) - 1)))

    return within(x) + within(y) - 2 * float(((x @ y.T / x.shape[1] + 1) ** 3).mean())
