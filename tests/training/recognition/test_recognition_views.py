"""Views of faces to learn from: drawn by name, in whatever batch; masks where they can be, plain ones as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from masquerade.training.recognition.aligned import align_photos
from masquerade.training.recognition.aligning import DTYPE
from masquerade.training.recognition.people import read_people
from masquerade.training.recognition.views import draw_masks, plain_views, random_views
from masquerade.training.study.progress import quiet

SEEDS = [(1, 4, 0, place, place % 8) for place in range(16)]


@pytest.fixture(scope="module")
def rows(people: Path, cache: Path) -> np.ndarray:
    photos = [photo for person in read_people([people]).persons for photo in person.photos]
    return align_photos(photos, cache, quiet).rows(np.arange(16))


def test_masks_are_drawn_as_often_as_asked_and_below_the_eyes(rows: np.ndarray) -> None:
    drawn, masked = draw_masks(rows, SEEDS, 1.0)
    assert masked.all()
    changed = (drawn["crop"] != rows["crop"]).any(axis=3)
    assert (changed.mean(axis=(1, 2)) > 0.05).all()
    assert changed[:, 70:].mean() > 5 * changed[:, :50].mean()
    none, masked = draw_masks(rows, SEEDS, 0.0)
    assert not masked.any()
    np.testing.assert_array_equal(none, rows)
    _, some = draw_masks(np.repeat(rows[:1], 200), [(seed,) for seed in range(200)], 0.3)
    assert 0.2 < some.mean() < 0.4
    undrawable = rows.copy()
    undrawable["drawable"] = False
    assert not draw_masks(undrawable, SEEDS, 1.0)[1].any()


def test_a_view_follows_from_its_numbers_and_not_from_its_batch(rows: np.ndarray) -> None:
    drawn, masked = draw_masks(rows, SEEDS, 0.5)
    views = random_views(drawn, masked, SEEDS)
    half = slice(1, None, 2)
    other, also = draw_masks(rows[half], SEEDS[half], 0.5)
    np.testing.assert_array_equal(also, masked[half])
    # The renderer draws alone or in a batch but for a grey level here and there.
    apart = np.abs(random_views(other, also, SEEDS[half]).astype(int) - views[half])
    assert np.mean(apart > 3) < 1e-3
    again = random_views(*draw_masks(rows, SEEDS, 0.5), SEEDS)
    np.testing.assert_array_equal(again, views)
    assert (random_views(rows, masked, [(9, *seed) for seed in SEEDS]) != random_views(rows, masked, SEEDS)).any()


def test_random_views_keep_the_face_where_it_is(rows: np.ndarray) -> None:
    plain = plain_views(rows[:1])[0].astype(np.float32)
    views = random_views(np.repeat(rows[:1], 150), np.zeros(150, np.bool_), [(seed,) for seed in range(150)])
    mean = views.astype(np.float32).mean(axis=0)
    symmetric = (plain + plain[:, ::-1]) / 2
    assert np.corrcoef(mean.ravel(), symmetric.ravel())[0, 1] > 0.97
    flat, turned = plain.ravel(), plain[:, ::-1].ravel()
    as_it_is = [np.corrcoef(view.ravel(), flat)[0, 1] > np.corrcoef(view.ravel(), turned)[0, 1] for view in views]
    assert 0.4 < np.mean(as_it_is) < 0.6


def test_no_faces_give_no_views() -> None:
    empty = np.zeros(0, DTYPE)
    assert plain_views(empty).shape == (0, 112, 112, 3)
    assert random_views(*draw_masks(empty, [], 1.0), []).shape == (0, 112, 112, 3)
