"""MFR2, real masked and bare photos of the same people (Anwar and Raychowdhury, arXiv 2008.11104, 2020)."""

from __future__ import annotations

from pathlib import Path

from masquerade.datasets.identities.gathering import (
    Gathering,
    filled,
    number_in,
    numbered_photo,
    read_lines,
    wrong,
)
from masquerade.datasets.identities.types import BARE, PairList
from masquerade.datasets.names import plain
from masquerade.errors import DataMissing
from masquerade.files import absolute

PAIRS, LABELS = "pairs.txt", "mfr2_labels.txt"
UNMASKED = {"nomask", "none", "unmasked", "bare"}
Named = tuple[str, int]


def read_mfr2(root: Path) -> PairList:
    """Read MFR2: folders ``<Name>/<Name>_NNNN.png``, ``mfr2_labels.txt``, ``pairs.txt``.

    A line of the labels is ``Name, number, mask-type``, where ``no-mask`` means a bare face. A line of the pairs is
    ``Name a b`` for one person, ``NameA a NameB b`` for two.

    Args:
        root: its folder.

    Raises:
        DataMissing: a file is not there, or there is no pair.
        LabelInvalid: a line is not of that form, names an absent photo, or a photo of a pair has no label, or two.
    """
    root = absolute(root)
    labels, notes = _labels(root)
    gathering = Gathering(root / PAIRS)
    kinds: dict[Path, str] = {}
    long = 0
    for line, text in filled(read_lines(gathering.file)):
        words = text.replace(",", " ").split()
        if line == 1 and len(words) < 3 and all(word.isdigit() for word in words):
            continue  # a header, as LFW has one
        named = _pair(gathering.file, line, words)
        photos = []
        for name, number in named:
            path = _find(root, name, number, gathering.file, line)
            if (name, number) not in labels:
                raise wrong(gathering.file, line, f"{name} {number} has no line in {LABELS}")
            kinds[path] = labels[name, number]
            photos.append(gathering.photo(path, name))
        same = named[0][0] == named[1][0]
        long += same and len(words) == 4
        gathering.add(photos[0], photos[1], same, line)
    if long:
        notes.append(f"{long} pairs of four words name one person twice; they count as pairs of one person.")
    if len(labels) > len(kinds):
        notes.append(f"{len(labels) - len(kinds)} labelled photos are in no pair.")
    return gathering.finish("mfr2", root, kinds, tuple(notes))


def _pair(file: Path, line: int, words: list[str]) -> tuple[Named, Named]:
    if len(words) == 3:
        a, b = (number_in(word, file, line, "photo", 0) for word in words[1:])
        return (words[0], a), (words[0], b)
    if len(words) == 4:
        a, b = (number_in(words[place], file, line, "photo", 0) for place in (1, 3))
        return (words[0], a), (words[2], b)
    raise wrong(file, line, f"expected Name a b or NameA a NameB b, got {' '.join(words)!r}")


def _find(root: Path, name: str, number: int, file: Path, line: int) -> Path:
    found = numbered_photo(root, name, number)
    if found is None:
        raise wrong(file, line, f"no photo {name}/{name}_{number:04d} in {root}")
    return found


def _labels(root: Path) -> tuple[dict[Named, str], list[str]]:
    """Kind of mask by name and number, and what there is to say of it."""
    file = root / LABELS
    labels: dict[Named, str] = {}
    absent = 0
    for line, text in filled(read_lines(file)):
        words = [word.strip() for word in text.split(",")]
        if line == 1 and len(words) == 3 and not words[1].isdigit():
            continue  # the names of the columns
        if len(words) != 3 or not words[2]:
            raise wrong(file, line, f"expected Name, number, mask-type, got {text!r}")
        key = (words[0], number_in(words[1], file, line, "number", 0))
        kind = BARE if plain(words[2]) in UNMASKED else words[2].casefold()
        if labels.setdefault(key, kind) != kind:
            raise wrong(file, line, f"{words[0]} {key[1]} is labelled {labels[key]} already")
        absent += numbered_photo(root, *key) is None
    if not labels:
        raise DataMissing(f"{file} has no label")
    return labels, [f"{absent} labels name a photo that is not there."] if absent else []
