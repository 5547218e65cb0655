"""Readers of label layouts, on hand-made files and on the real sets where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets import LABELS, read_folders, read_voc, wearing_sets
from masquerade.errors import DataMissing, LabelInvalid

BOX = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"


def face(label: str, *corners: object) -> str:
    return f"<object><name>{label}</name>{BOX.format(*corners)}</object>"


def annotation(*objects: str, filename: str = "a.jpg", before: str = "") -> str:
    return f"{before}<annotation><filename>{filename}</filename>{''.join(objects)}</annotation>"


@pytest.fixture
def voc(tmp_path: Path) -> tuple[Path, Path]:
    images, annotations = tmp_path / "images", tmp_path / "annotations"
    images.mkdir()
    annotations.mkdir()
    (images / "a.jpg").touch()
    (images / "b ü.png").touch()
    return images, annotations


def test_boxes_count_from_one(voc: tuple[Path, Path]) -> None:
    images, annotations = voc
    # The first pixel to the last of a face that is 10 wide and 20 high, in the corner of the picture.
    (annotations / "a.xml").write_text(
        annotation(
            face("with_mask", 1, 1, 10, 20),
            face("with_incorrect_mask", 5.5, 6, 7, 9),
            face("without_mask", 3, 3, 4, 4),
            before='<?xml version="1.0" encoding="utf-8"?>\n',
        ),
        encoding="utf-8",
    )
    (annotations / "b.xml").write_text(annotation(filename="sub/b ü.png"), encoding="utf-8")
    (annotations / "notes.txt").write_text("not read")
    first, second = read_voc(images, annotations, "made")
    assert (first.source, first.path, first.key) == ("made", images / "a.jpg", "made/images/a.jpg")
    assert [LABELS[label] for label in first.labels] == ["with_mask", "incorrect", "without_mask"]
    np.testing.assert_array_equal(first.boxes, [[0, 0, 10, 20], [4.5, 5, 7, 9], [2, 2, 4, 4]])
    assert first.boxes is not None
    assert first.boxes.dtype == np.float32
    # A photo of nobody, named with a folder that is not ours.
    assert (second.path, second.labels) == (images / "b ü.png", ())
    assert second.boxes is not None
    assert second.boxes.shape == (0, 4)


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
WRONG: list[tuple[str | bytes, str]] = [
    # an unknown label, and none
    (annotation(face("mask", 1, 1, 9, 9)), "unknown label 'mask'; known: with_mask"),
    (annotation(f"<object>{BOX.format(1, 1, 9, 9)}</object>"), "unknown label ''"),
    # boxes: empty, upside down, incomplete, no numbers, endless
    (annotation(face("with_mask", 5, 1, 5, 9)), "box .* is empty or incomplete"),
    (annotation(face("with_mask", 1, 9, 5, 3)), "box .* is empty or incomplete"),
    (annotation(face("with_mask", 1, 1, 5, "")), "box .* is empty or incomplete"),
    (annotation("<object><name>with_mask</name></object>"), "box .* is empty or incomplete"),
    (annotation(face("with_mask", "nan", 1, 5, 9)), "box .* is empty or incomplete"),
    (annotation(face("with_mask", "-inf", 1, "inf", 9)), "box .* is empty or incomplete"),
    (annotation(face("with_mask", "one", 1, 5, 9)), "could not convert"),
    # entities, in any of their forms
    (annotation(face("&b;", 1, 1, 9, 9), before=BOMB), "declares the document type a"),
    (annotation(before='<!DOCTYPE a SYSTEM "file:///etc/passwd">'), "declares the document type a"),
    (annotation(face("&b;", 1, 1, 9, 9), before=BOMB).encode("utf-16"), "declares the document type a"),
    (annotation(face("&b;", 1, 1, 9, 9), before=BOMB).encode("utf-16-le"), "declares the document type a"),
    (annotation(face("&b;", 1, 1, 9, 9)), "undefined entity"),
    # broken files
    ("", "no element found"),
    ("<annotation><filename>a.jpg</filename>", "no element found"),
    (b"\xff\xfe\xfd", "unclosed token"),
    (annotation().replace("a.jpg", "\xe4.jpg").encode("latin-1"), "not well-formed"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_wrong_annotations_are_named(voc: tuple[Path, Path], content: str | bytes, message: str) -> None:
    images, annotations = voc
    file = annotations / "a.xml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(LabelInvalid, match=message) as error:
        read_voc(images, annotations, "made")
    assert str(file) in str(error.value)


@pytest.mark.parametrize("name", ["missing.jpg", "", "..", "../annotations/a.xml"])
def test_photos_that_are_missing(voc: tuple[Path, Path], name: str) -> None:
    images, annotations = voc
    (annotations / "a.xml").write_text(annotation(filename=name))
    with pytest.raises(DataMissing, match="which is not in"):
        read_voc(images, annotations, "made")


def test_folders_that_are_missing(voc: tuple[Path, Path], tmp_path: Path) -> None:
    for pair in ((voc[0], tmp_path / "none"), (tmp_path / "none", voc[1])):
        with pytest.raises(DataMissing, match="expected folders"):
            read_voc(*pair, "made")
    with pytest.raises(DataMissing, match=r"expected folder .*Cloth"):
        read_folders(tmp_path, {"Cloth": "with_mask"}, "made")


def test_a_folder_a_class(tmp_path: Path) -> None:
    for name in ("bare/2.JPG", "bare/1.png", "bare/notes.txt", "masked/3.webp", "other/4.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = read_folders(tmp_path, {"masked": "with_mask", "bare": "without_mask"}, "made")
    assert [(photo.key, photo.labels, photo.boxes) for photo in found] == [
        ("made/bare/1.png", (1,), None),
        ("made/bare/2.JPG", (1,), None),
        ("made/masked/3.webp", (0,), None),
    ]
    with pytest.raises(ValueError, match=r"made/bare/1\.png has no boxes"):
        found[0].boxes_or_raise()


def test_no_data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> None:
    monkeypatch.setenv("MASQUERADE_DATA", str(tmp_path / "none"))
    with pytest.raises(DataMissing, match="set MASQUERADE_DATA"):
        wearing_sets.read_ilc2021()


@pytest.mark.data
def test_the_real_sets(data_root: Path) -> None:
    web = wearing_sets.read_ilc2021()
    assert len(web) == 1296
    counts = np.bincount([label for photo in web for label in photo.labels])
    assert counts.tolist() == [2083, 1268, 353]  # as the data's own README says
    assert all(len(photo.boxes_or_raise()) == len(photo.labels) for photo in web)
    assert len(wearing_sets.read_two_class()) == 1000
    assert len(wearing_sets.read_rmfd()) == 1194
    kinds = wearing_sets.read_mask_kinds()
    assert {photo.labels for photo in kinds} == {(0,), (1,), (2,)}
    keys = [photo.key for photo in [*web, *kinds]]
    assert len(set(keys)) == len(keys)
