"""From photos to templates: faces found, judged, aligned, and masks drawn on the bare ones."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FaceQualityLow
from masquerade.faces import Faces, Quality, find_faces
from masquerade.identity import Embedder, Failed, Templates, get_embedder
from masquerade.identity.embedder import unit
from masquerade.image import ImageSource, read_image
from masquerade.recognising.choosing import Which, check_which, choose_faces
from masquerade.recognising.covering import mouth_covered
from masquerade.recognising.drawn import STANDARD, DrawnMasks
from masquerade.recognising.floor import QualityFloor
from masquerade.wearing import Wearing, read_wearing


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """Faces of one photo that may be used, and those that may not.

    Attributes:
        image: (height, width, 3) uint8 RGB.
        faces: n faces.
        wearing: n rows.
        masked: (n,) bool: the mouth is covered.
        quality: of the n faces.
        refused: of each other face that was chosen, its box and why it is below the floor.
    """

    image: NDArray[np.uint8]
    faces: Faces
    wearing: Wearing
    masked: NDArray[np.bool_]
    quality: Quality
    refused: tuple[str, ...]


def usable_faces(source: ImageSource, which: Which = "one", floor: QualityFloor | None = None) -> Enrolled:
    """Find the faces of a photo by which people may be told.

    Args:
        source: path, bytes, file object, Pillow image or array (height, width[, channels]), RGB.
        which: ``one`` expects a single face; ``largest`` takes the largest, ``all`` every one.
        floor: least quality.

    Raises:
        ImageError: the photo cannot be used.
        NoFace: none was found.
        SeveralFaces: one was expected.
        FaceQualityLow: the face, or each of them, is below the floor.
        ValueError: ``which`` is none of the three.
    """
    check_which(which)
    image = read_image(source)
    name = f"{photo_name(source)}: " if photo_name(source) else ""
    return usable_among(image, choose_faces(find_faces(image), which, name), floor, name)


def usable_among(image: NDArray[np.uint8], faces: Faces, floor: QualityFloor | None = None, name: str = "") -> Enrolled:
    """Choose those of given faces by which people may be told.

    Args:
        image: (height, width, 3) uint8 RGB.
        faces: one or more faces of that picture, as ``find_faces`` gives them.
        floor: least quality.
        name: begins the message of an error.

    Raises:
        FaceQualityLow: each of them is below the floor.
    """
    wearing = read_wearing(image, faces)
    masked = mouth_covered(wearing)
    refusals, quality = (floor or QualityFloor()).refusals(image, faces, masked)
    good = [index for index, reason in enumerate(refusals) if reason is None]
    refused = tuple(
        f"face at {' '.join(f'{side:.0f}' for side in faces.boxes[index])}: {reason}"
        for index, reason in enumerate(refusals)
        if reason is not None
    )
    if not good:
        raise FaceQualityLow(f"{name}{'; '.join(refused)}", hint="take a larger, sharper or better lit photo")
    return Enrolled(image, faces[good], wearing[good], masked[good], quality[good], refused)


def read_templates(
    image: NDArray[np.uint8],
    faces: Faces,
    *,
    wearing: Wearing | None = None,
    embedder: Embedder | None = None,
    photo: str = "",
    drawn: DrawnMasks | None = STANDARD,
) -> Templates:
    """Make the templates of faces; of bare ones also those with masks drawn on them.

    Args:
        image: (height, width, 3) uint8 RGB.
        faces: n faces of that picture, with landmarks.
        wearing: how they wear masks; read where it is not given.
        embedder: by default that of the setting ``identity_model``.
        photo: its name in the templates.
        drawn: which masks are drawn on bare faces; None leaves them as they are, which serves to compare bare faces.

    Returns:
        Templates of the n faces. A bare face's ``template_masked`` is the mean over the drawn masks and their mirror
        images, a masked one's is its ``template``.

    Raises:
        FacesInvalid: the faces have no landmarks, or the points of one fall together.
        ModelError: a model cannot be used.
    """
    embedder = embedder or get_embedder()
    masked = mouth_covered(read_wearing(image, faces) if wearing is None else wearing)
    crops, landmarks = embedder.crops(image, faces), embedder.landmarks(faces)
    template = embedder.embed(crops, masked)
    template_masked = template.copy()
    bare = ~masked
    if bare.any() and drawn is not None:
        template_masked[bare] = masked_versions(embedder, crops[bare], landmarks[bare], drawn)
    return Templates(embedder.id, np.full(len(faces), photo), faces.boxes, template, masked, template_masked)


def masked_versions(
    embedder: Embedder, crops: NDArray[np.uint8], landmarks: NDArray[np.float32], drawn: DrawnMasks
) -> NDArray[np.float32]:
    """The mean template of each bare face with masks drawn on it.

    Args:
        embedder: whose crops these are.
        crops: (n, size, size, 3) uint8 RGB.
        landmarks: (n, 468, 3) float32 in their pixels.
        drawn: which masks.

    Returns:
        (n, d) float32 of unit length.
    """
    versions = drawn.draw(crops, landmarks)
    flat = versions.reshape(-1, *versions.shape[2:])
    found = embedder.embed(flat, np.ones(len(flat), np.bool_))
    return unit(found.reshape(len(crops), drawn.count, -1).mean(axis=1))


def templates_of(
    source: ImageSource,
    *,
    faces: Which = "one",
    embedder: Embedder | None = None,
    floor: QualityFloor | None = None,
    drawn: DrawnMasks = STANDARD,
) -> Templates:
    """Make the templates of the faces of a photo. Nothing is stored.

    Args:
        source: path, bytes, file object, Pillow image or array (height, width[, channels]), RGB.
        faces: ``one`` expects a single face; ``largest`` takes the largest, ``all`` every one.
        embedder: by default that of the setting ``identity_model``.
        floor: least quality of a face.
        drawn: which masks are drawn on bare faces.

    Returns:
        Templates of one face, or with ``all`` of every one; those below the floor then stand in ``failed``.

    Raises:
        ImageError: the photo cannot be used.
        NoFace: none was found.
        SeveralFaces: one was expected.
        FaceQualityLow: no face that was chosen has the quality.
        ModelError: a model cannot be used.
    """
    chosen = usable_faces(source, faces, floor)
    name = photo_name(source)
    found = read_templates(
        chosen.image, chosen.faces, wearing=chosen.wearing, embedder=embedder, photo=name, drawn=drawn
    )
    left_out = tuple(Failed(name, FaceQualityLow.code, reason) for reason in chosen.refused)
    return Templates.joined([found, Templates.empty(found.model, found.dimensions, left_out)]) if left_out else found


def photo_name(source: ImageSource) -> str:
    """The path of a photo as text; empty of what has none."""
    return os.fsdecode(source) if isinstance(source, str | os.PathLike) else ""
