"""Distances between sets of features, against closed forms and an independent formula."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.evaluation.realism import frechet_distance, kernel_distance


def by_square_roots(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The formula as it is written, with the symmetric square root of a covariance."""
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    away = first.mean(axis=0) - second.mean(axis=0)
    return float(away @ away + np.trace(a) + np.trace(b) - 2 * shared)


@pytest.mark.parametrize(("n", "m", "d"), [(50, 40, 6), (200, 300, 3), (12, 9, 30)])
def test_frechet_is_the_formula(n: int, m: int, d: int) -> None:
    rng = np.random.default_rng(n)
    first = rng.normal(size=(n, d)) @ rng.normal(size=(d, d))
    second = rng.normal(1.0, 2.0, size=(m, d)) @ rng.normal(size=(d, d))
    assert frechet_distance(first, second) == pytest.approx(by_square_roots(first, second), rel=1e-6)


def test_frechet_in_one_dimension() -> None:
    first = np.array([[-1.0], [1.0]])  # mean 0, variance 2
    second = np.array([[1.0], [5.0]])  # mean 3, variance 8
    assert frechet_distance(first, second) == pytest.approx(9 + (8**0.5 - 2**0.5) ** 2)


def test_frechet_of_a_shift_is_its_square() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(rows, rows + np.float32(2)) == pytest.approx(5 * 4, rel=1e-5)


def test_kernel_is_the_double_sum() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(6, 4)), rng.normal(0.5, size=(5, 4))

    def kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
        return float((x @ y / 4 + 1) ** 3)

    within = np.mean([kernel(x, y) for i, x in enumerate(first) for j, y in enumerate(first) if i != j])
    within += np.mean([kernel(x, y) for i, x in enumerate(second) for j, y in enumerate(second) if i != j])
    between = np.mean([kernel(x, y) for x in first for y in second])
    assert kernel_distance(first, second) == pytest.approx(within - 2 * between)


def test_kernel_of_equal_distributions_is_near_zero() -> None:
    rng = np.random.default_rng(2)
    draws = [kernel_distance(rng.normal(size=(60, 8)), rng.normal(size=(60, 8))) for _ in range(40)]
    assert abs(float(np.mean(draws))) < 3 * float(np.std(draws)) / 40**0.5
    assert kernel_distance(rng.normal(size=(60, 8)), rng.normal(1.0, size=(60, 8))) > 0.5
