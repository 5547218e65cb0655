"""Whatever is wrong with a set is said with file and line, and no row is lost without being counted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets import DataSet, join_sets, read_set
from masquerade.errors import LabelInvalid, MasqueradeError
from tests.datasets import made
from tests.datasets.made import Box, Photo

GOOD: tuple[str, Box] = ("with_mask", (10, 10, 30, 40))

# What is wrong with the second face of a photo of 100 x 80: code, words of the text, and the box that is kept.
FACES: list[tuple[str, Box, str, str, Box | None]] = [
    ("cat", (10, 10, 20, 20), "unknown_label", "unknown class 'cat'", None),
    ("with_mask", (20, 10, 20, 30), "box_empty", "is empty", None),
    ("with_mask", (40, 10, 20, 30), "box_empty", "is empty", None),
    ("with_mask", (100, 10, 120, 30), "box_outside", "lies outside its photo", None),
    ("with_mask", (-30, -30, 0, 0), "box_outside", "lies outside its photo", None),
    ("with_mask", (90, -5, 120, 30), "box_clipped", "reaches 20 pixels beyond", (90, 0, 100, 30)),
    ("with_mask", (10, 10, 30, 40), "face_twice", "was listed before", None),
    ("without_mask", (10, 10, 30, 40), "face_twice", "as 'with_mask'; this one, 'without_mask'", None),
]


def voc(root: Path, photo: Photo) -> tuple[Path, int]:
    # The first object begins on line 4 and takes 5 lines.
    return made.write(root / "annotations" / "a.xml", made.voc_file(photo)), 9


def wobot_json(root: Path, photo: Photo) -> tuple[Path, int]:
    file = made.write(root / "annotations" / "a.jpg.json", made.wobot_json(photo))
    lines = file.read_text().splitlines()
    return file, [number for number, line in enumerate(lines, start=1) if line == "  {"][1]


def coco(root: Path, photo: Photo) -> tuple[Path, int]:
    classes = dict.fromkeys(name for name, _ in photo.faces)
    text = made.coco((Photo(photo.name, ()),))
    content = json.loads(text)
    content["categories"] = [{"id": n, "name": name} for n, name in enumerate(classes)]
    content["annotations"] = [
        {
            "image_id": 7,
            "category_id": list(classes).index(name),
            "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
        }
        for name, box in photo.faces
    ]
    rows = ",\n".join(json.dumps(item) for item in content.pop("annotations"))
    return made.write(root / "a.json", f'{json.dumps(content)[:-1]},\n"annotations": [\n{rows}]}}'), 4


def yolo(root: Path, photo: Photo) -> tuple[Path, int]:
    classes = list(dict.fromkeys(name for name, _ in photo.faces))
    made.write(root / "classes.txt", "\n".join(classes))
    rows = []
    for name, (x0, y0, x1, y1) in photo.faces:
        shares = ((x0 + x1) / 200, (y0 + y1) / 160, (x1 - x0) / 100, (y1 - y0) / 80)
        rows.append(f"{classes.index(name)} {' '.join(map(str, shares))}\n")
    return made.write(root / "labels" / "a.txt", "".join(rows)), 2


def wobot_csv(root: Path, photo: Photo) -> tuple[Path, int]:
    rows = [f"{photo.name},{','.join(map(str, box))},{name}\n" for name, box in photo.faces]
    return made.write(root / "train.csv", "name,x1,y1,x2,y2,classname\n" + "".join(rows)), 3


@pytest.mark.parametrize("write", [voc, wobot_json, coco, yolo, wobot_csv])
@pytest.mark.parametrize(("name", "box", "code", "text", "kept"), FACES)
def test_a_face_that_is_wrong(
    write: Callable[[Path, Photo], tuple[Path, int]],
    name: str,
    box: Box,
    code: str,
    text: str,
    kept: Box | None,
    tmp_path: Path,
) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    file, line = write(tmp_path, Photo("a.jpg", (GOOD, (name, box))))
    found = read_set(tmp_path)
    (problem,) = found.problems
    assert (problem.file, problem.line, problem.code) == (file, line, code)
    assert text in problem.text
    assert str(problem) == f"{file}:{line}: {problem.text}"
    boxes = [GOOD[1], *([kept] if kept else [])]
    np.testing.assert_allclose(found.photos[0].boxes_or_raise(), boxes, atol=1e-3)
    assert problem.rows == 2 - len(boxes)
    with pytest.raises(LabelInvalid, match=text.replace("(", r"\(")) as error:
        read_set(tmp_path, strict=True)
    assert f"{file}:{line}: " in str(error.value)


def test_a_box_that_rounding_put_beyond_the_photo_is_no_problem(tmp_path: Path) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    voc(tmp_path, Photo("a.jpg", (("with_mask", (-1, 10, 101, 30)),)))
    found = read_set(tmp_path)
    assert found.problems == ()
    np.testing.assert_array_equal(found.photos[0].boxes_or_raise(), [[0, 10, 100, 30]])
    assert any("1 boxes reached up to a pixel" in note for note in found.notes)


def codes(found: DataSet) -> list[tuple[str, str, int | None, int]]:
    return [(one.code, one.file.name, one.line, one.rows) for one in found.problems]


def test_photos_that_are_wrong(tmp_path: Path) -> None:
    root = made.write_voc(tmp_path)
    images, labels = root / "images", root / "annotations"
    made.save_picture(images / "more.jpg", 9)  # no labels
    (images / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    made.write(labels / "d.xml", made.voc_file(Photo("gone.jpg", (GOOD,))))
    made.write(labels / "e.xml", made.voc_file(Photo("c.jpg", (GOOD, GOOD))))
    made.write(labels / "f.xml", "<annotation>\n<filename>c.jpg</filename>\n<object>\n</annotation>")
    made.write(labels / "g.xml", '<!DOCTYPE a [<!ENTITY b "with_mask">]>' + made.voc_file(Photo("more.jpg", ())))
    found = read_set(root)
    assert codes(found) == [
        ("file_broken", "f.xml", 4, 0),
        ("file_broken", "g.xml", None, 0),
        ("photo_unreadable", "b.png", None, 1),
        ("photo_absent", "d.xml", 2, 1),
        ("photo_twice", "e.xml", 2, 2),
        ("photo_unlabelled", "more.jpg", None, 0),
    ]
    assert "declares the document type" in found.problems[1].text
    assert str(found.problems[5]) == f"{images / 'more.jpg'}: photo without labels"
    assert [photo.path.name for photo in found.photos] == ["a ü.jpg", "c.jpg"]


def test_a_photo_of_another_size_than_stated(tmp_path: Path) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    made.write(tmp_path / "annotations" / "a.xml", made.voc_file(Photo("a.jpg", (GOOD,)), (80, 100)))
    found = read_set(tmp_path)
    assert codes(found) == [("size_differs", "a.xml", 2, 0)]
    assert len(found.photos[0].labels) == 1


def test_labels_without_any_photo(tmp_path: Path) -> None:
    for layout, write in made.WRITERS.items():
        root = write(tmp_path / layout)
        for path in [path for path in root.rglob("*") if path.suffix in {".jpg", ".png"}]:
            path.unlink()
        found = read_set(root)
        absent = 2 if layout == "wobot-csv" else 3
        assert [problem.code for problem in found.problems] == ["photo_absent"] * absent
        # Boxes in shares of an unknown size are of no use.
        assert sum(found.counts().values()) == (0 if layout == "yolo" else 3)
        assert sum(problem.rows for problem in found.problems) == (3 if layout == "yolo" else 0)
        assert any("only the labels were read" in note for note in found.notes)


def test_rows_of_tables_that_are_wrong(tmp_path: Path) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    file = tmp_path / "train.csv"
    rows = ["a.jpg,1,2,3", "a.jpg,one,2,3,4,face_no_mask", "", "a.jpg,nan,2,3,4,face_no_mask", "a.jpg,1,2,3,4,hat"]
    made.write(file, "name,x1,y1,x2,y2,classname\n" + "\n".join(rows) + '\n"b\n.jpg",1,2,3,4,face_no_mask\n')
    found = read_set(file)
    assert codes(found) == [
        ("row_broken", "train.csv", 2, 1),
        ("box_invalid", "train.csv", 3, 1),
        ("box_invalid", "train.csv", 5, 1),
        ("photo_absent", "train.csv", 7, 1),  # where the row begins
    ]
    assert found.left_out == {"hat": 1}
    file.write_bytes(b"name,x1,y1,x2,y2,classname\n\xff\n")
    with pytest.raises(LabelInvalid, match="can't decode"):
        read_set(file)


def test_json_that_is_wrong(tmp_path: Path) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    labels = tmp_path / "annotations"
    made.write(
        labels / "a.json", '{"FileName": "a.jpg", "NumOfAnno": 3, "Annotations": [\n{"classname": "no_mask"},\n4]}'
    )
    made.write(labels / "b.json", '{"FileName": "a.jpg",\n"Annotations": [}')
    made.write(labels / "c.json", '{"FileName": 5, "Annotations": []}')
    found = read_set(tmp_path)
    assert codes(found) == [
        ("count_differs", "a.json", None, 0),
        ("file_broken", "b.json", 2, 0),
        ("file_broken", "c.json", None, 0),
        ("unknown_label", "a.json", 3, 1),
        ("box_invalid", "a.json", 2, 1),
    ]


def test_coco_that_is_wrong(tmp_path: Path) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    lines = [
        '{"images": [{"id": 1, "file_name": "/somewhere/images/a.jpg"},',
        '{"id": 1, "file_name": "b.jpg"}],',
        '"annotations": [{"image_id": 1, "category_id": 0, "bbox": [1, 1, 5, 5]},',
        '{"image_id": 2, "category_id": 0, "bbox": [1, 1, 5, 5]},',
        '{"image_id": 1, "category_id": 9, "bbox": [1, 1, 5, 5]},',
        '{"image_id": 1, "category_id": 0, "bbox": [1, 1, 5]}],',
        '"categories": [{"id": 5, "name": "faces"}, {"id": 0, "name": "mask", "supercategory": "faces"},',
        '{"id": 1, "name": "no_mask", "supercategory": "faces"}]}',
    ]
    made.write(tmp_path / "a.json", "\n".join(lines))
    found = read_set(tmp_path)
    assert codes(found) == [
        ("photo_twice", "a.json", 2, 0),
        ("photo_absent", "a.json", 4, 1),
        ("unknown_label", "a.json", 5, 1),
        ("box_invalid", "a.json", 6, 1),
        ("class_empty", "a.json", 8, 0),  # no_mask; "faces" is the heading of the others
    ]
    assert found.photos[0].labels == (0,)


def test_yolo_that_is_wrong(tmp_path: Path) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    made.write(tmp_path / "classes.txt", "mask\nno_mask\n")
    digits = "9" * 5000
    made.write(tmp_path / "labels" / "a.txt", f"0 .5 .5 .2 .2\n\n0 .5 .5 .2\n0 .5 .5 x .2\n{digits} .5 .5 .1 .1\n")
    made.write(tmp_path / "labels" / "b.txt", "0 .5 .5 .2 .2\n")
    found = read_set(tmp_path)
    assert codes(found) == [
        ("row_broken", "a.txt", 3, 1),
        ("unknown_label", "a.txt", 5, 1),
        ("box_invalid", "a.txt", 4, 1),
        ("photo_absent", "b.txt", None, 1),
        ("class_empty", "classes.txt", 2, 0),
    ]


def test_a_bomb_of_yaml_stays_small(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    made.save_picture(tmp_path / "images" / "a.jpg")
    made.write(tmp_path / "labels" / "a.txt", "0 .5 .5 .2 .2\n")
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    made.write(tmp_path / "data.yaml", f"a0: &a0 [x]\n{lists}names: [*a29]\n")
    with pytest.raises(LabelInvalid, match="expected names"):
        read_set(tmp_path)


def test_no_row_is_lost(tmp_path: Path) -> None:
    # Any mixture of the above: faces kept, left out on purpose and lost for a problem make up all rows.
    rng = np.random.default_rng(5)
    boxes = [box for _, box, *_ in FACES] + [(10, 20, 30, 40), (0, 0, 100, 80)]
    total = 0
    lines = ["name,x1,y1,x2,y2,classname"]
    for number in range(300):
        name = ["a.jpg", "b.jpg", "gone.jpg", "bad.jpg"][rng.integers(4)]
        label = ["with_mask", "hat", "cat", "no_mask"][rng.integers(4)]
        box = boxes[rng.integers(len(boxes))]
        lines.append(f"{name},{','.join(map(str, box))},{label}" if number % 7 else f"{name},1")
        total += 1
    for name in ("a.jpg", "b.jpg"):
        made.save_picture(tmp_path / "images" / name)
    (tmp_path / "images" / "bad.jpg").write_text("no picture")
    made.write(tmp_path / "train.csv", "\n".join(lines))
    found = read_set(tmp_path)
    lost = sum(problem.rows for problem in found.problems)
    assert sum(found.counts().values()) + sum(found.left_out.values()) + lost == total
    assert {problem.code for problem in found.problems} >= {
        "row_broken",
        "box_clipped",
        "photo_unreadable",
        "face_twice",
    }


def test_sets_are_joined_through_their_labels(tmp_path: Path) -> None:
    one = read_set(made.write_voc(tmp_path / "one"))
    two = made.write_wobot_csv(tmp_path / "two")
    text = (two / "train.csv").read_text(encoding="utf-8")
    (two / "train.csv").write_text(text.replace(",mask_weared_incorrect", ",Mask_Chin"), encoding="utf-8")
    joined = join_sets([one, read_set(two)])
    assert [photo.key.split("/")[0] for photo in joined] == ["one"] * 3 + ["two"] * 2
    assert sorted(label for photo in joined for label in photo.labels) == [0, 0, 1, 1, 2, 2]


def test_sets_that_cannot_be_joined(tmp_path: Path) -> None:
    one = read_set(made.write_voc(tmp_path / "one"))
    shutil.copytree(tmp_path / "one", tmp_path / "else" / "one")
    with pytest.raises(LabelInvalid, match=r"both have a photo one/images/a ü\.jpg") as error:
        join_sets([one, read_set(tmp_path / "else" / "one")])
    assert str(tmp_path / "one") in str(error.value)
    assert str(tmp_path / "else" / "one") in str(error.value)
    join_sets([one, read_set(tmp_path / "else" / "one", name="other")])

    made.save_picture(tmp_path / "pets" / "images" / "a.jpg")
    made.write(tmp_path / "pets" / "a.xml", made.voc_file(Photo("a.jpg", (("cat", (1, 1, 9, 9)),))))
    with pytest.raises(LabelInvalid, match=r"pets has cat; .*one has mask_weared_incorrect, with_mask, without_mask"):
        join_sets([one, read_set(tmp_path / "pets")])
    pets = read_set(tmp_path / "pets", classes={"Cat": "without_mask"})
    assert len(join_sets([one, pets])) == 4


@pytest.mark.parametrize("layout", ["voc", "wobot-json", "coco", "yolo", "wobot-csv"])
def test_damaged_label_files_never_crash(layout: str, tmp_path: Path) -> None:
    root = made.WRITERS[layout](tmp_path / "set")
    files = [path for path in root.rglob("*") if path.suffix in {".xml", ".json", ".txt", ".csv"}]
    rng = np.random.default_rng(3)
    for _ in range(60):
        file = files[rng.integers(len(files))]
        before = file.read_bytes()
        content = bytearray(before)
        for _ in range(3):
            at = int(rng.integers(len(content))) if content else 0
            content[at : at + int(rng.integers(1, 6))] = rng.bytes(int(rng.integers(0, 4)))
        file.write_bytes(bytes(content))
        try:
            read_set(root, layout=layout)
        except MasqueradeError as error:
            assert str(tmp_path) in str(error)
        file.write_bytes(before)
