"""What masked faces are taught to be mapped to."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from masquerade.training.recognition.product.targets import STRANGE, make_targets

pytestmark = pytest.mark.train


def around(direction: int, count: int, rng: np.random.Generator, noise: float = 0.05) -> np.ndarray:
    """Unit vectors (count, 12) about an axis."""
    found = rng.normal(0, noise, (count, 12))
    found[:, direction] += 1
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def test_centres_are_the_mean_directions() -> None:
    rng = np.random.default_rng(0)
    templates = np.concatenate([around(0, 4, rng, 0.2), around(3, 2, rng, 0.2), around(5, 1, rng, 0.2)])
    names = np.array(["b", "b", "a", "b", "a", "b", "c"])
    templates = templates[[0, 1, 4, 2, 5, 3, 6]]
    targets = make_targets(templates, names)
    assert targets.strange == 0
    assert targets.labels.tolist() == [1, 1, 0, 1, 0, 1, 2]
    assert targets.labels.dtype == np.int64
    assert targets.own is templates
    for label, name in enumerate("abc"):
        mean = np.mean([row for row, owner in zip(templates, names, strict=True) if owner == name], axis=0)
        np.testing.assert_allclose(targets.centres[label], mean / np.sqrt((mean**2).sum()), atol=1e-6)


def test_strange_photos_get_a_class_of_their_own() -> None:
    rng = np.random.default_rng(1)
    templates = np.concatenate([around(0, 5, rng), around(7, 1, rng), around(2, 3, rng)])
    names = np.array(["a"] * 6 + ["b"] * 3)
    targets = make_targets(templates, names)
    assert targets.strange == 1
    assert targets.labels.tolist() == [0, 0, 0, 0, 0, 2, 1, 1, 1]
    assert targets.centres.shape == (3, 12)
    np.testing.assert_array_equal(targets.centres[2], templates[5])
    mean = templates[:5].sum(axis=0)  # without the strange one
    np.testing.assert_allclose(targets.centres[0], mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize(("above", "strange"), [(1e-3, 0), (-1e-3, 2)])
def test_the_limit_is_the_cosine_to_the_others(above: float, strange: int) -> None:
    """Of two photos each is the other's only other: both pass or neither."""
    cosine = STRANGE + above
    pair = np.zeros((2, 12), np.float32)
    pair[0, 0], pair[1, 0], pair[1, 1] = 1, cosine, np.sqrt(1 - cosine**2)
    targets = make_targets(pair, np.array(["a", "a"]))
    assert targets.strange == strange
    assert len(targets.centres) == 1 + strange
    assert targets.labels.tolist() == ([1, 2] if strange else [0, 0])
    np.testing.assert_allclose(np.linalg.norm(targets.centres, axis=1), 1, atol=1e-6)


def test_a_single_photo_is_not_strange() -> None:
    rng = np.random.default_rng(2)
    targets = make_targets(np.concatenate([around(1, 1, rng), around(2, 1, rng)]), np.array(["a", "b"]))
    assert (targets.strange, targets.labels.tolist()) == (0, [0, 1])
    np.testing.assert_allclose(targets.centres, targets.own, atol=1e-6)
