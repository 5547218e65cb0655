"""What is drawn onto pictures, and the page that shows them."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from masquerade.looking.annotate import COLOURS, annotate, caption
from masquerade.looking.report import Entry, Row, entry_of, page
from tests.looking.made import seen_of

GREY = np.full((240, 320, 3), 90, np.uint8)


def test_no_face_no_change() -> None:
    result = annotate(GREY, seen_of((320, 240), [], []))
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, GREY)


@pytest.mark.parametrize("label", COLOURS)
def test_a_frame_in_the_colour_of_the_label(label: str) -> None:
    result = annotate(GREY, seen_of((320, 240), [(100, 100, 180, 200)], [label]))
    for x, y in ((100, 150), (180, 150), (140, 200), (140, 100)):
        assert tuple(result[y, x]) == COLOURS[label]


def test_only_the_surroundings_of_faces_change() -> None:
    before = GREY.copy()
    result = annotate(GREY, seen_of((320, 240), [(200, 100, 280, 200), (20, 140, 60, 190)], ["with_mask", "incorrect"]))
    assert result.shape == GREY.shape
    np.testing.assert_array_equal(GREY, before)
    changed = (result != GREY).any(axis=2)
    near = np.zeros_like(changed)
    near[70:202, 170:310] = True  # the face, and words above it
    near[110:192, :130] = True
    assert changed.any()
    assert not changed[~near].any()
    assert not changed[130:170, 220:260].any()  # the face itself stays as it is


EDGES = [
    # beyond each edge, and beyond all of them
    (-30.0, 50.0, 40.0, 120.0),
    (280.0, 50.0, 380.0, 150.0),
    (50.0, -60.0, 120.0, 30.0),
    (50.0, 200.0, 150.0, 300.0),
    (-50.0, -50.0, 400.0, 400.0),
    # outside altogether
    (400.0, 300.0, 500.0, 400.0),
    # of no size
    (10.0, 10.0, 10.0, 10.0),
    (10.0, 10.0, 10.5, 40.0),
]


@pytest.mark.parametrize("box", EDGES)
@pytest.mark.parametrize("size", [(320, 240), (20, 300), (300, 20), (1, 1), (8, 8)])
def test_boxes_beyond_the_picture(box: tuple[float, float, float, float], size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    result = annotate(image, seen_of(size, [box], ["incorrect"]))
    assert result.shape == image.shape
    assert result.dtype == np.uint8


def test_words_stay_within_the_picture() -> None:
    # A face at the top: the words stand below it.
    result = annotate(GREY, seen_of((320, 240), [(0, 0, 90, 100)], ["without_mask"]))
    changed = np.argwhere((result != GREY).any(axis=2))
    assert changed[:, 0].max() > 105
    filled = (result == COLOURS["without_mask"]).all(axis=2)
    assert filled[104:, :].any()


def test_captions() -> None:
    faces = seen_of((100, 100), [(0, 0, 9, 9)] * 3, ["with_mask", "without_mask", "incorrect"])
    assert [caption(face) for face in faces] == ["mask 90%", "no mask 70%", "mask worn wrongly 60%: nose"]


def pictures(text: str) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(base64.b64decode(data))) for data in re.findall(r'data:image/jpeg;base64,([^"]+)"', text)
    ]


def test_the_page() -> None:
    seen = seen_of((320, 240), [(100, 100, 180, 200), (10, 150, 60, 200)], ["with_mask", "incorrect"])
    entries = [
        entry_of("a.jpg", annotate(GREY, seen), seen),
        entry_of("no face.jpg", GREY, seen_of((320, 240), [], [])),
        Entry("<b>.jpg", error="<b>.jpg: 'broken' & so on"),
    ]
    text = page("Title & <more>", entries)
    assert "<title>Title &amp; &lt;more&gt;</title>" in text
    assert "3 photos, 2 faces." in text
    assert re.findall(r"<b>(\d+)</b>([a-z ]+)", text) == [("1", "mask"), ("0", "no mask"), ("1", "mask worn wrongly")]
    assert "<td>nose shows beside the mask</td>" in text
    assert "+10° -20° +0°" in text
    assert "&lt;b&gt;.jpg: &#x27;broken&#x27; &amp; so on" in text
    assert 'alt="a.jpg with 2 faces marked"' in text
    first, second = pictures(text)
    assert first.size == second.size == (320, 240)
    assert np.asarray(first)[:, 100].tolist() != np.asarray(second)[:, 100].tolist()


def test_large_pictures_are_shrunk_on_the_page() -> None:
    image = np.zeros((600, 3000, 3), np.uint8)
    entry = entry_of("a.jpg", image, seen_of((3000, 600), [(0, 0, 500, 600)], ["with_mask"]))
    (picture,) = pictures(page("t", [entry]))
    assert picture.size == (720, 144)
    assert len(entry.picture) < 40_000


def test_an_entry_keeps_only_what_the_page_shows() -> None:
    seen = seen_of((320, 240), [(100, 100, 180, 200)], ["incorrect"])
    entry = entry_of("a.jpg", GREY, seen)
    assert entry == Entry(
        "a.jpg", entry.picture, (Row("incorrect", "60%", "nose shows beside the mask", "+10° -20° +0°"),)
    )


def test_a_page_of_nothing() -> None:
    assert "0 photos, 0 faces" in page("nothing", [])
