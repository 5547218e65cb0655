"""The pictures of the documents: faces turned as their headings say."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.faces import head_pose
from tests.masks.made import small
from tools import contact_sheet


@pytest.mark.parametrize("yaw", contact_sheet.YAWS)
def test_faces_are_turned(yaw: float) -> None:
    image, faces = small("person_b_2")
    assert faces.landmarks is not None and faces.pose is not None
    picture, points = contact_sheet.turned_photo(image, faces.landmarks[0], yaw)
    # It keeps its own pose of some degrees.
    assert head_pose(points[None])[0, 0] == pytest.approx(yaw + faces.pose[0, 0], abs=3)
    assert points[:, :2].min() > 0 and points[:, :2].max() < contact_sheet.DRAWN
    inside = (picture != contact_sheet.GREY).any(axis=2)
    assert 0.1 < inside.mean() < 0.5
    np.testing.assert_array_equal(contact_sheet.exposed(picture, 1.0), picture)


def test_the_sheets_are_there_and_small() -> None:
    for name in ("masks.jpg", "worn.jpg"):
        assert 50_000 < (contact_sheet.TARGET / name).stat().st_size < 600_000
