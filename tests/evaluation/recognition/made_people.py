"""Photos of four people rendered from the samples: bare, and with drawn masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from masquerade.faces import find_faces
from masquerade.image import read_image
from masquerade.masks import Choice, apply, draw
from masquerade.masks.types import Kind

ROOT = Path(__file__).resolve().parents[3]
SIDE = 220
PEOPLE: dict[str, list[tuple[str, Kind | None]]] = {
    # photos of a person in MFR2's order: which sample, which mask
    "Macron": [("person_a_1", None), ("person_a_2", "surgical"), ("person_a_2", None)],
    "Ardern": [("person_b_1", None), ("person_b_2", "cloth"), ("person_b_2", None)],
    "Obama": [("impostor_1", None), ("impostor_1", "surgical")],
    "Sunak": [("impostor_2", None), ("impostor_2", "n95")],
}


def put_mfr2(root: Path) -> Path:
    """Render a set in MFR2's layout; one more photo shows no face."""
    labels, counted = [], {}
    for name, photos in PEOPLE.items():
        for number, (sample, kind) in enumerate(photos, 1):
            target = root / name / f"{name}_{number:04d}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rendered(sample, kind)).save(target)
            labels.append(f"{name}, {number}, {kind or 'no-mask'}")
        counted[name] = len(photos)
    Image.fromarray(np.full((120, 120, 3), 130, np.uint8)).save(root / "Sunak" / "Sunak_0003.png")
    labels.append("Sunak, 3, surgical")
    pairs = ["Macron 1 2", "Macron 1 3", "Ardern 1 2", "Ardern 1 3", "Obama 1 2", "Sunak 1 2", "Sunak 1 3"]
    pairs += ["Macron 1 Obama 2", "Ardern 1 Sunak 2", "Obama 1 Macron 2", "Sunak 1 Ardern 2", "Macron 1 Ardern 1"]
    pairs += ["Obama 2 Sunak 2", "Obama 1 Sunak 3"]
    (root / "mfr2_labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    (root / "pairs.txt").write_text("\n".join(pairs) + "\n", encoding="utf-8")
    return root


def rendered(sample: str, kind: Kind | None, side: int = SIDE) -> np.ndarray:
    """A sample photo, made small, with a mask of this kind or none."""
    image = read_image(ROOT / "samples" / f"{sample}.jpg")
    scale = side / max(image.shape[:2])
    small = Image.fromarray(image).resize((round(image.shape[1] * scale), round(image.shape[0] * scale)))
    pixels = np.asarray(small)
    if kind is None:
        return pixels
    faces = find_faces(pixels).surest
    return apply(pixels, faces, draw(np.random.default_rng(1), faces, Choice(kinds=(kind,)))).image
