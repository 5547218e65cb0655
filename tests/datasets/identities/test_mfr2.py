"""MFR2: labels by name and number, pairs of one and of two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from masquerade.datasets.identities import gallery_of, read_mfr2
from masquerade.errors import DataMissing, LabelInvalid
from tests.datasets.identities.made import photo, touch, write_lines

LABELS = ["Ann, 1, no-mask", "Ann, 2, Surgical", "Bob, 1, cloth", "Bob, 2, no-mask", "Bob, 3, no-mask"]
PAIRS = ["Ann 1 2", "Bob 1 2", "Ann 1 Bob 2", "Ann 2 Bob 1"]


def made(root: Path, labels: list[str], pairs: list[str], suffix: str = ".png") -> Path:
    write_lines(root / "mfr2_labels.txt", labels)
    write_lines(root / "pairs.txt", pairs)
    touch(root, *(photo(name, number, suffix) for name, number in [("Ann", 1), ("Ann", 2), ("Bob", 1), ("Bob", 2)]))
    touch(root, photo("Bob", 3, suffix))
    return root


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pairs_and_kinds(tmp_path: Path, suffix: str) -> None:
    pairs = read_mfr2(made(tmp_path, LABELS, PAIRS, suffix))
    assert pairs.same.tolist() == [True, True, False, False]
    assert pairs.kinds is not None
    assert dict(zip((path.stem for path in pairs.photos), pairs.kinds.tolist(), strict=True)) == {
        "Ann_0001": "none",
        "Ann_0002": "surgical",
        "Bob_0001": "cloth",
        "Bob_0002": "none",
    }
    assert pairs.notes == ("1 labelled photos are in no pair.",)


def test_probes_are_masked_and_the_gallery_is_bare(tmp_path: Path) -> None:
    pairs = read_mfr2(made(tmp_path, LABELS, [*PAIRS, "Bob 2 3"]))
    one, every = gallery_of(pairs)
    names = [path.stem for path in pairs.photos]
    assert [names[photo] for photo in one.gallery] == ["Ann_0001", "Bob_0002"]
    assert sorted(names[photo] for photo in every.gallery) == ["Ann_0001", "Bob_0002", "Bob_0003"]
    assert sorted(names[photo] for photo in one.probes) == ["Ann_0002", "Bob_0001"]


def test_four_words_with_one_name_are_one_person_and_told(tmp_path: Path) -> None:
    pairs = read_mfr2(made(tmp_path, LABELS, [*PAIRS, "Bob 2 Bob 3"]))
    assert pairs.same.tolist() == [True, True, False, False, True]
    assert "1 pairs of four words" in pairs.notes[0]


def test_a_first_pair_of_someone_with_a_number_for_a_name_is_no_header(tmp_path: Path) -> None:
    labels, lines = ([line.replace("Ann", "7") for line in every] for every in (LABELS, PAIRS))
    write_lines(tmp_path / "mfr2_labels.txt", labels)
    write_lines(tmp_path / "pairs.txt", lines)
    touch(tmp_path, *(photo(name, number, ".png") for name in ("7", "Bob") for number in (1, 2)))
    touch(tmp_path, photo("Bob", 3, ".png"))
    assert len(read_mfr2(tmp_path)) == len(PAIRS)


def test_a_label_without_its_photo_is_told(tmp_path: Path) -> None:
    pairs = read_mfr2(made(tmp_path, [*LABELS, "Cid, 4, no-mask"], PAIRS))
    assert pairs.notes[0] == "1 labels name a photo that is not there."


WRONG = [
    # labels, pairs, where the message points, what it says
    (["Ann 1 no-mask"], PAIRS, "mfr2_labels.txt:1", "expected Name, number, mask-type"),
    ([*LABELS, "Ann, x, cloth"], PAIRS, "mfr2_labels.txt:6", "number: expected a whole number"),
    ([*LABELS, "Ann, 1, cloth"], PAIRS, "mfr2_labels.txt:6", "labelled none already"),
    (LABELS, ["Ann 1"], "pairs.txt:1", "expected Name a b"),
    (LABELS, [*PAIRS, "Ann 1 7"], "pairs.txt:5", "no photo Ann/Ann_0007"),
    (LABELS[1:], PAIRS, "pairs.txt:1", "Ann 1 has no line in mfr2_labels.txt"),
    (LABELS, ["Ann 1 1"], "pairs.txt:1", "one photo with itself"),
]


@pytest.mark.parametrize(("labels", "pairs", "where", "said"), WRONG)
def test_trouble_names_file_and_line(
    tmp_path: Path, labels: list[str], pairs: list[str], where: str, said: str
) -> None:
    with pytest.raises(LabelInvalid) as error:
        read_mfr2(made(tmp_path, labels, pairs))
    assert where in str(error.value)
    assert said in str(error.value)


def test_a_set_without_pairs(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="has no pair"):
        read_mfr2(made(tmp_path, LABELS, []))
