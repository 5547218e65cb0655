"""Identities of folders: sets joined, people of test sets refused, parts that share nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from masquerade.errors import ClassEmpty, DataMissing, IdentitiesShared, NoImages, StudyInvalid
from masquerade.training.recognition.people import choose, find_set, part_of, read_people, without_shared


def put(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


@pytest.fixture
def two_sets(tmp_path: Path) -> list[Path]:
    one = put(tmp_path / "one", "7/a.jpg", "7/b.PNG", "8/a.jpg", "8/notes.txt", ".hidden/a.jpg", "stray.jpg")
    nested = ("sub/7/c.jpg", "sub/9/deeper/a.jpg", "sub/9/b.jpg", "sub/9/.c.jpg", "sub/empty/x.md")
    other = put(tmp_path / "other", *nested)
    return [one, other]


def test_sets_are_taken_apart_unless_joined(two_sets: list[Path]) -> None:
    apart = read_people(two_sets)
    found = {person.name: [photo.key for photo in person.photos] for person in apart.persons}
    assert found == {
        "one/7": ["one/7/a.jpg", "one/7/b.PNG"],
        "one/8": ["one/8/a.jpg"],
        "other/sub/7": ["other/sub/7/c.jpg"],
        "other/sub/9": ["other/sub/9/b.jpg", "other/sub/9/deeper/a.jpg"],
    }
    assert any("1 names stand in several sets" in line and "--join-names" in line for line in apart.remarks)
    assert any("1 pictures beside the folders" in line for line in apart.remarks)
    joined = read_people(two_sets, join_names=True)
    assert [(person.name, len(person.photos)) for person in joined.persons] == [("7", 3), ("8", 1), ("9", 2)]
    assert not any("several sets" in line for line in joined.remarks)


def test_two_sets_of_one_name_keep_their_photos_apart(tmp_path: Path) -> None:
    data = [put(tmp_path / "a" / "set", "1/a.jpg"), put(tmp_path / "b" / "set", "1/a.jpg")]
    assert [person.photos[0].key for person in read_people(data).persons] == ["set-2/1/a.jpg", "set/1/a.jpg"]
    assert [photo.key for photo in read_people(data, True).persons[0].photos] == ["set-2/1/a.jpg", "set/1/a.jpg"]


def test_a_set_is_named_once(two_sets: list[Path], tmp_path: Path) -> None:
    for data in ([two_sets[0]] * 2, [two_sets[1], two_sets[1] / "sub"]):
        with pytest.raises(StudyInvalid, match="named twice"):
            read_people(data)


def test_what_is_no_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="absent"):
        read_people([tmp_path / "absent"])
    with pytest.raises(NoImages, match="a folder an identity"):
        read_people([put(tmp_path / "flat", "a.jpg", "b.jpg")])


def test_people_of_a_test_set_are_refused_by_name(tmp_path: Path) -> None:
    train = read_people([put(tmp_path / "train", "Zoë Ball/1.jpg", "ann lee/1.jpg", "Bo/1.jpg", "annlee2/1.jpg")])
    test = read_people([put(tmp_path / "lfw", "images/Ann_Lee/Ann_Lee_0001.jpg", "images/Zoe_Ball/1.jpg")])
    with pytest.raises(IdentitiesShared, match=r"2 identities are in the test set lfw too: train/Zoë Ball, train/ann"):
        without_shared(train, [("lfw", test)], drop=False)
    left = without_shared(train, [("lfw", test)], drop=True)
    assert [person.folder for person in left.persons] == ["Bo", "annlee2"]
    assert "2 identities left out" in left.remarks[-1]
    assert without_shared(left, [("lfw", test)], drop=False) == left


def test_a_test_set_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> None:
    monkeypatch.setenv("MASQUERADE_DATA", str(tmp_path))
    put(tmp_path, "lfw/images/A/1.jpg")
    assert find_set(Path("lfw")) == tmp_path / "lfw"
    assert find_set(tmp_path / "lfw") == tmp_path / "lfw"
    with pytest.raises(DataMissing, match="MASQUERADE_DATA"):
        find_set(Path("mfr2"))


def test_parts_share_nobody_and_stay_when_others_come(tmp_path: Path) -> None:
    names = [f"p{number}/{photo}.jpg" for number in range(40) for photo in range(1 + number % 3)]
    people = choose(read_people([put(tmp_path / "set", *names)]), 2, None, None, 5)
    assert len(people) == 26
    assert "14 identities with fewer than 2 photos" in people.remarks[-1]
    parts = part_of(people, 0.25, 5)
    assert sorted(parts) == sorted(person.name for person in people.persons)
    assert list(parts.values()).count("test") == round(0.25 * 26)
    assert parts == part_of(people, 0.25, 5) != part_of(people, 0.25, 6)
    larger = part_of(people, 0.5, 5)
    assert all(larger[name] == "test" for name, part in parts.items() if part == "test")
    assert set(part_of(people, 0, 5).values()) == {"train"}
    some = choose(people, 2, 10, 2, 5)
    assert len(some) == 10 and {len(person.photos) for person in some.persons} == {2}
    assert {person.name for person in choose(people, 2, 8, 2, 5).persons} < {person.name for person in some.persons}


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    people = read_people([put(tmp_path / "set", "a/1.jpg", "b/1.jpg", "c/1.jpg")])
    with pytest.raises(ClassEmpty, match="3 identities"):
        part_of(people, 0.5, 0)
