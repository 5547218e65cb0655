"""Rendered examples: what is said of them is what was drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.training import rendered
from masquerade.training.bare_faces import SIDE, BareFaces, find_bare_faces
from masquerade.training.examples import UNKNOWN, Examples
from masquerade.training.wearing_data import CROP
from masquerade.wearing.rule import BARE, MASKED, covered_in_states, label_of_states


@pytest.fixture(scope="module")
def faces(photos: list[Path]) -> BareFaces:
    bare, masked = LABELS.index("without_mask"), LABELS.index("with_mask")
    bare_ones = [LabelledPhoto("celeba-wild", path, (bare,)) for path in photos[:2]]
    return find_bare_faces([*bare_ones, LabelledPhoto("celeba-wild", photos[2], (masked,))])


def test_bare_faces_lie_in_the_middle_of_their_cuts(faces: BareFaces) -> None:
    assert (len(faces), faces.images.shape) == (2, (2, SIDE, SIDE, 3))  # the photo labelled masked is left out
    for index in range(2):
        box = faces.face(index).boxes[0]
        # A face with 0.6 of room on each side spans 1 / 2.2 of the cut.
        assert max(box[2:] - box[:2]) == pytest.approx(SIDE / 2.2, abs=0.01)
        np.testing.assert_allclose((box[:2] + box[2:]) / 2, SIDE / 2, atol=0.6)
        landmarks = faces.landmarks[index, :, :2]
        assert ((landmarks > 0) & (landmarks < SIDE)).all()


def test_they_survive_their_file(faces: BareFaces, tmp_path: Path) -> None:
    faces.save(tmp_path / "bare.npz")
    again = BareFaces.load(tmp_path / "bare.npz")
    for name in BareFaces.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(faces, name))


@pytest.mark.parametrize("seed", range(6))
def test_a_mask_says_what_it_covers(faces: BareFaces, seed: int) -> None:
    row = rendered.masked(np.random.default_rng(seed), faces.images[0], faces.face(0))
    assert row is not None
    crop, state, kind, name = row
    assert (crop.shape, str(crop.dtype), name) == ((CROP, CROP, 3), "uint8", "masked")
    assert state >= MASKED
    assert 0 <= kind < 4


def test_ways_of_wearing_and_their_labels(faces: BareFaces) -> None:
    seen = set()
    for seed in range(40):
        row = rendered.masked(np.random.default_rng(seed), faces.images[1], faces.face(1))
        assert row is not None
        nose, mouth, chin = covered_in_states()[row[1]].tolist()
        seen.add((nose, mouth, chin))
        assert LABELS[label_of_states()[row[1]]] == ("with_mask" if nose and mouth and chin else "incorrect")
    assert {(True, True, True), (False, True, True), (False, False, True)} <= seen


def test_things_that_are_no_masks(faces: BareFaces) -> None:
    states = []
    for seed in range(30):
        row = rendered.occluded(np.random.default_rng(seed), faces.images[0], faces.face(0))
        assert row is not None
        assert row[2] == UNKNOWN
        states.append(row[1])
    assert max(states) < MASKED
    assert BARE in states
    assert any(covered_in_states()[state, 1] for state in states)  # a hand, a cup, a scarf over the mouth


def test_rendering_repeats_by_its_seed(faces: BareFaces, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rendered, "TIMES", {"masked": {"celeba-wild": 2}, "bare": {"celeba-wild": 1}})
    one, other = (rendered.render(faces, ("masked", "bare"), seed=3) for _ in range(2))
    assert one.sources.tolist() == ["masked", "masked", "bare"] * 2
    assert one.origins.tolist() == ["celeba-wild"] * 6
    assert one.states[one.sources == "bare"].tolist() == [BARE] * 2
    for name in Examples.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert not np.array_equal(one.images, rendered.render(faces, ("masked", "bare"), seed=4).images)
    one.save(tmp_path / "examples.npz")
    np.testing.assert_array_equal(Examples.load(tmp_path / "examples.npz").states, one.states)
