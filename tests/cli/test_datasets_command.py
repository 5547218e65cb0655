"""``masquerade datasets check``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import Run
from tests.datasets import made


def test_a_clean_set(masquerade: Run, tmp_path: Path) -> None:
    root = made.write_voc(tmp_path / "set")
    result = masquerade("datasets", "check", root)
    assert (result.code, result.err) == (0, "")
    assert f"{root}: layout voc, 3 photos" in result.out
    assert "faces below 24 px: 0.0%" in result.out
    assert "near-duplicates: 0 groups with 0 of 3 photos" in result.out
    assert "problems" not in result.out


def test_problems_are_printed_by_file_and_line(masquerade: Run, tmp_path: Path) -> None:
    root = made.write_wobot_csv(tmp_path / "set")
    file = root / "train.csv"
    with file.open("a", encoding="utf-8") as stream:
        stream.write("b.png,1,1,9,9,cat\n" + "".join(f"b.png,1,1,1,{n},no_mask\n" for n in range(2, 27)))
    result = masquerade("datasets", "check", root, "--no-duplicates")
    assert result.code == 1
    assert "problems: 26 (25 box_empty, 1 unknown_label)" in result.out
    lines = result.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  problems: 26"))
    assert lines[at + 1].startswith(f"  {file}:5: unknown class 'cat'")  # rare ones first
    assert lines[at + 2] == f"  {file}:6: box 1 1 1 2 is empty [box_empty]"
    assert len(lines) == at + 22
    assert "and 6 more" in lines[-1]
    assert "near-duplicates" not in result.out
    assert "note: train.csv: the header says x1, x2, y1, y2, the values are x1, y1, x2, y2" in result.out
    values = json.loads(masquerade("datasets", "check", root, "--no-duplicates", "--json").out)
    assert len(values["sets"][0]["problems"]) == 26
    assert values["duplicates"] is None
    strict = masquerade("datasets", "check", root, "--strict")
    assert strict.code == 2
    assert strict.err.startswith(f"masquerade: {file}:5: unknown class 'cat'")
    assert strict.err.endswith("[label_invalid]\n")
    assert masquerade("datasets", "check", root, "--class", "Cat=").out.count("1 cat") == 1


def test_several_sets(masquerade: Run, tmp_path: Path) -> None:
    one, two = made.write_voc(tmp_path / "one"), made.write_coco(tmp_path / "two")
    made.write(two / "x=y", "")
    result = masquerade("datasets", "check", one, two, "--json")
    assert result.code == 0
    values = json.loads(result.out)
    assert [one["name"] for one in values["sets"]] == ["one", "two"]
    # The photos are the same in both, as are their labels.
    assert len(values["duplicates"]["exact"]) == 3
    assert values["duplicates"]["conflicts"] == []
    assert values["duplicates"]["problems"] == []


def test_a_folder_a_class(masquerade: Run, tmp_path: Path) -> None:
    made.save_picture(tmp_path / "odd=name" / "a.jpg", 1)
    made.save_picture(tmp_path / "Cloth_mask" / "a.jpg", 2)
    words = ("datasets", "check", tmp_path, "--class", "odd=name=without_mask", "--whole", "--layout", "folders")
    result = masquerade(*words)
    assert result.code == 0
    assert "kinds of mask: 1 (1 cloth)" in result.out
    assert "longer side of a face, px: 0 % 80" in result.out


def test_labels_alone(masquerade: Run, tmp_path: Path) -> None:
    file = made.write(tmp_path / "labels" / "train.csv", "name,x1,x2,y1,y2,classname\na.jpg,1,2,30,40,face_no_mask\n")
    result = masquerade("datasets", "check", file)
    assert result.code == 1
    assert "duplicates: no photo could be compared" in result.out
    made.save_picture(tmp_path / "photos" / "a.jpg")
    assert masquerade("datasets", "check", file, "--images", tmp_path / "photos").code == 0


REFUSED = [
    # what is asked for, and what is said
    (("SET", "--class", "cat"), "expected NAME=LABEL"),
    (("SET", "--class", "cat=animal"), "label_invalid"),
    (("SET", "SET", "--images", "SET"), "--images goes with one PATH"),
    (("SET", "SET"), "both have a photo"),
    (("nowhere",), "data_missing"),
    (("SET", "--layout", "vok"), "is not known; expected one of wobot-csv"),
    (("EMPTY",), "none of the known layouts"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=lambda value: " ".join(value)[:30])
def test_refused(masquerade: Run, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    places = {"SET": made.write_voc(tmp_path / "set"), "EMPTY": tmp_path / "empty"}
    places["EMPTY"].mkdir()
    (tmp_path / "else").mkdir()
    copy = made.write_voc(tmp_path / "else" / "set")
    seen = 0
    given: list[str | Path] = []
    for word in words:
        place: str | Path = places.get(word, word)
        if word == "SET":
            seen += 1
            place = copy if seen == 2 else place
        given.append(place)
    result = masquerade("datasets", "check", *given)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
