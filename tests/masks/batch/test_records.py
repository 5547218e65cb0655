"""What is said of each face: ranges of landmarks, run lengths, clipped boxes, labels in XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from masquerade.faces import Faces
from masquerade.masks import DrawnMask, Masked, MaskPlan, Plan, Skipped
from masquerade.masks.batch.labels import coco_json, voc_xml
from masquerade.masks.batch.naming import choose_names
from masquerade.masks.batch.records import clipped, face_records, ranges, run_lengths, unmasked

RANGES = [
    # nothing, all, ends, single ones
    ([0, 0, 0], ""),
    ([1, 1, 1], "0-2"),
    ([1, 0, 1, 1], "0,2-3"),
    ([0, 1, 0, 1, 0], "1,3"),
]


@pytest.mark.parametrize(("bits", "text"), RANGES)
def test_ranges(bits: list[int], text: str) -> None:
    assert ranges(np.array(bits, bool)) == text


def drawn(alpha: Any, corner: tuple[int, int], face: int = 0, worn: Any = "correctly") -> DrawnMask:
    plan = MaskPlan(face, "surgical", worn)
    covered = np.zeros(468, bool)
    covered[[1, 2, 3, 9]] = True
    return DrawnMask(plan, np.zeros(4, np.float32), np.asarray(alpha, np.uint8), corner, covered)


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6))), st.integers(0, 4), st.integers(0, 4), st.data()
)
def test_run_lengths_are_the_pixels(alpha: Any, x: int, y: int, data: st.DataObject) -> None:
    width = x + alpha.shape[1] + data.draw(st.integers(0, 3))
    height = y + alpha.shape[0] + data.draw(st.integers(0, 3))
    whole = np.zeros((height, width), bool)
    whole[y : y + alpha.shape[0], x : x + alpha.shape[1]] = alpha >= 128
    lengths = run_lengths(drawn(alpha, (x, y)), (width, height))
    assert lengths["size"] == [height, width]
    flat = [number % 2 for number, count in enumerate(lengths["counts"]) for _ in range(count)]
    np.testing.assert_array_equal(np.array(flat, bool).reshape(width, height).T, whole)


CLIPS = [
    # inside, rounded outwards
    ([1.2, 2.0, 3.1, 4.9], (1, 2, 4, 5)),
    # over every edge
    ([-3.0, -2.5, 12.0, 9.0], (0, 0, 10, 8)),
    # beyond the picture: nothing is left
    ([11.0, 1.0, 13.0, 4.0], (10, 1, 10, 4)),
    ([-5.0, -5.0, -1.0, -2.0], (0, 0, 0, 0)),
]


@pytest.mark.parametrize(("box", "corners"), CLIPS)
def test_clipped(box: list[float], corners: tuple[int, int, int, int]) -> None:
    assert clipped(box, (10, 8)) == corners


@pytest.fixture
def three() -> Faces:
    """Three faces side by side, the second reaching over the third."""
    boxes = np.array([[0, 0, 20, 20], [30, 0, 50, 20], [45, 0, 65, 20]], np.float32)
    return Faces((80, 20), boxes, np.full(3, 0.9, np.float32), np.zeros((3, 5, 2), np.float32))


def test_only_untouched_faces_are_called_bare(three: Faces) -> None:
    image = np.zeros((20, 80, 3), np.uint8)
    plan = Plan(
        (MaskPlan(1, "n95", "nose_out"),), (Skipped(0, "pose_too_far", "far"), Skipped(2, "face_too_small", "5"))
    )
    masked = Masked(image, (drawn(np.full((10, 20), 255), (30, 10), 1, "nose_out"),))
    bare, worn, touched = face_records(three, plan, masked, with_area=True)
    assert (bare["label"], bare["visible"], bare["skipped"]) == (
        "without_mask",
        ["nose", "mouth", "chin"],
        "pose_too_far",
    )
    assert (worn["label"], worn["visible"], worn["covered"]) == ("incorrect", ["nose"], "1-3,9")
    assert worn["segmentation"]["counts"][0] == 30 * 20 + 10
    assert (touched["label"], touched["visible"], touched["skipped"]) == (None, None, "face_too_small")


def test_a_doubtful_face_has_no_label(three: Faces) -> None:
    plan = Plan((), tuple(Skipped(index, "face_doubtful", "0.1") for index in range(3)))
    records = face_records(three, plan, Masked(np.zeros((20, 80, 3), np.uint8), ()), with_area=False)
    assert [record["label"] for record in records] == [None] * 3


def test_a_mask_without_a_pixel_is_none(three: Faces) -> None:
    plan = Plan(tuple(MaskPlan(index, "surgical") for index in range(3)))
    empty = [drawn(np.full((4, 4), 100), (0, 0), 0), drawn(np.zeros((0, 0)), (0, 0), 1)]
    masked = Masked(np.zeros((20, 80, 3), np.uint8), (*empty, drawn(np.full((4, 4), 255), (66, 0), 2)))
    assert [(skip.face, skip.code) for skip in unmasked(plan, masked)] == [(0, "nothing_drawn"), (1, "nothing_drawn")]
    labels = [record["label"] for record in face_records(three, plan, masked, with_area=True)]
    assert labels == ["without_mask", "without_mask", "with_mask"]


def test_xml_holds_any_name() -> None:
    face = {"box": [-3.0, 1.0, 6.5, 9.0], "label": "with_mask", "visible": [], "worn": "correctly", "kind": "cloth"}
    nowhere = {**face, "box": [30.0, 1.0, 40.0, 9.0]}
    unlabelled = {**face, "label": None}
    text = voc_xml("images/a & <b>/\x01\udcff ü 🙂.jpg", (20, 10), [face, nowhere, unlabelled])
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.findtext("folder") == "images/a & <b>"
    assert root.findtext("filename") == "\\x01\\udcff ü 🙂.jpg"
    (item,) = root.iter("object")
    assert [item.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")] == ["1", "2", "7", "9"]
    assert (item.findtext("truncated"), item.findtext("kind"), item.findtext("visible")) == ("1", "cloth", "")


def test_coco_of_nothing() -> None:
    assert b'"images": [],\n"annotations": []' in b"".join(coco_json(list))


@given(st.lists(st.from_regex(r"\A(x/)?[ab](\.jpg|\.png|\.bmp){0,3}\Z"), unique=True))
def test_no_two_photos_share_a_name(photos: list[str]) -> None:
    names = choose_names(sorted(photos))
    for kind in ("image", "mask", "labels", "original"):
        assert len({getattr(item, kind) for item in names.values()}) == len(photos)
    for photo, item in names.items():
        if photo.endswith((".jpg", ".png")):
            assert item.image == f"images/{photo}"
        assert item.image.rpartition(".")[2] in {"jpg", "png"}


def test_no_file_stands_where_a_folder_is_needed() -> None:
    names = choose_names(["a.jpg", "a.png/c.jpg", "a.xml/c.jpg", "b.heic", "b.heic.png/c.jpg"])
    for kind in ("image", "mask", "labels", "original"):
        files = {getattr(item, kind) for item in names.values()}
        folders = {str(folder) for file in files for folder in PurePosixPath(file).parents}
        assert not files & folders
