"""Folders of identities, and the pairs that are made of them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets.identities import gallery_of, limit, pairs_of, read_identities, shared_identities
from masquerade.datasets.identities.pairing import impostor_pairs
from masquerade.errors import DataMissing
from tests.datasets.identities.made import made_folders, touch

COUNTS = {"Ann": 3, "Bob": 2, "Cid": 1, "Dee": 0, "Eve": 4}


def test_folders_and_empty_identities(tmp_path: Path) -> None:
    found = read_identities(made_folders(tmp_path, COUNTS))
    assert found.names == ("Ann", "Bob", "Cid", "Eve")
    assert found.counts().tolist() == [3, 2, 1, 4]
    assert found.empty == ("Dee",)


def test_all_pairs(tmp_path: Path) -> None:
    pairs = pairs_of(read_identities(made_folders(tmp_path, COUNTS)), "all")
    owners = ["Ann"] * 3 + ["Bob"] * 2 + ["Cid"] + ["Eve"] * 4
    expected = {(a, b): owners[a] == owners[b] for a, b in combinations(range(10), 2)}
    found = {(int(a), int(b)): bool(same) for a, b, same in zip(pairs.first, pairs.second, pairs.same, strict=True)}
    assert found == expected
    assert pairs.notes == (
        "10 genuine pairs, all of them; 35 of 35 impostor pairs.",
        "1 identities have no photo: Dee.",
        "1 identities have one photo: they are in impostor pairs alone.",
    )


@pytest.mark.parametrize("count", [1, 7, 30, 35, 99])
def test_drawn_impostors_are_different_people_each_pair_once(tmp_path: Path, count: int) -> None:
    identities = read_identities(made_folders(tmp_path, COUNTS))
    pairs = pairs_of(identities, count, seed=3)
    drawn = [(int(a), int(b)) for a, b in zip(pairs.first[10:], pairs.second[10:], strict=True)]
    assert len(set(drawn)) == len(drawn) == min(count, 35)
    assert all(a < b for a, b in drawn)
    assert not pairs.same[10:].any()
    again = pairs_of(identities, count, seed=3)
    assert np.array_equal(again.first, pairs.first)
    assert np.array_equal(again.second, pairs.second)


def test_many_are_drawn_by_chance_alone() -> None:
    owners = np.repeat(np.arange(200), 5)
    drawn = impostor_pairs(owners, 20_000, np.random.default_rng(0))
    assert len(np.unique(drawn, axis=0)) == 20_000
    assert (owners[drawn[:, 0]] != owners[drawn[:, 1]]).all()
    # each photo is in 40 pairs on average: a sum of 20,000 draws
    assert abs(np.bincount(drawn.ravel(), minlength=1000) - 40).max() < 40


def test_first_and_second_photos_stay_where_they_are() -> None:
    owners = np.array([0, 0, 1, 1, 2])
    drawn = impostor_pairs(owners, "all", np.random.default_rng(0), np.array([3, 4]), np.array([0, 2]))
    assert drawn.tolist() == [[3, 0], [4, 0], [4, 2]]


def test_one_gallery_photo_each(tmp_path: Path) -> None:
    pairs = pairs_of(read_identities(made_folders(tmp_path, COUNTS)))
    (one,) = gallery_of(pairs)
    assert one.gallery.tolist() == [0, 3, 5, 6]
    assert one.probes.tolist() == [1, 2, 4, 7, 8, 9]


def test_a_limit_keeps_the_proportions(tmp_path: Path) -> None:
    pairs = pairs_of(read_identities(made_folders(tmp_path, COUNTS)), "all")
    some = limit(pairs, 9)
    assert len(some) == 9
    assert some.same.sum() == 2  # 10 of 45
    for index in range(9):
        a, b = some.photos[some.first[index]], some.photos[some.second[index]]
        assert (a.parent == b.parent) == some.same[index]
    assert limit(pairs, 1000) is pairs


def test_sets_without_pairs(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="is no folder"):
        read_identities(tmp_path / "gone")
    made_folders(tmp_path, {"Ann": 0})
    with pytest.raises(DataMissing, match="1 of its folders are empty"):
        read_identities(tmp_path)
    touch(tmp_path, "Ann/1.jpg", "Ann/.hidden.jpg", "Ann/notes.txt")
    with pytest.raises(DataMissing, match="no pair"):
        pairs_of(read_identities(tmp_path))


SHARED = [
    # names of two sets, those of one person
    (["Ann_Lee", "Bob"], ["ann lee", "Bobby"], [("Ann_Lee", "ann lee")]),
    (["José_Ruiz"], ["Jose-Ruiz"], [("José_Ruiz", "Jose-Ruiz")]),
    (["7201", "7202"], ["7202"], [("7202", "7202")]),
    (["李娜"], ["李娜", "李"], [("李娜", "李娜")]),
    (["...", "a"], ["---", "b"], []),
]


@pytest.mark.parametrize(("a", "b", "expected"), SHARED)
def test_shared_identities(a: list[str], b: list[str], expected: list[tuple[str, str]]) -> None:
    assert list(shared_identities(a, b)) == expected
