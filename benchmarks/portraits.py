"""Portraits that fill their frame: faces cropped to the head out of lfw and celeba-wild, and found again.

MASQUERADE_DATA=... python -m benchmarks.portraits
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import arguments, show, write
from masquerade.datasets.wearing_sets import data_root
from masquerade.evaluation.detection import match
from masquerade.faces import find_faces
from masquerade.image import read_image

HEAD = (0.12, 0.22, 0.12, 0.10)
"""Room around the face's box on the left, above, right and below, as shares of its sides: the head, no more."""


def crop_head(image: NDArray[np.uint8], box: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cut a photo down to the head; return it with the face's box in it."""
    width, height = box[2:] - box[:2]
    low = np.floor(np.maximum(box[:2] - [HEAD[0] * width, HEAD[1] * height], 0)).astype(int)
    high = np.ceil(np.minimum(box[2:] + np.array([HEAD[2] * width, HEAD[3] * height]), image.shape[1::-1])).astype(int)
    part = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]])
    return part, (box - np.tile(low, 2)).astype(np.float32)


def main() -> None:
    """Run, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--photos", type=int, default=1000, help="how many photos of each set")
    options = parser.parse_args()
    rows: list[list[object]] = []
    figures: dict[str, dict[str, int]] = {}
    for name, pattern in (("lfw", "images/*/*.jpg"), ("celeba-wild", "*/*.jpg")):
        paths = sorted((data_root() / name).glob(pattern))
        portraits = found = 0
        for path in paths[:: max(1, len(paths) // options.photos)]:
            image = read_image(path)
            faces = find_faces(image)
            if not len(faces) or faces.scores[0] < 0.8:
                continue  # the crop needs a box that is beyond doubt
            head, box = crop_head(image, faces.boxes[0])
            portraits += 1
            found += bool(match(box[None], find_faces(head).boxes)[0] >= 0)
        rows.append([name, portraits, found, f"{found / portraits:.2%}"])
        figures[name] = {"portraits": portraits, "found": found}
    portraits, found = (sum(result[key] for result in figures.values()) for key in ("portraits", "found"))
    rows.append(["both", portraits, found, f"{found / portraits:.2%}"])
    show("portraits that fill their frame", rows, ["set", "portraits", "found", "share"])
    write("portraits", figures, options.json)


if __name__ == "__main__":
    main()
