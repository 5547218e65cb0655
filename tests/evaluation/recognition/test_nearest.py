"""Nearest neighbours, against the whole table of distances written out, as report 2's code does it."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.evaluation.recognition import nearest as module
from masquerade.evaluation.recognition.nearest import has_mate, leave_one_out, nearest


def made(count: int = 60, people: int = 9, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, people, count)
    return (rng.normal(size=(people, 8))[labels] + rng.normal(size=(count, 8))).astype(np.float32), labels


@pytest.mark.parametrize("chunk", [1, 7, 512])
def test_report_2_s_measure(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    templates, labels = made()
    table = np.sqrt(((templates[:, None].astype(np.float64) - templates[None]) ** 2).sum(axis=2))
    np.fill_diagonal(table, 1000.0)
    expected = labels[table.argmin(axis=1)] == labels
    assert 0.2 < expected.mean() < 1
    np.testing.assert_array_equal(leave_one_out(templates, labels, "euclidean"), expected)


def test_the_angle_counts_whatever_the_length() -> None:
    templates, labels = made()
    angles = np.arccos(
        np.clip([[a @ b / np.sqrt((a @ a) * (b @ b)) for b in templates] for a in templates.astype(np.float64)], -1, 1)
    )
    np.fill_diagonal(angles, np.inf)
    expected = labels[angles.argmin(axis=1)] == labels
    longer = templates * np.linspace(0.1, 9, len(templates), dtype=np.float32)[:, None]
    np.testing.assert_array_equal(leave_one_out(longer, labels), expected)


def test_other_templates_of_the_same_photos_ask() -> None:
    templates, labels = made()
    turned = templates[:, ::-1].copy()
    expected = []
    for index, probe in enumerate(turned):
        others = [other for other in range(len(labels)) if other != index]
        best = max(others, key=lambda other: probe @ templates[other] / np.linalg.norm(templates[other]))
        expected.append(labels[best] == labels[index])
    np.testing.assert_array_equal(leave_one_out(templates, labels, probes=turned), expected)


def test_a_gallery_of_one_and_no_length() -> None:
    assert nearest(np.zeros((2, 3), np.float32), np.ones((1, 3), np.float32)).tolist() == [0, 0]
    assert nearest(np.zeros((0, 3), np.float32), np.ones((1, 3), np.float32)).tolist() == []


def test_who_has_a_mate() -> None:
    assert has_mate(np.array([5, 1, 5, 2, 9, 9])).tolist() == [True, False, True, False, True, True]
