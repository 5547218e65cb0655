"""Blurred faces: found by no detector, told by no embedder, not even from many frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces import Faces, find_faces
from masquerade.geometry import box_iou, opencv
from masquerade.identity.embedder import get_embedder
from masquerade.image import read_image
from masquerade.live.watching.blurring import PATCHES, blur_heads, head_of


def portrait(path: Path, height: int = 400) -> NDArray[np.uint8]:
    image = read_image(path)
    width = round(image.shape[1] * height / image.shape[0])
    return np.asarray(opencv().resize(image, (width, height), interpolation=opencv().INTER_AREA), np.uint8)


def boxes_of(faces: Faces) -> list[tuple[float, float, float, float]]:
    return [(a, b, c, d) for a, b, c, d in faces.boxes.tolist()]


def test_nothing_of_a_face_is_left(photos: list[Path]) -> None:
    for photo in photos:
        image = portrait(photo)
        faces = find_faces(image)
        left = find_faces(blur_heads(image, boxes_of(faces)), "frame")
        assert not (box_iou(faces.boxes, left.boxes) > 0.1).any(), photo.name


def test_a_blurred_face_is_a_stranger_to_itself_even_over_many_frames(photos: list[Path]) -> None:
    """The mean of 20 blurred frames, whose boxes tremble as a detector's do, is no more like the person than others."""
    rng = np.random.default_rng(5)
    cv2 = opencv()
    chosen = [photo for photo in photos if photo.stem in {"person_a_1", "person_b_1", "impostor_1"}]
    pictures = [portrait(photo, 300) for photo in chosen]
    faces = [find_faces(picture).surest for picture in pictures]
    embedder = get_embedder()
    bare = embedder.embed(np.concatenate([embedder.crops(*pair) for pair in zip(pictures, faces, strict=True)]))
    crops = []
    for picture, found in zip(pictures, faces, strict=True):
        boxes = [boxes_of(found)[0] + rng.normal(0, 2, 4) for _ in range(20)]
        mean = np.mean([blur_heads(picture, [tuple(box.tolist())]) for box in boxes], axis=0)
        sharpened = np.clip(mean + 2 * (mean - cv2.GaussianBlur(mean, (0, 0), 6)), 0, 255).astype(np.uint8)
        crops.append(embedder.crops(sharpened, found))  # by the landmarks of the bare face: more than an attacker has
    scores = embedder.embed(np.concatenate(crops)) @ bare.T
    own, strangers = np.diag(scores), scores[~np.eye(len(chosen), dtype=bool)]
    assert own.max() < 0.2  # one person's photos score above 0.4
    assert own.mean() < strangers.mean() + 0.1


def test_sixteen_colours_and_no_more() -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (200, 200, 3), np.uint8)
    blurred = blur_heads(image, [(60, 70, 140, 150)])
    x0, y0, x1, y1 = (round(value) for value in head_of((60, 70, 140, 150)))
    inside = blurred[y0:y1, x0:x1].astype(float)
    cv2 = opencv()
    again = cv2.resize(
        cv2.resize(image[y0:y1, x0:x1], (PATCHES, PATCHES), interpolation=cv2.INTER_AREA),
        (x1 - x0, y1 - y0),
        interpolation=cv2.INTER_LINEAR,
    )
    assert (inside == again).all()
    outside = np.ones((200, 200), bool)
    outside[y0:y1, x0:x1] = False
    assert (blurred[outside] == image[outside]).all()


@pytest.mark.parametrize(
    "box",
    [(-50.0, -50.0, 20.0, 20.0), (90.0, 90.0, 200.0, 200.0), (-900.0, 0.0, -800.0, 90.0), (50.0, 50.0, 50.0, 50.0)],
)
def test_boxes_at_the_edge_and_beyond(box: tuple[float, float, float, float]) -> None:
    image = np.full((100, 100, 3), 7, np.uint8)
    image[0, 0] = 255
    before = image.copy()
    assert blur_heads(image, [box]).shape == image.shape
    assert (image == before).all()
