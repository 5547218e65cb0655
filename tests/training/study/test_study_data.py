"""Faces of a run: which are taken, in which part, how they are cut. Without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from masquerade.errors import ClassEmpty
from masquerade.image import read_image
from masquerade.training.study import StudyPlan
from masquerade.training.study.data import DataKey, abridge, prepare, quotas, widened
from masquerade.training.study.faces import StudyFaces
from masquerade.training.study.progress import quiet
from masquerade.wearing.crops import face_crops
from tests.training.study.made import render_set


def prepared(data: Path, *, check: float = 0.0, room: int = 0, crop: str = "square", **changes: Any) -> StudyFaces:
    plan = StudyPlan(data=(data,), model="product", **changes)
    return prepare(DataKey.of(plan, check, 48, room, crop, 0.25 if crop == "square" else 0.0), quiet)


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [
        # the whole, and more than the whole
        ([10, 5, 1], 16, [10, 5, 1]),
        ([10, 5, 1], 99, [10, 5, 1]),
        # in proportion, by the largest remainder: 6.25, 3.125, 0.625; but not less than there are, up to four
        ([10, 5, 1], 10, [5, 4, 1]),
        ([4180, 1569, 150], 400, [283, 106, 11]),  # 283.4, 106.4, 10.2: never below the floor
        ([2083, 1268, 353], 60, [34, 20, 6]),  # 33.7, 20.5, 5.7
        # a rare label keeps four
        ([1000, 1000, 8], 40, [18, 18, 4]),
    ],
)
def test_quotas(counts: list[int], total: int, expected: list[int]) -> None:
    found = quotas(np.array(counts), total)
    assert found.sum() == min(total, sum(counts))
    assert (found <= counts).all()
    exact = total * np.array(counts) / sum(counts)
    assert (found >= np.minimum(counts, 4)).all()
    assert np.abs(found - np.minimum(exact, counts)).max() <= 4
    assert np.abs(found - expected).max() <= 1


def test_abridging_takes_the_first_of_each_label() -> None:
    labels = np.array([0, 0, 1, 0, 1, 2] * 10)
    order = np.arange(60) // 2
    chosen = abridge(labels, 30, order)
    assert len(chosen) == 30
    for label in range(3):
        of_label = np.flatnonzero(labels == label)
        taken = chosen[labels[chosen] == label]
        np.testing.assert_array_equal(taken, of_label[: len(taken)])


def test_boxes_are_widened_about_their_centre() -> None:
    boxes = np.array([[10, 20, 30, 60]], np.float32)
    np.testing.assert_allclose(widened(boxes, 1.5), [[5, 10, 35, 70]])


def test_parts_hold_whole_groups_and_all_labels(rendered: Path) -> None:
    faces = prepared(rendered, check=0.2)
    assert len(faces.labels) == 32
    assert set(faces.parts) == {"train", "check", "test"}
    for group in np.unique(faces.groups):
        assert len(set(faces.parts[faces.groups == group])) == 1
    assert set(faces.labels[faces.of("train")]) == {0, 1, 2}
    assert 6 <= len(faces.of("test")) <= 10
    assert {name: part for name, _, part in faces.split} == {
        faces.keys[photo]: str(part) for photo, part in zip(faces.photos, faces.parts, strict=True)
    }
    assert sum(sum(faces.counts[part].values()) for part in ("train", "check", "test")) == 32


def test_setting_aside_leaves_the_test_part_as_it_is(rendered: Path) -> None:
    one, other = prepared(rendered), prepared(rendered, check=0.2)
    np.testing.assert_array_equal(one.of("test"), other.of("test"))
    assert len(other.of("check")) > 0


def test_crops_are_what_the_finished_network_is_given(rendered: Path) -> None:
    for crop, margin in (("square", 0.25), ("stretch", 0.0)):
        faces = prepared(rendered, room=5, crop=crop)
        assert faces.images.shape == (32, 58, 58, 3)
        for index in [*faces.of("test")[:3], *faces.of("train")[:3]]:
            picture = read_image(Path(faces.paths[faces.photos[index]]))
            expected = face_crops(picture, faces.boxes[index][None], 48, margin, crop)[0]  # type: ignore[arg-type]
            middle = faces.images[index, 5:-5, 5:-5]
            if faces.parts[index] == "test":
                np.testing.assert_array_equal(middle, expected)
            else:
                smooth = [cv2.GaussianBlur(one, (0, 0), 1.5).astype(float) for one in (middle, expected)]
                assert np.abs(smooth[0] - smooth[1]).mean() < 3
                assert faces.images[index, :5].any()


def test_two_classes_leave_incorrect_out_and_count_it(rendered: Path) -> None:
    faces = prepared(rendered, classes=2)
    assert set(faces.labels) == {0, 1}
    left_out = faces.counts["incorrect_left_out"]
    assert left_out + len(faces.labels) == 32
    assert f"{left_out} faces labelled incorrect left out, as two classes are trained" in faces.remarks


def test_an_abridged_set_has_so_many_faces_and_repeats(rendered: Path) -> None:
    faces, again, other = (prepared(rendered, abridged=18, seed=seed) for seed in (1, 1, 2))
    assert len(faces.labels) == 18
    assert np.bincount(faces.labels).tolist() == [6, 6, 6]
    assert 3 <= len(faces.of("test")) <= 6  # the parts are balanced by the faces that are used
    assert set(faces.photos.tolist()) == set(range(len(faces.keys)))
    assert faces.counts["abridged_away"] >= 0
    np.testing.assert_array_equal(faces.images, again.images)
    assert set(faces.keys) != set(other.keys) or not np.array_equal(faces.parts, other.parts)


def test_a_label_without_faces_to_learn_from_is_refused(tmp_path: Path) -> None:
    data = render_set(tmp_path / "set", photos=6, labels=(0, 1))
    with pytest.raises(ClassEmpty, match=r"no face that is incorrect; it has .* 0 incorrect .*2 classes"):
        prepared(data)
    assert len(prepared(data, classes=2).labels) == 12
    data = render_set(tmp_path / "masked", photos=6, labels=(0,))
    with pytest.raises(ClassEmpty, match="no face that is without_mask"):
        prepared(data, classes=2)


def test_what_is_wrong_with_the_data_is_told(tmp_path: Path) -> None:
    data = render_set(tmp_path / "set", photos=8)
    first = data / "annotations" / "000.xml"
    first.write_text(first.read_text().replace("<name>with_mask", "<name>beard"))
    faces = prepared(data)
    assert faces.counts["problems"] >= 1
    assert any("000.xml:1" in line and "beard" in line for line in faces.remarks)
