"""Labeled Faces in the Wild, View 2 (Huang and others, UMass TR 07-49, 2007): ten folds of 300 and 300 pairs."""

from __future__ import annotations

from pathlib import Path

from masquerade.datasets.identities.gathering import (
    Gathering,
    is_plain,
    number_in,
    numbered_photo,
    read_lines,
    wrong,
)
from masquerade.datasets.identities.types import BARE, PairList
from masquerade.errors import DataMissing
from masquerade.files import absolute

PAIRS = "pairs.txt"
FOLDERS = ("images", "lfw", "lfw-deepfunneled", "lfw_funneled", "lfw-funneled", ".")
"""Where the folders of the people may lie, below the root."""


def read_lfw(root: Path) -> PairList:
    """Read ``pairs.txt`` of View 2 and find its photos.

    The first line tells folds and pairs: ``10 300``. Each fold then has so many lines ``name a b`` for two photos of
    one person, and as many ``nameA a nameB b``. A file with fewer folds is read all the same. Nobody wears a mask.

    Args:
        root: folder with ``pairs.txt`` and the people's folders, in ``images``, ``lfw-deepfunneled`` or beside it.

    Raises:
        DataMissing: there is no such file, or no pair in it.
        LabelInvalid: a line is not of that form, names an absent photo, or the lines are not as many as it says.
    """
    root = absolute(root)
    file = root / PAIRS
    lines = read_lines(file)
    head = lines[0].split() if lines else []
    if len(head) not in {1, 2}:
        raise wrong(file, 1, f"expected folds and pairs, as 10 300, got {' '.join(head)!r}")
    # View 1 and some copies tell the pairs alone: one fold.
    counts = [number_in(word, file, 1, "folds and pairs") for word in head]
    folds, each = counts if len(counts) == 2 else (1, counts[0])
    body = [(number, line.split()) for number, line in enumerate(lines[1:], 2) if line.strip()]
    if len(body) != 2 * folds * each:
        raise wrong(file, 1, f"{folds} folds of {each} and {each} pairs, but {len(body)} lines follow")
    people = _people(root, file, body)
    gathering = Gathering(file)
    for index, (line, words) in enumerate(body):
        fold, place = divmod(index, 2 * each)
        same = place < each
        if len(words) != (3 if same else 4):
            form = "name a b" if same else "nameA a nameB b"
            raise wrong(file, line, f"expected {form}, got {' '.join(words)!r}")
        name_a, name_b = words[0], words[0] if same else words[2]
        if not same and name_a == name_b:
            raise wrong(file, line, f"a pair of different people names {name_a} twice")
        numbers = (number_in(words[1], file, line, "photo"), number_in(words[-1], file, line, "photo"))
        a, b = (
            _photo(gathering, people, name, number, line)
            for name, number in zip((name_a, name_b), numbers, strict=True)
        )
        gathering.add(a, b, same, line, fold)
    return gathering.finish("lfw", root, dict.fromkeys(gathering.paths, BARE))


def _people(root: Path, file: Path, body: list[tuple[int, list[str]]]) -> Path:
    """The folder of the people's folders: the first that has that of the first name."""
    name = body[0][1][0]
    for below in FOLDERS:
        if is_plain(name) and (root / below / name).is_dir():
            return root / below
    raise DataMissing(
        f"{file}:{body[0][0]}: no folder {name} in {root}", hint=f"looked in {', '.join(FOLDERS[:-1])} and beside it"
    )


def _photo(gathering: Gathering, people: Path, name: str, number: int, line: int) -> int:
    found = numbered_photo(people, name, number)
    if found is None:
        raise wrong(gathering.file, line, f"no photo {name}/{name}_{number:04d} in {people}")
    return gathering.photo(found, name)
