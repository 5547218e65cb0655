"""Which windows the detector sees, and how they are drawn."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masquerade.faces import passes
from masquerade.faces.finder import Search, photo_passes
from masquerade.faces.passes import Pass
from tests.faces.photos import photo

SIZES = st.tuples(st.integers(1, 6000), st.integers(1, 6000))
BUSY = settings(deadline=None)


def check_canvas(view: Pass, long_side: int) -> None:
    """The canvas holds the window with less than a cell to spare, and no more than the longer side asks."""
    for side, length in zip(view.canvas, (view.width, view.height), strict=True):
        assert side % 32 == 0
        assert 32 <= side <= -(-long_side // 32) * 32
        assert side >= round(length * view.scale)
        assert side - round(length * view.scale) < 32 or side == 32


@BUSY
@given(SIZES, st.sampled_from([320, 480, 640]))
def test_whole_and_padded(size: tuple[int, int], long_side: int) -> None:
    whole = passes.whole(size, long_side)
    assert (whole.x, whole.y, whole.width, whole.height) == (0, 0, *size)
    check_canvas(whole, long_side)
    padded = passes.padded(size, long_side)
    check_canvas(padded, long_side)
    room = 0.5 * max(size)
    assert padded.x == padded.y
    assert abs(-padded.x - room) <= 0.5
    assert (padded.width, padded.height) == (size[0] - 2 * padded.x, size[1] - 2 * padded.y)


@BUSY
@given(SIZES, st.integers(2, 8))
def test_tiles_cover_every_pixel_and_overlap(size: tuple[int, int], across: int) -> None:
    views = passes.tiles(size, across, 640)
    assert len(views) <= across**2
    for axis in (0, 1):
        spans = sorted({((view.x, view.y)[axis], (view.width, view.height)[axis]) for view in views})
        assert spans[0][0] == 0
        assert spans[-1][0] + spans[-1][1] == size[axis]
        for (start, length), (following, _) in pairwise(spans):
            overlap = start + length - following
            # Whole pixels cost two at most; a face of a fifth of a tile lies wholly in one.
            assert overlap >= 0.2 * length - 2
            assert overlap >= 0 or max(size) < 8
    longer = max(range(2), key=lambda axis: size[axis])
    count = len({(view.x, view.y)[longer] for view in views})
    assert count == across or max(size) < 8
    corners = {(view.x, view.y) for view in views}
    rows, columns = {y for _, y in corners}, {x for x, _ in corners}
    assert corners == {(x, y) for x in columns for y in rows}
    for view in views:
        check_canvas(view, 640)
        assert view.scale == views[0].scale


@BUSY
@given(st.tuples(st.integers(1, 50_000), st.integers(1, 50_000)))
def test_no_shape_of_picture_makes_many_pixels(size: tuple[int, int]) -> None:
    search = Search()
    whole, padded, tiles = photo_passes(size, search)
    assert len(whole) == len(padded) == 1
    assert len(tiles) <= 64
    for view in (*whole, *padded, *tiles):
        assert max(view.canvas) <= search.tile_side
    # a small face of a photo is seen at half of its size or larger, up to 5,000 pixels across
    assert min(view.scale for view in tiles) >= 0.5 or max(size) > 5000


def test_draw_puts_the_window_where_it_says() -> None:
    """A bright square of the picture is found at its place on every kind of canvas."""
    image = np.zeros((300, 400, 3), np.uint8)
    image[100:140, 240:300] = (255, 128, 64)
    views = [passes.whole((400, 300), 480), passes.padded((400, 300), 320), *passes.tiles((400, 300), 2, 640)]
    for view in views:
        canvas = passes.draw(image, view)
        assert canvas.shape == (view.canvas[1], view.canvas[0], 3)
        corners = (np.array([[240, 100], [300, 140]]) - [view.x, view.y]) * view.scale
        low, high = np.clip(corners, 0, np.array(view.canvas)).astype(float)
        if (high - low).min() < 4:
            continue
        ys, xs = np.nonzero(canvas[..., 0] > 127)
        np.testing.assert_allclose([xs.min(), ys.min()], low, atol=1.5)
        np.testing.assert_allclose([xs.max() + 1, ys.max() + 1], high, atol=1.5)
        x, y = ((low + high) / 2).astype(int)
        assert canvas[y, x].tolist() == [255, 128, 64]


def test_draw_shows_black_beyond_the_picture() -> None:
    white = np.full((100, 200, 3), 255, np.uint8)
    view = passes.padded((200, 100), 320)
    canvas = passes.draw(white, view)
    share = (canvas > 127).mean() * view.canvas[0] * view.canvas[1]
    assert share == pytest.approx(200 * 100 * view.scale**2, rel=0.05)
    assert not canvas[:2].any()
    assert not canvas[:, :2].any()


def test_draw_takes_the_picture_itself_where_nothing_is_to_do() -> None:
    image = np.zeros((480, 480, 3), np.uint8)
    assert np.shares_memory(passes.draw(image, passes.whole((480, 480), 480)), image)


def test_run_gives_places_in_the_picture_whatever_the_pass() -> None:
    image = np.asarray(cv2.resize(photo("person_b_1"), (716, 900)), np.uint8)
    size = (716, 900)
    views = [passes.whole(size, 480), passes.padded(size, 320), passes.whole(size, 640), *passes.tiles(size, 2, 640)]
    parts = passes.run(image, views, 0.6)
    assert len(parts) == len(views)
    best = [part.boxes[part.scores.argmax()] for part in parts[:3]]
    # three scales agree on the face within a fifteenth of its height
    for box in best[1:]:
        np.testing.assert_allclose(box, best[0], atol=25)
    order = passes.run(image, views[::-1], 0.6)[::-1]
    for part, again in zip(parts, order, strict=True):
        np.testing.assert_allclose(part.boxes, again.boxes, atol=0.05)
