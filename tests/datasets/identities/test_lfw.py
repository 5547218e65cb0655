"""View 2 of LFW: folds, pairs, photos, and what is wrong with a file."""

from __future__ import annotations

from itertools import chain, combinations, product
from pathlib import Path

import pytest

from masquerade.datasets.identities import read_lfw
from masquerade.errors import DataMissing, LabelInvalid
from tests.datasets.identities.made import photo, touch, write_lines

LINES = ["2\t2", "Ann\t1\t2", "Ann\t2\t3", "Ann\t1\tBob\t1", "Bob\t1\tCid\t7"]
LINES += ["Bob\t1\t2", "Ann\t1\t3", "Ann\t2\tCid\t7", "Bob\t2\tCid\t7"]
PHOTOS = [("Ann", 1), ("Ann", 2), ("Ann", 3), ("Bob", 1), ("Bob", 2), ("Cid", 7)]


def made(root: Path, lines: list[str], below: str = "images") -> Path:
    write_lines(root / "pairs.txt", lines)
    touch(root / below, *(photo(name, number) for name, number in PHOTOS))
    return root


@pytest.mark.parametrize("below", ["images", "lfw-deepfunneled", "lfw", "."])
def test_pairs_and_folds_wherever_the_photos_lie(tmp_path: Path, below: str) -> None:
    pairs = read_lfw(made(tmp_path, LINES, below))
    assert pairs.same.tolist() == [True, True, False, False] * 2
    assert pairs.folds.tolist() == [0] * 4 + [1] * 4
    assert len(pairs.photos) == 6
    named = [(pairs.photos[a].name, pairs.photos[b].name) for a, b in zip(pairs.first, pairs.second, strict=True)]
    assert named[1] == ("Ann_0002.jpg", "Ann_0003.jpg")
    assert named[3] == ("Bob_0001.jpg", "Cid_0007.jpg")
    assert pairs.kinds is not None
    assert set(pairs.kinds.tolist()) == {"none"}


def test_a_full_file_has_ten_folds(tmp_path: Path) -> None:
    touch(tmp_path / "images", *(photo(name, number) for name in ("Ann", "Bob") for number in range(1, 79)))
    same = [f"Ann {a} {b}" for a, b in combinations(range(1, 79), 2)]
    others = [f"Ann {a} Bob {b}" for a, b in product(range(1, 79), repeat=2)]
    folds = (same[start : start + 300] + others[start : start + 300] for start in range(0, 3000, 300))
    pairs = read_lfw(made(tmp_path, ["10 300", *chain.from_iterable(folds)]))
    assert len(pairs) == 6000
    assert [int((pairs.folds == fold).sum()) for fold in range(10)] == [600] * 10
    assert pairs.same.sum() == 3000


WRONG = [
    # line, what stands there instead, where the message points, what it says
    (0, "many", 1, "expected a whole number"),
    (0, "3 2", 1, "but 8 lines follow"),
    (1, "Ann 1", 2, "expected name a b"),
    (1, "Ann 1 9", 2, "no photo Ann/Ann_0009"),
    (2, "Ann 0 1", 3, "photo: expected a whole number from 1 on"),
    (3, "Ann 1 2", 4, "expected nameA a nameB b"),
    (3, "Ann 1 Ann 2", 4, "names Ann twice"),
    (4, "Bob 1 ../Ann 1", 5, "no photo ../Ann"),
    (5, "Bob 1 1", 6, "one photo with itself"),
]


@pytest.mark.parametrize(("place", "text", "line", "said"), WRONG)
def test_trouble_names_file_and_line(tmp_path: Path, place: int, text: str, line: int, said: str) -> None:
    root = made(tmp_path, [*LINES[:place], text, *LINES[place + 1 :]])
    with pytest.raises(LabelInvalid) as error:
        read_lfw(root)
    assert f"pairs.txt:{line}: " in str(error.value)
    assert said in str(error.value)


def test_a_set_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"pairs\.txt"):
        read_lfw(tmp_path)
    write_lines(tmp_path / "pairs.txt", LINES)
    with pytest.raises(DataMissing, match="no folder Ann"):
        read_lfw(tmp_path)


@pytest.mark.data
def test_the_folds_at_hand(data_root: Path) -> None:
    pairs = read_lfw(data_root / "lfw")
    assert len(pairs) == 3000
    assert pairs.same.sum() == 1500
    assert set(pairs.folds.tolist()) == set(range(5))
    assert len(pairs.photos) == 3811
