"""Measures of a part, against the same written out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from masquerade.training.recognition import testing as module
from masquerade.training.recognition.aligned import AlignedFaces
from masquerade.training.recognition.aligning import DTYPE
from masquerade.training.recognition.faces import Part
from masquerade.training.recognition.testing import MEASURES, measure_part
from masquerade.training.recognition.views import plain_views


def part_of(counts: list[int], seed: int = 0) -> Part:
    """Faces of which each pixel is its person's, with noise; what is drawn on them as mask is a darker lower half."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    rows = np.zeros(len(labels), DTYPE)
    tones = rng.integers(60, 190, (len(counts), 8, 8, 3))
    for row, label in enumerate(labels):
        noisy = tones[label] + rng.normal(0, 45, (8, 8, 3))
        rows["crop"][row] = np.clip(noisy.repeat(16, 0).repeat(16, 1), 0, 255)
    rows["drawable"] = True
    faces = AlignedFaces((), (rows,), np.stack([np.zeros(len(labels), np.int64), np.arange(len(labels))], 1), {})
    return Part("test", faces, np.arange(len(labels)), labels, tuple(map(str, range(len(counts)))))


def darkened(rows: Any, seeds: Any, probability: float = 1.0) -> tuple[Any, Any]:
    drawn = rows.copy()
    drawn["crop"][:, 70:] //= 3
    return drawn, np.ones(len(rows), np.bool_)


def embed(views: Any) -> Any:
    small = views[:, 4::16, 4::16].reshape(len(views), -1).astype(np.float32)
    return (small - 128) * np.linspace(0.5, 2, len(small), dtype=np.float32)[:, None]


@pytest.fixture(autouse=True)
def drawn_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "draw_masks", darkened)
    monkeypatch.setattr(module, "BATCH", 1000)  # lengths of embeddings differ along a batch


def by_hand(asking: Any, there: Any, labels: Any, euclidean: bool) -> float:
    hits = []
    for row, probe in enumerate(asking):
        others = [other for other in range(len(labels)) if other != row]
        if labels[row] not in labels[others]:
            continue
        if euclidean:
            best = min(others, key=lambda other: float(np.linalg.norm(probe - there[other])))
        else:
            best = max(others, key=lambda other: float(probe @ there[other] / np.linalg.norm(there[other])))
        hits.append(labels[best] == labels[row])
    return float(np.mean(hits))


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_nearest_neighbours(distance: str) -> None:
    part = part_of([4, 1, 3, 5, 1, 2, 4])
    rows = part.faces.rows(part.index)
    bare, masked = embed(plain_views(rows)), embed(plain_views(darkened(rows, [])[0]))
    found = measure_part(part, embed, distance, 0)
    for name, asking, there in (("rank1", bare, bare), ("rank1_masked", masked, bare), ("rank1_both", masked, masked)):
        expected = by_hand(asking, there, part.labels, distance == "euclidean")
        assert 0.1 < expected <= 1
        assert found[name] == pytest.approx(expected), name
    assert found["tar"] is None  # 19 genuine pairs, and fewer than 300 impostor ones


def test_pairs() -> None:
    part = part_of([3] * 14)
    rows = part.faces.rows(part.index)
    bare = embed(plain_views(rows))
    unit = bare / np.linalg.norm(bare, axis=1, keepdims=True)
    found = measure_part(part, embed, "cosine", 0)
    table, same = unit @ unit.T, part.labels[:, None] == part.labels[None]
    upper = np.triu(np.ones_like(same), 1)
    impostors = np.sort(table[upper & ~same])[::-1]
    limit = impostors[int(0.01 * len(impostors))]  # about: the measure draws 300 of these
    assert found["tar"] == pytest.approx((table[upper & same] > limit).mean(), abs=0.15)
    assert found["accuracy"] > found["accuracy_masked"] - 0.05
    assert found["faces"] == 42


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_faces_that_can_carry_no_mask_are_not_measured_with_one(distance: str, monkeypatch: pytest.MonkeyPatch) -> None:
    part = part_of([4, 1, 3, 5, 1, 2, 4])
    able = np.arange(len(part)) % 3 > 0

    def some(rows: Any, seeds: Any) -> tuple[Any, Any]:
        drawn, _ = darkened(rows, seeds)
        drawn["crop"][~able] = rows["crop"][~able]
        return drawn, able

    monkeypatch.setattr(module, "draw_masks", some)
    rows = part.faces.rows(part.index)
    bare, masked = embed(plain_views(rows)), embed(plain_views(some(rows, [])[0]))
    found = measure_part(part, embed, distance, 0)
    assert (found["faces"], found["masked"]) == (20, int(able.sum()))
    assert found["rank1"] == pytest.approx(by_hand(bare, bare, part.labels, distance == "euclidean"))
    both = by_hand(masked[able], masked[able], part.labels[able], distance == "euclidean")
    assert found["rank1_both"] == pytest.approx(both)
    hits = []
    for row in np.flatnonzero(able & (np.bincount(part.labels)[part.labels] > 1)):
        probe = np.concatenate([masked[[row]], np.delete(bare, row, axis=0)])
        labels = np.concatenate([part.labels[[row]], np.delete(part.labels, row)])
        if distance == "euclidean":
            best = 1 + int(np.argmin(np.linalg.norm(probe[1:] - probe[0], axis=1)))
        else:
            best = 1 + int(np.argmax(probe[1:] @ probe[0] / np.linalg.norm(probe[1:], axis=1)))
        hits.append(labels[best] == labels[0])
    assert found["rank1_masked"] == pytest.approx(np.mean(hits))


def test_no_mask_at_all_gives_no_number_with_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "draw_masks", lambda rows, _: (rows, np.zeros(len(rows), np.bool_)))
    found = measure_part(part_of([3] * 14), embed, "cosine", 0)
    for name in ("rank1_masked", "rank1_both", "accuracy_masked", "tar_masked"):
        assert found[name] is None
    assert found["masked"] == 0
    assert found["accuracy"] > 0.5 and found["rank1"] is not None


def test_too_little_to_measure() -> None:
    assert measure_part(part_of([1]), embed, "cosine", 0) == dict.fromkeys(MEASURES)
    found = measure_part(part_of([1, 1, 1]), embed, "cosine", 0)
    assert found == dict.fromkeys(MEASURES) | {"faces": 3, "masked": 3}
