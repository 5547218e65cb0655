"""Photos to templates for an evaluation: each photo once as it is, and once with a mask drawn on it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import ExtraMissing, FacesInvalid, FaceUnusable, ImageError
from masquerade.faces import Faces, find_faces
from masquerade.identity import Failed, Templates, get_embedder
from masquerade.image import read_image
from masquerade.masks import Choice, apply, draw
from masquerade.masks.batch.photo import chance_of
from masquerade.masks.types import Kind
from masquerade.recognising import choose_faces, in_processes, read_templates, usable_among

Chosen = Literal["central", "largest"]
CHOSEN: tuple[Chosen, ...] = get_args(Chosen)
MEDICAL: tuple[Kind, ...] = ("surgical", "n95", "kn95", "ffp2", "cloth")
"""Kinds of mask that are drawn by default."""
NOT_DRAWN = "not_drawn"
"""Code of a photo on which no mask could be drawn: no fault of the recogniser, its pairs are left out and counted."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Which mask is drawn on a photo; it follows from the seed and the photo's name alone.

    Attributes:
        seed: of kind, colour and fit.
        kinds: one of them each photo, each as likely as the others.
    """

    seed: int = 0
    kinds: tuple[Kind, ...] = MEDICAL

    def kind_for(self, name: str) -> Kind:
        """The kind that a photo gets."""
        return self._start(name)[0]

    def on(self, image: NDArray[np.uint8], face: Faces, name: str) -> NDArray[np.uint8] | str:
        """Draw it on the one face given; a text says why none could be drawn."""
        kind, rng = self._start(name)
        plan = draw(rng, face, Choice(kinds=(kind,)))
        if not plan.masks:
            return plan.skipped[0].reason
        masked = apply(image, face, plan)
        return masked.image if masked.masks else "the mask lies outside the photo"

    def _start(self, name: str) -> tuple[Kind, np.random.Generator]:
        rng = chance_of(self.seed, name)
        return self.kinds[int(rng.integers(len(self.kinds)))], rng


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of one photo.

    Attributes:
        photo: its index.
        path: the file.
        name: below the root of its set: what chance goes by.
        drawn: besides the photo as it is, one with a mask drawn on.
        known_bare, known_masked: what its label tells of the face; where it tells nothing the wearing model is asked. A
            mask is drawn on a face alone that has none.
    """

    photo: int
    path: Path
    name: str
    drawn: bool = False
    known_bare: bool = False
    known_masked: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What came of one photo.

    Attributes:
        photo: its index.
        bare: its template, or why there is none.
        drawn: the template of the photo with a mask drawn on, or why there is none; None where it was not wanted.
            The code ``not_drawn`` says that no mask could be drawn.
    """

    photo: int
    bare: Templates | Failed
    drawn: Templates | Failed | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes the templates of photos.

    Attributes:
        model: registered name or ONNX file of the embedder; None stands for the setting.
        faces: ``central`` takes the face on the photo's middle, as LFW defines whose photo it is; ``largest`` the
            largest.
        drawing: the masks.
    """

    model: str | None
    faces: Chosen
    drawing: Drawing

    def __call__(self, wanted: Wanted) -> Read:
        """Read one photo; what fails is told, models that cannot be used raise."""
        path = str(wanted.path)
        try:
            image = read_image(wanted.path)
            face = choose_face(find_faces(image), self.faces)
            bare = self._template(image, face, path)
        except (ImageError, ExtraMissing, FacesInvalid, FaceUnusable) as error:
            failed = Failed(path, error.code, error.message)
            return Read(wanted.photo, failed, failed if wanted.drawn else None)
        return Read(wanted.photo, bare, self._drawn(wanted, image, face, bare) if wanted.drawn else None)

    def _drawn(self, wanted: Wanted, image: NDArray[np.uint8], face: Faces, bare: Templates) -> Templates | Failed:
        """The whole way anew for the picture with a mask: its face is looked for again."""
        path = str(wanted.path)
        if wanted.known_masked or (bare.masked[0] and not wanted.known_bare):
            who = "its label" if wanted.known_masked else "the wearing model"
            return Failed(path, NOT_DRAWN, f"the face wears a mask already, says {who}")
        masked = self.drawing.on(image, face, wanted.name)
        if isinstance(masked, str):
            return Failed(path, NOT_DRAWN, masked)
        try:
            return self._template(masked, choose_face(find_faces(masked), self.faces), path)
        except (FacesInvalid, FaceUnusable) as error:
            return Failed(path, error.code, error.message)

    def _template(self, image: NDArray[np.uint8], face: Faces, path: str) -> Templates:
        usable = usable_among(image, face)
        return read_templates(
            image, usable.faces, wearing=usable.wearing, embedder=get_embedder(self.model), photo=path
        )


def choose_face(faces: Faces, which: Chosen) -> Faces:
    """Choose the face that a photo is of, alone.

    Args:
        faces: all of a photo.
        which: ``largest``; or ``central``: the face whose box holds the middle of the photo, or comes nearest to it
            (Huang and others, UMass TR 07-49, 2007: the person named is the one on the central pixel); of several the
            one whose middle is nearest.

    Raises:
        NoFace: there is none.
    """
    if which == "largest":
        return choose_faces(faces, "largest")
    faces = choose_faces(faces, "all")
    middle = np.array(faces.size, np.float32) / 2
    low, high = faces.boxes[:, :2], faces.boxes[:, 2:]
    outside = np.linalg.norm(np.maximum(np.maximum(low - middle, middle - high), 0), axis=1)
    apart = np.linalg.norm((low + high) / 2 - middle, axis=1)
    return faces[[int(np.lexsort((apart, outside))[0])]]


def read_photos(
    reader: Reader, wanted: Sequence[Wanted], workers: int = 1, progress: Callable[[], object] = lambda: None
) -> Generator[Read]:
    """Read photos, in their order.

    Args:
        reader: how.
        wanted: what of which photo.
        workers: processes; one reads in this process.
        progress: called after each photo.

    Raises:
        ModelError: a model cannot be used.
        WorkerLost: a process ended.
    """
    with closing(in_processes(reader, wanted, workers)) as found:
        for read in found:
            yield read
            progress()
