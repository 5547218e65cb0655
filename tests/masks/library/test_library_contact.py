"""The picture that shows a library."""

from __future__ import annotations

import numpy as np

from masquerade.masks.library import Built, contact_sheet, load_library
from masquerade.masks.library.contact import CAPTION, GREY, TILE


def test_a_tile_for_each_mask(built: Built) -> None:
    sheet = contact_sheet(load_library(built.folder), columns=2)
    assert sheet.shape == (2 * (TILE + CAPTION), 2 * TILE, 3)
    assert sheet.dtype == np.uint8
    first = sheet[TILE // 2 - 8 : TILE // 2 + 8, TILE // 2 - 8 : TILE // 2 + 8].astype(int)
    assert (first[..., 2] > first[..., 0] + 15).all()  # a blue mask
    assert (sheet[4, 4] == GREY).all()
    assert (sheet[TILE:, :TILE] < 100).any()  # words under it
