"""Templates of many photos, on the cores that the settings allow."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from masquerade.errors import ExtraMissing, FacesInvalid, FaceUnusable, ImageError
from masquerade.identity import Embedder, Templates, get_embedder
from masquerade.recognising.choosing import Which, check_which
from masquerade.recognising.drawn import STANDARD, DrawnMasks
from masquerade.recognising.enrolling import photo_name, templates_of
from masquerade.recognising.floor import QualityFloor
from masquerade.recognising.processes import in_processes
from masquerade.settings import get_settings

WORTH = 12
"""Photos for each process that make up for its start."""


def templates_of_photos(
    paths: Sequence[str | os.PathLike[str]],
    *,
    faces: Which = "largest",
    embedder: Embedder | None = None,
    floor: QualityFloor | None = None,
    drawn: DrawnMasks = STANDARD,
    workers: int | None = None,
    progress: Callable[[], object] = lambda: None,
) -> Templates:
    """Make the templates of the faces of many photos.

    Args:
        paths: of the photos; photos with the same content each keep their name.
        faces: ``one`` expects a single face in each; ``largest`` takes the largest, ``all`` every one.
        embedder: by default that of the setting ``identity_model``.
        floor: least quality of a face.
        drawn: which masks are drawn on bare faces.
        workers: processes; by default as many as the setting ``threads``, fewer for few photos.
        progress: called after each photo.

    Returns:
        Templates in the order of the photos. A photo that gave none stands in ``failed``, and does not stop the rest.

    Raises:
        ModelError: a model cannot be used.
        WorkerLost: a process ended.
        ValueError: ``faces`` is none of the three.
    """
    check_which(faces)
    embedder = embedder or get_embedder()
    count = min(get_settings().threads, max(1, len(paths) // WORTH)) if workers is None else workers
    work = partial(_attempt, faces=faces, model=embedder.name, floor=floor, drawn=drawn)
    parts = [Templates.empty(embedder.id, embedder.dimensions)]
    with closing(in_processes(work, list(map(photo_name, paths)), count)) as found:
        for part in found:
            parts.append(part)
            progress()
    return Templates.joined(parts)


def _attempt(path: str, faces: Which, model: str, floor: QualityFloor | None, drawn: DrawnMasks) -> Templates:
    """The templates of one photo, or its failure."""
    embedder = get_embedder(model)
    try:
        return templates_of(path, faces=faces, embedder=embedder, floor=floor, drawn=drawn)
    except (FaceUnusable, ImageError, ExtraMissing, FacesInvalid) as error:
        failed = (path, error.code, error.message)
        return Templates.empty(embedder.id, embedder.dimensions, [failed])
