"""Files of pairs: CSV and text, names of columns, subjects told or joined."""

from __future__ import annotations

from pathlib import Path

import pytest

from masquerade.datasets.identities import read_pairs
from masquerade.errors import DataMissing, LabelInvalid
from tests.datasets.identities.made import touch, write_lines

FORMS = [
    # the same three pairs, written in many ways
    ["a.jpg,b.jpg,1,0", "b.jpg,c.jpg,1,0", "a.jpg,d.jpg,0,1"],
    ["photo_a,photo_b,same,fold", "a.jpg,b.jpg,yes,0", "b.jpg,c.jpg,true,0", "", "a.jpg,d.jpg,no,1"],
    ["fold;same;photo_b;photo_a", "0;1;b.jpg;a.jpg", "0;1;c.jpg;b.jpg", "1;0;d.jpg;a.jpg"],
    ["a.jpg b.jpg same 0", "b.jpg  c.jpg same 0", "a.jpg d.jpg different 1"],
    ["a.jpg\tb.jpg\t1\t0", "b.jpg\tc.jpg\t1\t0", "a.jpg\td.jpg\t-1\t1"],
]


@pytest.mark.parametrize("lines", FORMS)
def test_forms(tmp_path: Path, lines: list[str]) -> None:
    touch(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    pairs = read_pairs(write_lines(tmp_path / "list.csv", lines), tmp_path / "photos")
    assert pairs.same.tolist() == [True, True, False]
    assert pairs.folds.tolist() == [0, 0, 1]
    names = [path.name for path in pairs.photos]
    assert [(names[a], names[b]) for a, b in zip(pairs.first, pairs.second, strict=True)] == [
        ("a.jpg", "b.jpg"),
        ("b.jpg", "c.jpg"),
        ("a.jpg", "d.jpg"),
    ]
    # a and c are one person, since both are b
    assert len(set(pairs.subjects.tolist())) == 2
    assert not pairs.known


def test_subjects_that_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    lines = ["photo_a,photo_b,same,subject_a,subject_b", "a.jpg,b.jpg,1,Ann,Ann", "a.jpg,c.jpg,0,Ann,Bob"]
    pairs = read_pairs(write_lines(tmp_path / "pairs.csv", lines))
    assert pairs.known
    assert pairs.subjects.tolist() == ["Ann", "Ann", "Bob"]


def test_a_pair_that_stands_twice_counts_once_and_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    lines = ["a.jpg,b.jpg,1,0", "a.jpg,c.jpg,0,0", "b.jpg,a.jpg,1,1", "a.jpg,c.jpg,0,0"]
    pairs = read_pairs(write_lines(tmp_path / "pairs.csv", lines))
    assert pairs.same.tolist() == [True, False]
    assert pairs.folds.tolist() == [0, 0]
    assert "2 pairs stand in pairs.csv twice, the first on line 3; each counts once." in pairs.notes


NAMES = "photo_a,photo_b,same,subject_a,subject_b"
WRONG = [
    # lines, where the message points, what it says
    (["a.jpg,b.jpg,1", "a.jpg,gone.jpg,0"], 2, "photo_b: no photo 'gone.jpg'"),
    (["a.jpg,b.jpg"], 1, "expected photo_a, photo_b, same"),
    (["a.jpg,b.jpg,perhaps"], 1, "same: expected 1 or 0, got 'perhaps'"),
    (["a.jpg,b.jpg,1,first"], 1, "fold: expected a whole number"),
    (["a.jpg,b.jpg,1", "a.jpg,a.jpg,1"], 2, "one photo with itself"),
    (["a.jpg,b.jpg,1", "b.jpg,c.jpg,1", "a.jpg,c.jpg,0"], 3, "other pairs make them one person"),
    ([NAMES, "a.jpg,b.jpg,1,Ann,Bob"], 2, "contradicts Ann and Bob"),
    ([NAMES, "a.jpg,b.jpg,1,Ann,Ann", "b.jpg,c.jpg,0,Bob,Cid"], 3, "shows Bob, but Ann before"),
    ([NAMES, "a.jpg,b.jpg,1,Ann,Ann", "b.jpg,c.jpg,0,,"], 3, "is empty, other lines have them"),
    (['a.jpg,"b.jpg,1'], 1, "unexpected end of data"),
]


@pytest.mark.parametrize(("lines", "line", "said"), WRONG)
def test_trouble_names_file_and_line(tmp_path: Path, lines: list[str], line: int, said: str) -> None:
    touch(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    with pytest.raises(LabelInvalid) as error:
        read_pairs(write_lines(tmp_path / "pairs.csv", lines))
    assert f"pairs.csv:{line}: " in str(error.value)
    assert said in str(error.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="is not there"):
        read_pairs(tmp_path / "gone.csv")
    with pytest.raises(DataMissing, match="has no pair"):
        read_pairs(write_lines(tmp_path / "empty.csv", [""]))
    with pytest.raises(DataMissing, match="is no folder"):
        read_pairs(tmp_path / "empty.csv", tmp_path / "gone")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00,1")
    with pytest.raises(LabelInvalid, match="cannot be read as text"):
        read_pairs(tmp_path / "bytes.csv")
