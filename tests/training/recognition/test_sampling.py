"""Batches of an epoch: every photo once, or so many photos of so many people."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("safetensors")

from masquerade.training.recognition.sampling import batches_of_epoch

pytestmark = pytest.mark.train


def test_every_photo_once() -> None:
    labels = np.repeat(np.arange(11), 3)
    batches = batches_of_epoch(labels, 8, None, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(33))
    assert [len(batch) for batch in batches] == [8, 8, 8, 9]  # batch norm cannot take one alone


@pytest.mark.parametrize("counts", [[4] * 12, [1, 2, 3, 9, 30] * 3, [2, 2, 2]])
def test_groups_of_one_person(counts: list[int]) -> None:
    rng = np.random.default_rng(1)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    seen = np.zeros(len(counts), int)
    batches = batches_of_epoch(labels, 16, 4, rng)
    for batch in batches:
        persons, numbers = np.unique(labels[batch], return_counts=True)
        assert len(persons) == min(4, len(counts)) and (numbers == 4).all()
        for person in persons:
            assert len(set(batch[labels[batch] == person].tolist())) == min(4, counts[person])
        seen[persons] += 1
    assert seen.max() - seen.min() <= 2
    assert sum(map(len, batches)) == pytest.approx(len(labels), abs=16)
