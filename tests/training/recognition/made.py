"""Small identities rendered from the bundled portraits: each a portrait of its own shape and colour, photo by photo."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

SIDE = 144
FACES = {"impostor_1": (0.5, 0.28), "impostor_2": (0.5, 0.3), "person_a_1": (0.5, 0.3), "person_b_1": (0.5, 0.3)}


def render_people(root: Path, samples: Path, people: int = 8, photos: int = 4, seed: int = 0) -> Path:
    """Write ``people`` folders of ``photos`` pictures each into ``root``: ``root/person_NN/N.jpg``.

    Every portrait serves several people, told apart by how wide the face is and how it is coloured.
    """
    rng = np.random.default_rng(seed)
    from masquerade.faces import find_faces
    from masquerade.image import read_image

    cuts = []
    for name in FACES:
        image = read_image(samples / f"{name}.jpg")
        x0, y0, x1, y1 = find_faces(image, "frame").surest.boxes[0]
        side = 0.8 * max(x1 - x0, y1 - y0)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        matrix = np.array(
            [[SIDE / side / 2, 0, SIDE / 2 - x * SIDE / side / 2], [0, SIDE / side / 2, SIDE / 2 - y * SIDE / side / 2]]
        )
        cuts.append(cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE))
    for person in range(people):
        cut, version = cuts[person % len(cuts)], person // len(cuts)
        gains = np.array([(1, 1, 1), (0.7, 1.0, 1.25), (1.2, 0.8, 0.8), (0.8, 1.15, 0.75)][version % 4])
        wide = (1.0, 0.8, 1.2, 0.9)[version % 4]
        folder = root / f"person_{person:02}"
        folder.mkdir(parents=True)
        for photo in range(photos):
            turn, scale = rng.uniform(-8, 8), rng.uniform(0.85, 1.0)
            matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turn, scale)
            matrix[0] *= wide
            matrix[0, 2] += (1 - wide) * SIDE / 2
            view = cv2.warpAffine(cut, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
            values = view * gains * rng.uniform(0.85, 1.1) + rng.normal(0, 3, view.shape)
            cv2.imwrite(str(folder / f"{photo}.jpg"), np.clip(values, 0, 255).astype(np.uint8)[..., ::-1])
    return root
