"""Pairs, galleries and probes made of identities."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities.types import BARE, NO_FOLD, IdentitySet, Ints, PairList
from masquerade.errors import DataMissing

IMPOSTORS = 30_000
"""Impostor pairs that are taken by default: the least of which a false match rate of 1e-4 can be told."""


def pairs_of(identities: IdentitySet, impostors: int | Literal["all"] = IMPOSTORS, seed: int = 0) -> PairList:
    """Pair photos: all genuine pairs, and impostor pairs.

    Args:
        identities: of whom.
        impostors: how many at most, drawn by chance without repeats; ``all`` takes every one.
        seed: of the draw.

    Raises:
        DataMissing: there is neither a genuine nor an impostor pair.
    """
    owners = identities.owners
    genuine = genuine_pairs(owners)
    others = impostor_pairs(owners, impostors, np.random.default_rng(seed))
    first, second = np.concatenate([genuine, others]).T
    if not len(first):
        raise DataMissing(f"{identities.root} holds one photo alone: there is no pair")
    possible = _impostors_of(owners)
    notes = [f"{len(genuine)} genuine pairs, all of them; {len(others)} of {possible} impostor pairs."]
    if identities.empty:
        notes.append(f"{len(identities.empty)} identities have no photo: {_some(identities.empty)}.")
    alone = int((identities.counts() == 1).sum())
    if alone:
        notes.append(f"{alone} identities have one photo: they are in impostor pairs alone.")
    return PairList(
        name=identities.name,
        root=identities.root,
        photos=identities.photos,
        subjects=np.array(identities.names, np.str_)[owners],
        kinds=None,
        first=first,
        second=second,
        same=owners[first] == owners[second],
        folds=np.full(len(first), NO_FOLD, np.int64),
        notes=tuple(notes),
    )


def genuine_pairs(owners: Ints) -> Ints:
    """All pairs (n, 2) of photos of one owner, the lower index first."""
    found = [np.zeros((0, 2), np.intp)]
    order = np.argsort(owners, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(owners[order])) + 1):
        rows, columns = np.triu_indices(len(members), 1)
        found.append(np.stack([members[rows], members[columns]], axis=1))
    return np.concatenate(found)


def impostor_pairs(
    owners: Ints,
    count: int | Literal["all"],
    rng: np.random.Generator,
    first: Ints | None = None,
    second: Ints | None = None,
) -> Ints:
    """Draw pairs of photos of different owners, each once.

    Args:
        owners: (p,) of the photos.
        count: how many at most; ``all`` takes every one.
        rng: source of chance.
        first: photos that stand first; when None any photo, the lower index first.
        second: photos that stand second; None as ``first``.

    Returns:
        (n, 2) indices of photos, sorted.
    """
    photos = len(owners)
    anywhere = first is None or second is None
    one = np.arange(photos) if first is None or second is None else np.unique(first)
    other = one if first is None or second is None else np.unique(second)
    possible = _impostors_of(owners) if anywhere else _crossed(owners[one], owners[other])
    wanted = possible if count == "all" else min(count, possible)
    if 2 * wanted >= possible:
        rows, columns = np.nonzero(owners[one][:, None] != owners[other][None])
        codes = _codes(one[rows], other[columns], photos, anywhere)
        codes = np.unique(codes)
        codes = np.sort(rng.choice(codes, wanted, replace=False)) if wanted < possible else codes
    else:
        codes = np.zeros(0, np.int64)
        while len(codes) < wanted:
            a, b = rng.choice(one, 2 * wanted), rng.choice(other, 2 * wanted)
            differ = owners[a] != owners[b]
            codes = np.concatenate([codes, _codes(a[differ], b[differ], photos, anywhere)])
            codes = codes[np.sort(np.unique(codes, return_index=True)[1])]
        codes = np.sort(codes[:wanted])
    return np.stack(np.divmod(codes.astype(np.intp), max(1, photos)), axis=1)


def _codes(a: Ints, b: Ints, photos: int, unordered: bool) -> NDArray[np.int64]:
    """A number for each pair; for a pair and its reverse the same, where order means nothing."""
    low, high = (np.minimum(a, b), np.maximum(a, b)) if unordered else (a, b)
    return np.asarray(low.astype(np.int64) * photos + high, np.int64)


def _impostors_of(owners: Ints) -> int:
    counts = np.bincount(owners)
    return int((len(owners) ** 2 - (counts**2).sum()) // 2)


def _crossed(a: Ints, b: Ints) -> int:
    """Pairs of different owners of an item of ``a`` and one of ``b``."""
    top = int(max(a.max(initial=0), b.max(initial=0))) + 1
    return len(a) * len(b) - int((np.bincount(a, minlength=top) * np.bincount(b, minlength=top)).sum())


def _some(names: tuple[str, ...], shown: int = 5) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def limit(pairs: PairList, count: int) -> PairList:
    """Take ``count`` pairs, spread evenly over the list, so that folds and both sorts stay in proportion."""
    if count >= len(pairs):
        return pairs
    return pairs[np.linspace(0, len(pairs) - 1, count).round().astype(np.intp)]


class Gallery(NamedTuple):
    """Who is known, and who is looked for: indices of photos.

    Attributes:
        name: in words.
        gallery: photos of those who are known.
        probes: photos that are looked for among them.
    """

    name: str
    gallery: Ints
    probes: Ints


def gallery_of(pairs: PairList) -> list[Gallery]:
    """Choose galleries and probes for identification.

    Where labels tell that some are masked, the gallery is bare and the probes are masked: against one bare photo of
    each subject, and against all of them. Else the first photo of each subject is the gallery, the
    others are the probes.
    Probes whose subject is not in the gallery are left out.
    """
    _, subjects = np.unique(pairs.subjects, return_inverse=True)
    photos = np.arange(len(pairs.photos))
    if pairs.kinds is None or (pairs.kinds == BARE).all():
        first = _first_each(subjects, photos)
        return [_gallery("one photo each", subjects, first, np.setdiff1d(photos, first))]
    bare, masked = photos[pairs.kinds == BARE], photos[pairs.kinds != BARE]
    return [
        _gallery("one bare photo each, masked probes", subjects, _first_each(subjects, bare), masked),
        _gallery("every bare photo, masked probes", subjects, bare, masked),
    ]


def _first_each(subjects: NDArray[np.intp], photos: Ints) -> Ints:
    return photos[np.sort(np.unique(subjects[photos], return_index=True)[1])]


def _gallery(name: str, subjects: NDArray[np.intp], gallery: Ints, probes: Ints) -> Gallery:
    return Gallery(name, gallery, probes[np.isin(subjects[probes], subjects[gallery])])
