"""Make the picture of occluders in ``docs/masks.md``: things drawn by chance on the samples, and masks hard to see."""

from __future__ import annotations

import sys

import numpy as np

from masquerade.faces import Faces
from masquerade.geometry import opencv
from masquerade.masks import Choice, apply, draw
from masquerade.masks.occluders import OCCLUDERS, apply_occluders, draw_occluders
from tools.contact_sheet import QUALITY, SAMPLES, TARGET, Image, exposed, found, labelled, shrunk

COLUMNS, CELL = 10, 112
AROUND = 1.75
"""Side of what a cell shows, in heights of the face's box."""
DARK = 0.2
"""Factor of the light in the last two columns."""
HARD = {
    "window": Choice(kinds=("surgical", "cloth", "kn95", "ffp2"), patterns=("window",)),
    "skin": Choice(kinds=("surgical", "cloth", "kn95", "gaiter"), colours=("skin",)),
}


def cell(image: Image, faces: Faces) -> Image:
    """The face and what is around it, as a square."""
    x0, y0, x1, y1 = (float(value) for value in faces.boxes[0])
    side = min(AROUND * (y1 - y0), *image.shape[:2])
    left = int(np.clip((x0 + x1 - side) / 2, 0, image.shape[1] - side))
    top = int(np.clip((y0 + y1 - side) / 2 + 0.1 * side, 0, image.shape[0] - side))
    return shrunk(image[top : top + int(side), left : left + int(side)], CELL, CELL)


def sheet() -> Image:
    """Kinds down, draws across; the last two columns in little light."""
    samples = [found(path.stem) for path in sorted(SAMPLES.glob("*.jpg"))]
    rows = []
    for number, name in enumerate((*OCCLUDERS, *HARD)):
        cells = []
        for column in range(COLUMNS):
            image, faces = samples[(number + column) % len(samples)]
            photo = exposed(image, DARK) if column >= COLUMNS - 2 else image
            rng = np.random.default_rng([number, column])
            if name in HARD:
                done = apply(photo, faces, draw(rng, faces, HARD[name])).image
            else:
                done = apply_occluders(photo, faces, draw_occluders(rng, faces, (OCCLUDERS[number],))).image
            cells.append(cell(done, faces))
        rows.append(np.hstack(cells))
    words = [""] * (COLUMNS - 2) + ["dark"] * 2
    return labelled(np.vstack(rows), words, [*(kind.replace("_", " ") for kind in OCCLUDERS), *HARD])


def main() -> int:
    """Write the sheet."""
    cv2 = opencv()
    picture = sheet()
    _, code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    (TARGET / "occluders.jpg").write_bytes(code.tobytes())
    print(f"{picture.shape[1]} x {picture.shape[0]}, {len(code) // 1000} kB")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
