"""All photos of an evaluation enrolled: one row of templates for each version of a photo, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities import BARE, PairList
from masquerade.errors import TemplateOfAnotherModel
from masquerade.evaluation.recognition.photos import NOT_DRAWN, Reader, Wanted, read_photos
from masquerade.evaluation.recognition.tracing import Names
from masquerade.files import make_folder
from masquerade.identity import Failed, Templates, get_embedder

Ints = NDArray[np.intp]

NONE = -1
"""Row of a version that gave no template."""
UNDRAWN = -2
"""Row of a version on which no mask could be drawn, or none was wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """Templates of the p photos of a list of pairs.

    Attributes:
        templates: rows of all versions.
        bare: (p,) row of each photo as it is, -1 where it gave no template.
        drawn: (p,) row of each photo with a mask drawn on, -1 where it gave no template, -2 where there is no mask.
        kinds: (p,) str, the kind of mask that is drawn on each photo.
        failed: photos as they are that gave no template, and why.
        drawn_failed: the same of photos with a mask drawn on.
        not_drawn: photos on which no mask could be drawn, and why.
        untraced: templates that were taken from a file that does not tell what they were made of.
    """

    templates: Templates
    bare: Ints
    drawn: Ints
    kinds: NDArray[np.str_]
    failed: tuple[Failed, ...]
    drawn_failed: tuple[Failed, ...]
    not_drawn: tuple[Failed, ...]
    untraced: int = 0

    def rows(self, drawn: bool) -> Ints:
        """The rows of one version."""
        return self.drawn if drawn else self.bare


@dataclass(slots=True)
class _Gathered:
    """Templates and failures by the name of a version, as they come in."""

    parts: list[Templates] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    failures: dict[str, Failed] = field(default_factory=dict)
    count: int = 0
    untraced: int = 0

    def add(self, name: str, found: Templates | Failed) -> None:
        if isinstance(found, Failed):
            self.failures[name] = Failed(name, found.code, found.message)
            return
        self.parts.append(_named(found, name))
        self.rows[name] = self.count
        self.count += 1

    def knows(self, name: str) -> bool:
        return name in self.rows or name in self.failures

    def row(self, name: str) -> int:
        if name in self.rows:
            return self.rows[name]
        return UNDRAWN if self.failures[name].code == NOT_DRAWN else NONE


def enrol(
    pairs: PairList,
    masked: Sequence[int],
    reader: Reader,
    *,
    file: Path | None = None,
    workers: int = 1,
    started: Callable[[int], object] = lambda _: None,
    progress: Callable[[], object] = lambda: None,
) -> Enrolment:
    """Make the templates of all photos, each once.

    Args:
        pairs: whose photos.
        masked: indices of the photos that are wanted with a mask drawn on, too.
        reader: how photos are read, and which masks are drawn.
        file: templates are taken from this file where it is there, and written to it where it is not.
        workers: processes.
        started: is told how many photos will be read.
        progress: called after each photo.

    Raises:
        TemplatesInvalid: the file is damaged.
        TemplateOfAnotherModel: the file's are of another model.
        ModelError: a model cannot be used.
        DestinationUnusable: the file cannot be written.
    """
    embedder = get_embedder(reader.model)
    names = Names.of(pairs, reader)
    found = _Gathered()
    kept = file is not None and file.exists()
    if file is not None and kept:
        found.untraced = _take(found, Templates.load(file), embedder.id, str(file), names)
    elif file is not None:
        make_folder(file.parent)  # now, not after hours of work
    chosen = set(map(int, masked))
    wanted = [
        Wanted(
            photo=photo,
            path=path,
            name=pairs.place(photo),
            drawn=photo in chosen,
            known_bare=pairs.kinds is not None and pairs.kinds[photo] == BARE,
            known_masked=pairs.kinds is not None and pairs.kinds[photo] != BARE,
        )
        for photo, path in enumerate(pairs.photos)
        if not found.knows(names.bare(photo)) or (photo in chosen and not found.knows(names.drawn(photo)))
    ]
    started(len(wanted))
    with closing(read_photos(reader, wanted, workers, progress)) as every:
        for read in every:
            if not found.knows(names.bare(read.photo)):
                found.add(names.bare(read.photo), read.bare)
            if read.drawn is not None:
                found.add(names.drawn(read.photo), read.drawn)
    empty = Templates.empty(embedder.id, embedder.dimensions, tuple(found.failures.values()))
    templates = Templates.joined([*found.parts, empty])
    if file is not None and not kept:
        templates.save(file)
    return _finish(pairs, chosen, names, found, templates)


def _take(found: _Gathered, templates: Templates, model: str, file: str, names: Names) -> int:
    """Take what a file has of these photos, and count those of which it does not tell what they were made of.

    Plain names, as ``masquerade embed`` writes them, stand for the largest face. Where a photo has several faces, or
    one that was refused, nothing tells which is the largest: it is read again.
    """
    if templates.model != model:
        raise TemplateOfAnotherModel(
            f"{file}: holds templates of {templates.model}, not of {model}", hint="name another file, or --model"
        )
    counts = Counter([*templates.photos.tolist(), *(one.photo for one in templates.failed)])
    plain = names.plain()
    untraced = 0
    for row, name in enumerate(templates.photos.tolist()):
        if counts[name] > 1:
            continue
        traced = "#" in name
        tagged = name if traced else plain.get(str(Path(name).absolute()))
        if tagged is not None:
            found.add(tagged, templates[row])
            untraced += not traced
    for failure in templates.failed:
        if "#" in failure.photo:
            found.add(failure.photo, failure)
    return untraced


def _named(templates: Templates, name: str) -> Templates:
    return Templates(
        templates.model,
        np.full(len(templates), name),
        templates.boxes,
        templates.template,
        templates.masked,
        templates.template_masked,
    )


def _finish(pairs: PairList, chosen: set[int], names: Names, found: _Gathered, templates: Templates) -> Enrolment:
    photos = range(len(pairs.photos))
    bare = np.array([found.row(names.bare(photo)) for photo in photos], np.intp)
    drawn = np.array([found.row(names.drawn(photo)) if photo in chosen else UNDRAWN for photo in photos], np.intp)
    told: dict[str, list[Failed]] = {"bare": [], "drawn": [], "not": []}
    for photo in photos:
        for name, key in ((names.bare(photo), "bare"), (names.drawn(photo), "drawn")):
            failure = found.failures.get(name)
            if failure is not None and (key == "bare" or photo in chosen):
                told["not" if failure.code == NOT_DRAWN else key].append(
                    Failed(pairs.place(photo), failure.code, failure.message)
                )
    return Enrolment(
        templates=templates,
        bare=bare,
        drawn=drawn,
        kinds=np.array([names.reader.drawing.kind_for(pairs.place(photo)) for photo in photos], np.str_),
        failed=tuple(told["bare"]),
        drawn_failed=tuple(told["drawn"]),
        not_drawn=tuple(told["not"]),
        untraced=found.untraced,
    )
