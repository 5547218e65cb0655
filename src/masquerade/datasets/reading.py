"""Read a labelled set in any of the known layouts: nothing is dropped without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from masquerade.datasets.layouts import LAYOUTS, Found, Layout, Problems, Row, Sheet, Source
from masquerade.datasets.names import Meaning, Names
from masquerade.datasets.types import LABELS, DataSet, LabelledPhoto, reason
from masquerade.errors import ExtraMissing, ImageError, LabelInvalid
from masquerade.files import absolute
from masquerade.image import read_header

ROUNDING = 1.0
"""Pixels by which a box may reach beyond its photo without being a problem; it is clipped all the same."""
WHOLE = (0.1, 0.1, 0.9, 0.9)
"""The face in a tight crop, in shares of its sides."""


def read_set(
    path: Path,
    *,
    layout: str | None = None,
    images: Path | None = None,
    classes: Mapping[str, str] | None = None,
    name: str | None = None,
    whole: bool = False,
    strict: bool = False,
) -> DataSet:
    """Read one set of labelled photos.

    Args:
        path: its folder, or its label file.
        layout: one of ``LAYOUTS``; told from the files when None.
        images: folder of the photos, where they lie elsewhere.
        classes: names of classes to words of ``LABELS``, before the known ones; "" leaves a class out.
        name: of the set; that of its folder when None.
        whole: each photo is a tight crop of a face (layout ``folders``): the box is its middle 80 %.
        strict: raise at the first problem.

    Raises:
        DataMissing: ``path`` or ``images`` leads nowhere.
        LabelInvalid: the layout is unknown or cannot be told, the files are not of that layout, ``classes`` names
            an unknown label, or in strict mode there is a problem.
        ExtraMissing: the list of classes is YAML, and PyYAML is not installed.
    """
    source = Source(Path(path), images, Names(classes))
    chosen = _layout(source, layout)
    if whole and not chosen.whole_photos:
        raise LabelInvalid(f"{path}: the layout {chosen.name} has boxes; whole photos are for folders alone")
    problems = Problems(strict)
    found = chosen.read(source, problems)
    if not found.files:
        first = f": {problems[0]}" if problems else ""
        raise LabelInvalid(f"{path}: nothing here is {chosen.looks}{first}")
    return _Assembly(source, chosen, found, problems, name or absolute(source.root).name, whole).finish()


def join_sets(sets: Sequence[DataSet]) -> tuple[LabelledPhoto, ...]:
    """Join sets into one list of photos, whatever their classes are called.

    Raises:
        LabelInvalid: no class of a set is known, or two photos have the same key; names both sets.
    """
    strangers = [one for one in sets if one.names and all(label is None for label in one.names.values())]
    if strangers:
        others = [one for one in sets if one is not strangers[0]]
        said = "; ".join(f"{one.root} has {', '.join(sorted(one.names)) or 'none'}" for one in [strangers[0], *others])
        raise LabelInvalid(
            f"classes that stand for no label: {said}", hint=f"map them to {', '.join(LABELS)} with classes"
        )
    owners: dict[str, DataSet] = {}
    for one in sets:
        for photo in one.photos:
            other = owners.setdefault(photo.key, one)
            if other is not one:
                raise LabelInvalid(
                    f"{other.root} and {one.root} both have a photo {photo.key}",
                    hint="rename one of the folders, or read it with another name",
                )
    return tuple(photo for one in sets for photo in one.photos)


def _layout(source: Source, name: str | None) -> Layout:
    looks = "; ".join(f"{one.name}: {one.looks}" for one in LAYOUTS.values())
    if name is not None:
        if name not in LAYOUTS:
            raise LabelInvalid(f"layout {name!r} is not known; expected one of {looks}")
        return LAYOUTS[name]
    fitting = [one for one in LAYOUTS.values() if not one.whole_photos and one.recognises(source)]
    fitting = fitting or [one for one in LAYOUTS.values() if one.whole_photos and one.recognises(source)]
    if len(fitting) == 1:
        return fitting[0]
    found = " and ".join(one.name for one in fitting) or "none of the known layouts"
    raise LabelInvalid(f"{source.path} looks like {found}; expected one of {looks}", hint="name the layout")


class _Assembly:
    """Turns the sheets of a reader into photos; checks photos, names and boxes on the way."""

    def __init__(
        self, source: Source, layout: Layout, found: Found, problems: Problems, name: str, whole: bool
    ) -> None:
        self._source, self._layout, self._found, self._problems = source, layout, found, problems
        self._name, self._whole = name, whole
        self._labels_only = not source.all_pictures
        self._left_out: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._names: dict[str, str | None] = {}
        self._seen: dict[Path, Sheet] = {}
        self._notes = list(found.notes)
        self._clipped = 0
        self._useless = 0

    def finish(self) -> DataSet:
        """Go through all sheets."""
        self._leave_masks_out()
        photos = [photo for sheet in self._found.sheets if (photo := self._photo(sheet)) is not None]
        for file, line, name in self._found.classes:
            meaning = self._source.names.meaning(name)
            if name not in self._names and (meaning is None or meaning.label):
                self._problems.say(file, line, "class_empty", f"class {name!r} has no face")
        self._check_pictures()
        if self._clipped:
            self._notes.append(f"{self._clipped} boxes reached up to a pixel beyond their photo and were clipped")
        if self._useless:
            self._notes.append(f"{self._useless} photos have no face that is kept and were left out")
        return DataSet(
            name=self._name,
            layout=self._layout.name,
            root=self._source.path,
            photos=tuple(photos),
            left_out=dict(self._left_out.most_common()),
            problems=tuple(self._problems),
            notes=tuple(self._notes),
            rows={word: self._rows[word] for word in LABELS},
            names=dict(sorted(self._names.items())),
        )

    def _leave_masks_out(self) -> None:
        if self._layout.whole_photos:
            return
        names = {row.name for sheet in self._found.sheets for row in sheet.rows}
        left = self._source.names.leave_masks_out(names | {name for _, _, name in self._found.classes})
        if left is not None:
            self._notes.append(f"class {left!r} stands beside one for faces with masks: taken for the mask, left out")

    def _photo(self, sheet: Sheet) -> LabelledPhoto | None:
        kept = [(row, meaning) for row in sheet.rows if (meaning := self._meaning(sheet, row)) is not None]
        if sheet.rows and not kept:
            self._useless += 1
            if sheet.photo is not None:
                self._seen.setdefault(sheet.photo, sheet)
            return None
        read = self._size(sheet, len(kept))
        if read is None:
            return None
        path, size = read
        place = self._source.place(path)
        labels, kinds, boxes = [], [], []
        listed: dict[tuple[float, ...], Row] = {}
        for row, meaning in kept:
            box = self._box(sheet, row, size)
            if box is None or self._listed_before(sheet, row, box, listed):
                continue
            labels.append(LABELS.index(meaning.label))
            kinds.append(meaning.kind)
            boxes.append(box)
        if kept and not labels:
            return None
        drawn = None if self._layout.whole_photos and not self._whole else np.array(boxes, np.float32).reshape(-1, 4)
        told = tuple(kinds) if any(kinds) else ()
        return LabelledPhoto(self._name, path, tuple(labels), drawn, told, place)

    def _meaning(self, sheet: Sheet, row: Row) -> Meaning | None:
        """What the row's class stands for; None, with its reason counted, when the row is not kept."""
        meaning = self._source.names.meaning(row.name, things=not self._layout.whole_photos)
        self._names[row.name] = None if meaning is None else meaning.label
        if meaning is None:
            hint = f"expected names such as {', '.join(LABELS)}"
            self._problems.say(sheet.file, row.line, "unknown_label", f"unknown class {row.name!r}; {hint}", 1)
            return None
        if not meaning.label:
            self._left_out[row.name] += 1
            return None
        self._rows[meaning.label] += 1
        return meaning

    def _size(self, sheet: Sheet, rows: int) -> tuple[Path, tuple[int, int] | None] | None:
        """The photo and its size, None where only labels are there; None when the photo is of no use."""
        if sheet.photo is None:
            return self._absent(sheet, rows)
        first = self._seen.setdefault(sheet.photo, sheet)
        if first is not sheet:
            before = str(first.file) if first.line is None else f"{first.file}:{first.line}"
            text = f"photo {sheet.name!r} was listed before, {before}"
            self._problems.say(sheet.file, sheet.line, "photo_twice", text, rows)
            return None
        try:
            header = read_header(sheet.photo)
        except (ImageError, ExtraMissing) as error:
            self._problems.say(sheet.photo, None, "photo_unreadable", reason(error, sheet.photo), rows)
            return None
        size = (header.width, header.height)
        if sheet.size is not None and sheet.size != size:
            text = f"the photo is {size[0]} x {size[1]}, stated are {sheet.size[0]} x {sheet.size[1]}"
            self._problems.say(sheet.file, sheet.line, "size_differs", text)
        return sheet.photo, size

    def _absent(self, sheet: Sheet, rows: int) -> tuple[Path, tuple[int, int] | None] | None:
        """Keep the labels alone where no photo of the set is there at all, and boxes need no size."""
        folder = self._source.photo_folder
        kept = self._labels_only and bool(sheet.name) and (sheet.size is not None or not sheet.in_shares)
        text = f"photo {sheet.name!r} is not in {folder}, or more than once"
        if self._labels_only:
            text = f"photo {sheet.name!r} is absent"
        self._problems.say(sheet.file, sheet.line, "photo_absent", text, 0 if kept else rows)
        if not kept:
            return None
        expected = folder / Path(sheet.name.replace("\\", "/")).name
        first = self._seen.setdefault(expected, sheet)
        if first is not sheet:
            self._problems.say(sheet.file, sheet.line, "photo_twice", f"photo {sheet.name!r} was listed before", rows)
            return None
        return expected, sheet.size

    def _box(self, sheet: Sheet, row: Row, size: tuple[int, int] | None) -> tuple[float, ...] | None:
        """The box in pixels, clipped to the photo; None, with a problem, when it is none."""
        if row.corners is None:
            width, height = size or (1, 1)
            return tuple(share * side for share, side in zip(WHOLE, (width, height) * 2, strict=True))
        corners = np.array(row.corners, np.float64)
        if corners.shape != (4,) or not np.isfinite(corners).all():
            self._problems.say(sheet.file, row.line, "box_invalid", "the box is incomplete or no numbers", 1)
            return None
        if sheet.in_shares and size is not None:
            corners *= [*size, *size]
        said = " ".join(f"{value:g}" for value in corners)
        if corners[0] >= corners[2] or corners[1] >= corners[3]:
            self._problems.say(sheet.file, row.line, "box_empty", f"box {said} is empty", 1)
            return None
        right, bottom = size or (np.inf, np.inf)
        inside = np.clip(corners, 0, [right, bottom, right, bottom])
        if inside[0] >= inside[2] or inside[1] >= inside[3]:
            self._problems.say(sheet.file, row.line, "box_outside", f"box {said} lies outside its photo", 1)
            return None
        beyond = np.abs(inside - corners).max()
        if beyond > ROUNDING + 1e-6:
            text = f"box {said} reaches {beyond:.0f} pixels beyond its photo; clipped"
            self._problems.say(sheet.file, row.line, "box_clipped", text)
        elif beyond > 1e-3:
            self._clipped += 1
        return tuple(float(value) for value in inside)

    def _listed_before(
        self, sheet: Sheet, row: Row, box: tuple[float, ...], listed: dict[tuple[float, ...], Row]
    ) -> bool:
        """Say whether the same box stood in the sheet before; the first one counts."""
        first = listed.setdefault(box, row)
        if first is row:
            return False
        text = f"the box was listed before, line {first.line}, as {first.name!r}; this one, {row.name!r}, is left out"
        self._problems.say(sheet.file, row.line, "face_twice", text, 1)
        return True

    def _check_pictures(self) -> None:
        """Say which photos have no labels."""
        if self._layout.whole_photos:
            return
        others = len(self._source.all_pictures) - len(self._source.pictures)
        if others:
            self._notes.append(f"{others} pictures outside of {self._source.photo_folder} were left alone")
        if self._labels_only:
            self._notes.append(f"no photo is in {self._source.photo_folder}: only the labels were read")
        bare = [path for path in self._source.pictures if path not in self._seen]
        if self._source.path.is_file():
            if bare:
                self._notes.append(f"{len(bare)} photos beside the label file are not named in it")
            return
        for path in bare:
            self._problems.say(path, None, "photo_unlabelled", "photo without labels")
