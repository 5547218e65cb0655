"""Who is on which photo: a folder an identity, several sets joined, nobody who is in a test set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from masquerade.datasets.identities.sharing import shared_identities
from masquerade.errors import ClassEmpty, DataMissing, IdentitiesShared, NoImages, StudyInvalid
from masquerade.image import PICTURE_SUFFIXES
from masquerade.settings import get_settings
from masquerade.training.study.faces import TEST, TRAIN

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of one person.

    Attributes:
        key: set and path below it, the same on every machine.
        path: its file.
    """

    key: str
    path: Path


@dataclass(frozen=True, slots=True)
class Person:
    """One identity.

    Attributes:
        name: ``SET/FOLDER``, or ``FOLDER`` where sets are joined by name.
        folder: name of the folder.
        photos: sorted by key.
    """

    name: str
    folder: str
    photos: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class People:
    """Identities of one or several sets.

    Attributes:
        persons: sorted by name.
        remarks: a line for each thing that was left out or may surprise.
    """

    persons: tuple[Person, ...]
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the persons."""
        return len(self.persons)

    def but(self, persons: Iterable[Person], *remarks: str) -> People:
        """The same with other persons and more remarks."""
        return People(tuple(persons), (*self.remarks, *remarks))


def read_people(data: Sequence[Path], join_names: bool = False) -> People:
    """List the identities of sets.

    A folder that holds pictures is an identity, and so is all that lies below it; folders above it are sets.

    Args:
        data: folders.
        join_names: whether folders of one name in several sets show one person. Without it they are taken apart, which
            is wrong for parts of one collection, and right for sets that number their people each for itself.

    Raises:
        DataMissing: a folder is not there or cannot be read.
        NoImages: a folder has no folder with pictures in it.
        StudyInvalid: an identity is named twice, as by a set and a folder above it.
    """
    found: dict[str, list[Photo]] = {}
    known: set[Path] = set()
    folders: dict[str, str] = {}
    sets_of: dict[str, set[str]] = {}
    remarks: list[str] = []
    for root, label in zip(data, labels_of(data), strict=True):
        stray = _stray(root)
        if stray:
            remarks.append(f"{root}: {stray} pictures beside the folders of identities left out")
        for folder, photos in _identities(root):
            if folder.resolve() in known:
                raise StudyInvalid(f"{folder} is named twice", hint="name each set once, and none inside another")
            known.add(folder.resolve())
            place = folder.relative_to(root)
            above = label if place.parent == Path() else f"{label}/{place.parent.as_posix()}"
            name = folder.name if join_names else f"{above}/{folder.name}"
            folders[name] = folder.name
            sets_of.setdefault(folder.name, set()).add(above)
            listed = [Photo(f"{label}/{photo.relative_to(root).as_posix()}", photo) for photo in photos]
            found.setdefault(name, []).extend(listed)
    several = sorted(name for name, sets in sets_of.items() if len(sets) > 1)
    if several and not join_names:
        remarks.append(
            f"{len(several)} names stand in several sets and are taken for different people ({_some(several)}); "
            "if they are the same: --join-names"
        )
    persons = [
        Person(name, folders[name], tuple(sorted(photos, key=lambda photo: photo.key)))
        for name, photos in sorted(found.items())
    ]
    return People(tuple(persons), tuple(remarks))


def labels_of(data: Sequence[Path]) -> list[str]:
    """A name for each set: that of its folder, numbered where two are alike."""
    names: list[str] = []
    for root in data:
        name, number = root.name or "data", 2
        while name in names:
            name, number = f"{root.name}-{number}", number + 1
        names.append(name)
    return names


def _stray(root: Path) -> int:
    try:
        return sum(path.suffix.lower() in PICTURE_SUFFIXES for path in root.iterdir() if path.is_file())
    except OSError as error:
        raise DataMissing(f"{root}: {error.strerror}", hint="name a folder with a folder an identity") from error


def _identities(root: Path) -> list[tuple[Path, list[Path]]]:
    """The identity folders below a set, sorted, with the pictures in them and below."""

    def refuse(error: OSError) -> None:
        raise DataMissing(f"{error.filename}: {error.strerror}", hint="make the folder readable, or take it away")

    found: dict[Path, list[Path]] = {}
    owner: dict[Path, Path] = {}
    for place, folders, files in os.walk(root, followlinks=True, onerror=refuse):
        folder = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        pictures = [folder / name for name in sorted(files) if _is_picture(name)]
        above = owner.get(folder.parent) if folder != root else None
        mine = above or (folder if pictures and folder != root else None)
        if mine is not None:
            owner[folder] = mine
            found.setdefault(mine, []).extend(pictures)
    if not found:
        raise NoImages(f"{root} has no folder with pictures", hint="expected a folder an identity, as SET/NAME/1.jpg")
    return sorted(found.items())


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES


def find_set(named: Path) -> Path:
    """The folder of a test set: as named, or of that name below the setting ``data_root``.

    Raises:
        DataMissing: neither is there.
    """
    root = get_settings().data_root
    for path in (named, *([] if root is None else [root / named])):
        if path.is_dir():
            return path
    raise DataMissing(f"{named}: no such folder", hint="name a folder, or a set below MASQUERADE_DATA")


def without_shared(people: People, test_sets: Sequence[tuple[str, People]], drop: bool) -> People:
    """Leave out the identities that are in a test set by name, or refuse them.

    Args:
        people: to train on.
        test_sets: names of the sets, and who is in them.
        drop: whether to leave them out.

    Raises:
        IdentitiesShared: there are some, and ``drop`` is False; the message lists them.
    """
    for name, other in test_sets:
        mine = (person.folder for person in people.persons)
        known = {one for one, _ in shared_identities(mine, (person.folder for person in other.persons))}
        shared = [person for person in people.persons if person.folder in known]
        if not shared:
            continue
        names = _some([person.name for person in shared])
        if not drop:
            raise IdentitiesShared(
                f"{len(shared)} identities are in the test set {name} too: {names}",
                hint="--drop-shared leaves them out of training",
            )
        gone = {person.name for person in shared}
        people = people.but(
            (person for person in people.persons if person.name not in gone),
            f"{len(shared)} identities left out of training, since the test set {name} has them: {names}",
        )
    return people


def choose(people: People, least: int, identities: int | None, photos: int | None, seed: int) -> People:
    """Take the persons with photos enough, so many of them, so many photos of each.

    Args:
        people: all.
        least: photos that a person must have.
        identities: how many persons, drawn by the seed; None for all.
        photos: most photos of each, drawn by the seed; None for all.
        seed: of what is drawn; a name's chance does not depend on the other names.
    """
    enough = [person for person in people.persons if len(person.photos) >= least]
    remarks = []
    if len(enough) < len(people):
        remarks.append(f"{len(people) - len(enough)} identities with fewer than {least} photos left out")
    if identities is not None and identities < len(enough):
        remarks.append(f"{len(enough) - identities} identities left out, as {identities} were asked for")
        enough = sorted(enough, key=lambda person: rank(seed, "take", person.name))[:identities]
    if photos is not None:
        enough = [
            replace(
                person,
                photos=tuple(
                    sorted(
                        sorted(person.photos, key=lambda photo: rank(seed, "photo", photo.key))[:photos],
                        key=lambda photo: photo.key,
                    )
                ),
            )
            for person in enough
        ]
    return people.but(sorted(enough, key=lambda person: person.name), *remarks)


def part_of(people: People, share: float, seed: int) -> dict[str, str]:
    """Deal whole identities out to the training part and the test part.

    Args:
        people: with usable photos.
        share: of the identities that is for the test; 0 for none.
        seed: of the draw.

    Returns:
        Name of each person, sorted, to ``train`` or ``test``.

    Raises:
        ClassEmpty: a part would have fewer than two identities.
    """
    count = round(share * len(people))
    if share > 0:
        count = max(2, count)
    if len(people) - count < 2:
        raise ClassEmpty(
            f"{len(people)} identities with photos enough, {count} of them for the test: too few to learn from",
            hint="add identities, or ask for fewer photos of each (--min-photos)",
        )
    drawn = sorted((person.name for person in people.persons), key=lambda name: rank(seed, "test", name))
    test = set(drawn[:count])
    return {person.name: TEST if person.name in test else TRAIN for person in people.persons}


def rank(seed: int, what: str, name: str) -> bytes:
    """A number by chance that depends on nothing but these, to sort by."""
    return hashlib.blake2b(f"{seed}/{what}/{name}".encode("utf-8", "surrogateescape"), digest_size=8).digest()


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
