"""Faces held before a chest are pictures; people behind, beside and before others are people."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.live.people.pictures import are_pictures
from tests.live.people.faces_made import Box, face_at

ADULT = face_at(300, 150, 120)


@pytest.mark.parametrize(
    ("other", "picture"),
    [
        (face_at(300, 320, 60), True),  # a phone before the chest
        (face_at(230, 340, 65), True),  # held a little to the side
        (face_at(300, 320, 100), False),  # a child in front is as large as that
        (face_at(300, 320, 84), False),  # and a baby in a sling
        (face_at(460, 320, 60), False),  # beside the body, farther away
        (face_at(180, 160, 60), False),  # looks over the shoulder
        (face_at(300, 40, 60), False),  # stands behind, on a stair
        (face_at(300, 900, 60), False),  # far below
        (face_at(300, 205, 60), False),  # overlaps the chin: no chest there
    ],
)
def test_what_is_a_picture(other: Box, picture: bool) -> None:
    assert are_pictures(np.array([ADULT, other]), 0.65).tolist() == [False, picture]
    assert are_pictures(np.array([other, ADULT]), 0.65).tolist() == [picture, False]


def test_nobody_and_one() -> None:
    assert are_pictures(np.zeros((0, 4)), 0.65).tolist() == []
    assert are_pictures(np.array([ADULT]), 0.65).tolist() == [False]
