"""Nearest neighbours against a whole matrix of distances, as report 2's code has it."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.evaluation.recognition.nearest import has_another, nearest
from tests.evaluation.recognition.made import leave_one_out


def report_2(templates: np.ndarray, owners: np.ndarray) -> float:
    """Share of photos whose nearest other one, by Euclidean distance, is of the same person."""
    distances = np.sqrt(((templates[:, None] - templates[None]) ** 2).sum(axis=2))
    np.fill_diagonal(distances, 1000.0)
    return float((owners[distances.argmin(axis=1)] == owners).mean())


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_leave_one_out_is_report_2s_measure(chunk: int) -> None:
    rng = np.random.default_rng(0)
    owners = rng.integers(0, 9, 80)
    templates = rng.normal(size=(80, 16)) + 1.2 * rng.normal(size=(9, 16))[owners]
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    hits = leave_one_out(templates, owners, chunk)
    assert 0.1 < hits.mean() < 0.95
    assert hits.mean() == pytest.approx(report_2(templates, owners))


def test_a_photo_alone_cannot_be_recognised() -> None:
    owners = np.array([4, 4, 7])
    assert leave_one_out(np.eye(3), owners).tolist() == [True, True, False]
    assert has_another(owners).tolist() == [True, True, False]
    assert not leave_one_out(np.eye(1), np.array([1])).any()


def test_probes_never_meet_themselves_nor_an_empty_gallery() -> None:
    scores = np.array([[9.0, 1.0, 2.0], [1.0, 9.0, 3.0], [2.0, 3.0, 9.0]])

    def score(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return np.asarray(scores[np.ix_(rows, columns)])

    every = np.arange(3)
    assert nearest(score, every, every).tolist() == [2, 2, 1]
    assert nearest(score, every, np.array([1])).tolist() == [1, -1, 1]
    assert nearest(score, every, np.zeros(0, np.intp)).tolist() == [-1, -1, -1]
