"""The faces of a run: read, chosen, aligned, dealt out to the training part, the test part and test sets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import ClassEmpty
from masquerade.training.recognition.aligned import AlignedFaces, align_photos
from masquerade.training.recognition.people import (
    People,
    Person,
    Photo,
    choose,
    find_set,
    labels_of,
    part_of,
    read_people,
)
from masquerade.training.recognition.people import without_shared as refuse_shared
from masquerade.training.recognition.plan import RecognitionPlan
from masquerade.training.study.faces import TEST, TRAIN
from masquerade.training.study.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """n faces of several people.

    Attributes:
        name: ``train``, ``test``, or name of a test set.
        faces: from which they are taken.
        index: (n,) which of them.
        labels: (n,) int64, number of each one's person in ``persons``.
        persons: names.
    """

    name: str
    faces: AlignedFaces
    index: NDArray[np.intp]
    labels: NDArray[np.int64]
    persons: tuple[str, ...]

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.index)


@dataclass(frozen=True, slots=True, eq=False)
class RunFaces:
    """All faces of a run.

    Attributes:
        train: to learn from.
        test: of other people, to measure on; empty where none were kept.
        sets: test sets.
        split: rows of photo, identity and part.
        failed: rows of photo, code and message.
        counts: how many there are, for the result.
        remarks: a line for each thing that was left out.
    """

    train: Part
    test: Part
    sets: tuple[Part, ...]
    split: tuple[tuple[str, str, str], ...]
    failed: tuple[tuple[str, str, str], ...]
    counts: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def prepare(plan: RecognitionPlan, cache: Path, progress: Progress) -> RunFaces:
    """Read the people of a plan, refuse those of test sets, align their faces, and deal them out.

    Raises:
        DataMissing, NoImages: a folder cannot be used.
        IdentitiesShared: a person is in a test set too.
        ClassEmpty: too few people have photos with a face.
        WorkerLost, DestinationUnusable: the photos cannot be aligned, or not kept.
    """
    places = [find_set(path) for path in plan.test_sets]
    tests = [(name, read_people([place])) for name, place in zip(labels_of(places), places, strict=True)]
    people = refuse_shared(read_people(plan.data, plan.join_names), tests, plan.drop_shared)
    chosen = choose(people, plan.min_photos, plan.identities, plan.photos, plan.seed)
    _refuse_few(chosen, plan.min_photos)
    everyone = [chosen, *(other for _, other in tests)]
    aligned = [align_photos(_photos(some), cache, progress) for some in everyone]
    usable = _usable(chosen, aligned[0], plan.min_photos)
    _refuse_few(usable, plan.min_photos)
    parts = part_of(usable, plan.test_identities, plan.seed)
    train, test = (_part(name, usable, aligned[0], parts) for name in (TRAIN, TEST))
    sets = tuple(
        _part(name, _usable(other, faces, 1), faces) for (name, other), faces in zip(tests, aligned[1:], strict=True)
    )
    split = [(photo.key, person.name, parts[person.name]) for person in usable.persons for photo in person.photos]
    failed = [(key, *why) for faces in aligned for key, why in faces.failed.items()]
    counts = {part.name: {"identities": len(part.persons), "photos": len(part)} for part in (train, test)}
    return RunFaces(
        train=train,
        test=test,
        sets=sets,
        split=tuple(sorted(split)),
        failed=tuple(sorted(failed)),
        counts=counts
        | {
            "sets": [path.name for path in plan.data],
            "test_sets": {part.name: {"identities": len(part.persons), "photos": len(part)} for part in sets},
            "failed": len(failed),
        },
        remarks=usable.remarks,
    )


def _photos(people: People) -> list[Photo]:
    return [photo for person in people.persons for photo in person.photos]


def _usable(people: People, faces: AlignedFaces, least: int) -> People:
    """The people with the photos that gave a face, where these are enough."""
    good = {photo.key for photo in faces.photos}
    left = [
        Person(person.name, person.folder, tuple(photo for photo in person.photos if photo.key in good))
        for person in people.persons
    ]
    enough = [person for person in left if len(person.photos) >= least]
    remarks = []
    if faces.failed:
        remarks.append(f"{len(faces.failed)} photos gave no face: see failed.csv")
    if len(enough) < len(left):
        remarks.append(f"{len(left) - len(enough)} identities left out, as fewer than {least} photos gave a face")
    return people.but(enough, *remarks)


def _refuse_few(people: People, least: int) -> None:
    if len(people) < 2:
        raise ClassEmpty(
            f"{len(people)} identities have {least} photos or more: too few to tell apart",
            hint="add identities, or ask for fewer photos of each (--min-photos)",
        )


def _part(name: str, people: People, faces: AlignedFaces, parts: Mapping[str, str] | None = None) -> Part:
    place = {photo.key: index for index, photo in enumerate(faces.photos)}
    persons = [person for person in people.persons if parts is None or parts[person.name] == name]
    rows = [(place[photo.key], number) for number, person in enumerate(persons) for photo in person.photos]
    index, labels = np.array(rows, np.int64).reshape(-1, 2).T
    return Part(name, faces, index.astype(np.intp), labels, tuple(person.name for person in persons))


def encoded(header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> bytes:
    """Rows as CSV, for ``split.csv`` and ``failed.csv``."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogateescape")
