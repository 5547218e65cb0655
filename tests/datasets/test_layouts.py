"""The same set in every layout gives the same photos, and each real set what its own files say."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets import LABELS, read_set, wearing_sets
from masquerade.datasets.names import Names, plain
from masquerade.errors import DataMissing, LabelInvalid
from masquerade.masks import Choice
from masquerade.masks.batch import Pool, Recipe, new_job, run_job
from tests.datasets import made

WANTED = ["with_mask", "incorrect", "without_mask"]


@pytest.mark.parametrize("layout", made.WRITERS)
def test_the_same_set_in_each_layout(layout: str, tmp_path: Path) -> None:
    root = made.WRITERS[layout](tmp_path / "set one")
    found = read_set(root)
    assert (found.layout, found.name, found.root, found.problems) == (layout, "set one", root, ())
    assert found.counts() == found.rows == {"with_mask": 1, "without_mask": 1, "incorrect": 1}
    photos = {photo.path.name: photo for photo in found.photos}
    for wanted in made.PHOTOS[: len(photos)]:
        photo = photos[wanted.name]
        assert photo.path.is_file()
        assert photo.key == f"set one/{photo.path.relative_to(root).as_posix()}"
        boxes = photo.boxes_or_raise()
        assert boxes.dtype == np.float32
        np.testing.assert_allclose(boxes, np.reshape([box for _, box in wanted.faces], (-1, 4)), atol=1e-3)
    assert [LABELS[label] for photo in found.photos for label in photo.labels] == WANTED
    # A photo of nobody is kept where a file says so.
    assert len(found.photos) == (2 if layout == "wobot-csv" else 3)
    assert read_set(root, layout=layout).counts() == found.counts()


@pytest.mark.parametrize("layout", made.WRITERS)
def test_photos_elsewhere(layout: str, tmp_path: Path) -> None:
    root = made.WRITERS[layout](tmp_path / "set")
    moved = tmp_path / "photos"
    for path in [path for path in root.rglob("*") if path.suffix in {".jpg", ".png"}]:
        moved.mkdir(exist_ok=True)
        path.rename(moved / path.name)
    found = read_set(root, layout=layout, images=moved, name="given")
    assert found.problems == ()
    assert found.photos[0].key == "given/photos/a ü.jpg"
    assert sum(found.counts().values()) == 3


def test_a_header_that_does_not_lie(tmp_path: Path) -> None:
    made.save_picture(tmp_path / "images" / "a.jpg")
    lines = ["name,x1,x2,y1,y2,classname", "a.jpg,10,40,20,60,face_with_mask", "a.jpg,0,30,0,20,Face No-Mask"]
    made.write(tmp_path / "train.csv", "\n".join(lines))
    found = read_set(tmp_path)
    np.testing.assert_array_equal(found.photos[0].boxes_or_raise(), [[10, 20, 40, 60], [0, 0, 30, 20]])
    assert found.notes == ()
    made.write(tmp_path / "train.csv", "classname,name,x1,y1,x2,y2\r\nface_with_mask,a.jpg,10,20,40,60\r\n")
    np.testing.assert_array_equal(read_set(tmp_path).photos[0].boxes_or_raise(), [[10, 20, 40, 60]])


def test_two_parts_with_photos_of_the_same_name(tmp_path: Path) -> None:
    # As Roboflow exports: a folder a part, each with images and labels.
    pytest.importorskip("yaml")
    made.write(tmp_path / "data.yaml", "train: ../train/images\nnc: 2\nnames: ['mask', no]\n")
    for part, row in (("train", "0 0.5 0.5 0.2 0.5"), ("valid", "1 0.25 0.5 0.5 1")):
        made.save_picture(tmp_path / part / "images" / "a.jpg", len(part))
        made.write(tmp_path / part / "labels" / "a.txt", row + "\n")
    made.write(tmp_path / "README.dataset.txt", "Exported by somebody\n")
    found = read_set(tmp_path / "data.yaml", classes={"no": "without_mask"})
    assert found.problems == ()
    assert {photo.place: photo.labels for photo in found.photos} == {
        "train/images/a.jpg": (0,),
        "valid/images/a.jpg": (1,),
    }
    np.testing.assert_allclose(found.photos[0].boxes_or_raise(), [[40, 20, 60, 60]], atol=1e-3)
    np.testing.assert_allclose(found.photos[1].boxes_or_raise(), [[0, 0, 50, 80]], atol=1e-3)


@pytest.mark.parametrize(
    "names", ["names:\n  0: mask\n  1: no_mask\n", "names: [mask, no_mask]", "names:\n- mask\n- no_mask"]
)
def test_lists_of_classes_in_yaml(tmp_path: Path, names: str) -> None:
    pytest.importorskip("yaml")
    made.save_picture(tmp_path / "images" / "a.jpg")
    made.write(tmp_path / "labels" / "a.txt", "1 0.5 0.5 0.2 0.5\n0 0.2 0.5 0.1 0.5\n")
    made.write(tmp_path / "data.yaml", names)
    assert read_set(tmp_path).photos[0].labels == (1, 0)


def test_folders_kinds_and_parts(tmp_path: Path) -> None:
    for number, place in enumerate(
        [
            "Train/Cloth_mask/1.jpg",
            "Train/N-95 Mask/1.png",
            "Test/Cloth_mask/1.jpg",
            "Test/WithoutMask/deep/x.jpg",
            "IMFD/00000/00001_Mask_Mouth_Chin.jpg",
            "all/00002_Mask_Chin.jpg",
            "all/00003_Mask.jpg",
            "Weird/1.jpg",
            "Weird/2.jpg",
            "beard/1.jpg",
        ]
    ):
        made.save_picture(tmp_path / place, number)
    (tmp_path / "Mask worn incorrectly").mkdir()
    found = read_set(tmp_path, classes={"BEARD": ""}, name="kinds")
    assert found.layout == "folders"
    assert {photo.key: (*photo.labels, *photo.kinds) for photo in found.photos} == {
        "kinds/Train/Cloth_mask/1.jpg": (0, "cloth"),
        "kinds/Train/N-95 Mask/1.png": (0, "respirator"),
        "kinds/Test/Cloth_mask/1.jpg": (0, "cloth"),
        "kinds/Test/WithoutMask/deep/x.jpg": (1,),
        "kinds/IMFD/00000/00001_Mask_Mouth_Chin.jpg": (2,),
        "kinds/all/00002_Mask_Chin.jpg": (2,),
        "kinds/all/00003_Mask.jpg": (0,),
    }
    assert all(photo.boxes is None for photo in found.photos)
    assert found.left_out == {"beard": 1}
    assert [(problem.code, problem.rows) for problem in found.problems] == [("unknown_label", 2), ("class_empty", 0)]
    whole = read_set(tmp_path, classes={"BEARD": ""}, whole=True)
    np.testing.assert_allclose(whole.photos[0].boxes_or_raise(), [[10, 8, 90, 72]], rtol=1e-6)


NAMES = [
    # as usual sets write them, label and kind
    ("with_mask", "with_mask", None),
    ("mask_weared_incorrect", "incorrect", None),
    ("face_with_mask_incorrect", "incorrect", None),
    ("Cloth_mask", "with_mask", "cloth"),
    ("N-95_Mask", "with_mask", "respirator"),
    ("KN95", "with_mask", "respirator"),
    ("Surgical_Mask", "with_mask", "surgical"),
    ("Gas mask", "with_mask", "gas"),
    ("No_Face_Mask", "without_mask", None),
    ("Mask_worn_incorrectly", "incorrect", None),
    ("no-mask", "without_mask", None),
    ("Incorrect", "incorrect", None),
    ("Mask_Nose_Mouth", "incorrect", None),
    ("WithoutMask", "without_mask", None),
]


@pytest.mark.parametrize(("name", "label", "kind"), NAMES)
def test_known_names(name: str, label: str, kind: str | None) -> None:
    meaning = Names().meaning(name, things=False)
    assert meaning is not None
    assert (meaning.label, meaning.kind) == (label, kind)


def test_names_that_are_asked_for_come_first() -> None:
    names = Names({"Gas-Mask": "incorrect", "hat": "without_mask", "mask": ""})
    assert [getattr(names.meaning(name), "label", None) for name in ("gas_mask", "HAT", "Mask", "goggles", "cat")] == [
        "incorrect",
        "without_mask",
        "",
        "",
        None,
    ]
    assert plain("N-95_Mask") == "n95mask"
    with pytest.raises(LabelInvalid, match="'cat' is to be 'animal'"):
        Names({"cat": "animal"})


def test_what_masquerade_mask_writes_can_be_read(photos: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in photos[:2]:
        shutil.copy(photo, folder)
    for labels in ("voc", "coco"):
        recipe = Recipe(seed=3, choice=Choice(worn=("nose_out",)), labels=labels, pairs=True)
        run_job(new_job(folder, tmp_path / labels, recipe), Pool(1))
        found = read_set(tmp_path / labels)
        assert found.layout == labels
        assert found.counts() == {"with_mask": 0, "without_mask": 0, "incorrect": 2}
        # COCO has the areas of the masks, too, and declares all classes.
        assert found.left_out == ({"mask": 2} if labels == "coco" else {})
        assert {problem.code for problem in found.problems} <= {"class_empty"}
        assert [photo.place for photo in found.photos] == [f"images/{photo.name}" for photo in photos[:2]]
        assert any("pictures outside of" in note for note in found.notes)  # masks and originals


def test_mask_is_a_face_unless_another_class_is() -> None:
    for names, left in (
        (["mask", "no_mask"], None),
        (["Mask", "with_mask"], "Mask"),
        (["mask", "face_with_mask", "hat"], "mask"),
        (["mask", "incorrect"], None),
        (["with_mask"], None),
    ):
        known = Names()
        assert known.leave_masks_out(names) == left
        meaning = known.meaning("mask")
        assert meaning is not None
        assert meaning.label == ("" if left else "with_mask")
    assert Names({"mask": "with_mask"}).leave_masks_out(["mask", "with_mask"]) is None


def test_layouts_that_cannot_be_told(tmp_path: Path) -> None:
    made.write_voc(tmp_path / "both")
    made.write(tmp_path / "both" / "train.csv", "name,x1,x2,y1,y2,classname\n")
    made.save_picture(tmp_path / "none" / "cats" / "a.jpg")
    with pytest.raises(LabelInvalid, match=r"looks like wobot-csv and voc; .*a folder a class") as error:
        read_set(tmp_path / "both")
    assert all(name in str(error.value) for name in ("wobot-json: ", "coco: ", "yolo: "))
    with pytest.raises(LabelInvalid, match="none of the known layouts"):
        read_set(tmp_path / "none")
    with pytest.raises(LabelInvalid, match="layout 'vok' is not known"):
        read_set(tmp_path / "both", layout="vok")
    with pytest.raises(LabelInvalid, match="whole photos are for folders"):
        read_set(tmp_path / "both", layout="voc", whole=True)
    with pytest.raises(DataMissing, match="is not there"):
        read_set(tmp_path / "nowhere")
    with pytest.raises(DataMissing, match="expected folder"):
        read_set(tmp_path / "both", images=tmp_path / "nowhere")


NOT_THAT = [
    ("voc", "a.xml", "<svg></svg>", "holds <svg>"),
    ("voc", "a.xml", "", "no element found"),
    ("coco", "a.json", "{}", "nothing here is"),
    ("coco", "a.json", "[1", "a.json:1: "),
    ("wobot-json", "a.json", "[" * 100_000, "nested too deeply"),
    ("wobot-json", "a.json", "[]", "nothing here is"),
    ("wobot-csv", "a.csv", "a,b\n", "expected one CSV file"),
    ("yolo", "a.txt", "0 1 1 1 1\n", "no list of classes"),
    ("yolo", "classes.txt", "mask\n", "nothing here is"),
]


@pytest.mark.parametrize(("layout", "name", "text", "message"), NOT_THAT)
def test_files_that_are_not_of_that_layout(layout: str, name: str, text: str, message: str, tmp_path: Path) -> None:
    made.write(tmp_path / name, text)
    with pytest.raises(LabelInvalid, match=message):
        read_set(tmp_path, layout=layout)


@pytest.mark.data
def test_the_labels_of_report_1(data_root: Path) -> None:
    path = data_root / "report-1-labels" / "train.csv"
    found = read_set(path)
    assert (found.layout, found.name) == ("wobot-csv", "report-1-labels")
    # As the report's own table of three classes: 5,899 rows.
    assert found.rows == {"with_mask": 4180, "without_mask": 1569, "incorrect": 150}
    assert sum(found.left_out.values()) == 15_412 - 5_899
    assert len(found.left_out) == 17
    codes = Counter(problem.code for problem in found.problems)
    # One row stands twice, one box is a point; each absent photo is said once.
    assert (codes["face_twice"], codes["box_empty"]) == (1, 1)
    with path.open() as stream:
        names = {row["name"] for row in csv.DictReader(stream) if row["classname"] not in found.left_out}
    assert codes["photo_absent"] == len(names) == 3443
    assert sum(found.counts().values()) == 5_897
    assert any("the values are x1, y1, x2, y2" in note for note in found.notes)
    assert any("only the labels were read" in note for note in found.notes)


@pytest.mark.data
def test_real_sets_are_as_the_older_readers_give_them(data_root: Path) -> None:
    for name, layout, read in (
        ("ilc2021", "voc", wearing_sets.read_ilc2021),
        ("mask-kinds", "folders", wearing_sets.read_mask_kinds),
        ("two-class", "folders", wearing_sets.read_two_class),
    ):
        found = read_set(data_root / name)
        assert found.layout == layout
        assert {photo.key: photo.labels for photo in found.photos} == {photo.key: photo.labels for photo in read()}
    assert found.counts() == {"with_mask": 500, "without_mask": 500, "incorrect": 0}
    web = read_set(data_root / "ilc2021")
    # One box reaches far beyond its photo.
    assert [(problem.code, problem.line) for problem in web.problems] == [("box_clipped", 12)]
    kinds = Counter(kind for photo in read_set(data_root / "mask-kinds").photos for kind in photo.kinds)
    assert kinds == {"cloth": 398, "respirator": 374, "surgical": 342}  # files in the three folders
