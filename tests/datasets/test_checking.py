"""Figures and duplicates of small sets, counted by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets import read_set
from masquerade.datasets.checking import figures, find_duplicates, quantiles
from tests.datasets import made


def test_figures(tmp_path: Path) -> None:
    values = figures(read_set(made.write_voc(tmp_path / "set")))
    assert (values["name"], values["layout"], values["photos"], values["lost"]) == ("set", "voc", 3, 0)
    assert values["faces"] == {"with_mask": 1, "without_mask": 1, "incorrect": 1}
    assert values["faces_per_photo"] == {"0": 1, "1": 1, "2": 1}
    # Longer sides are 30, 40 and 80 pixels.
    assert (values["face_sides"]["0"], values["face_sides"]["50"], values["face_sides"]["100"]) == (30, 40, 80)
    assert values["small_faces"] == 0
    assert values["pictures"]["widths"]["50"] == 100
    assert values["pictures"]["heights"]["0"] == 80


def test_quantiles() -> None:
    assert quantiles(np.arange(101)) == {"0": 0, "10": 10, "25": 25, "50": 50, "75": 75, "90": 90, "100": 100}
    assert quantiles(np.zeros(0)) is None


def test_duplicates(photos: list[Path], tmp_path: Path) -> None:
    root = tmp_path / "set"
    first = made.save_picture(root / "with_mask" / "a.jpg", 1)
    shutil.copy(first, root / "with_mask" / "b.jpg")
    made.save_picture(root / "without_mask" / "small.jpg", 1, (75, 60))
    made.save_picture(root / "without_mask" / "other.jpg", 2)
    wrong = root / "without_mask" / "twin.jpg"
    shutil.copy(root / "without_mask" / "other.jpg", root / "with_mask" / "other.jpg")
    wrong.write_bytes(first.read_bytes()[:-200])
    data = read_set(root)
    assert data.problems == ()  # its header is whole
    done: list[int] = []
    found = find_duplicates(data.photos, lambda: done.append(1))
    assert len(done) == 6
    assert found.compared == 5
    assert found.near == (
        ("set/with_mask/a.jpg", "set/with_mask/b.jpg", "set/without_mask/small.jpg"),
        ("set/with_mask/other.jpg", "set/without_mask/other.jpg"),
    )
    assert found.exact == (
        ("set/with_mask/a.jpg", "set/with_mask/b.jpg"),
        ("set/with_mask/other.jpg", "set/without_mask/other.jpg"),
    )
    assert found.conflicts == (("set/with_mask/other.jpg", "set/without_mask/other.jpg"),)
    assert [(problem.code, problem.file) for problem in found.problems] == [
        ("photo_unreadable", wrong),
        ("labels_conflict", root / "with_mask" / "other.jpg"),
    ]
    assert found.problems[0].text.startswith("the JPEG is damaged: ")  # the file stands before it
    assert "set/with_mask/other.jpg: 1 with_mask; set/without_mask/other.jpg: 1 without_mask" in found.problems[1].text


@pytest.mark.data
def test_duplicates_of_a_real_set(data_root: Path) -> None:
    photos = read_set(data_root / "two-class").photos
    found = find_duplicates(photos)
    assert (found.compared, found.exact) == (1000, ())
    assert len(found.near) > 5
