"""A small embedder, and photos of four people rendered from the samples: bare, and with drawn masks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

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
POOLED = 16
"""Pixels of the squares whose means make a template of the small embedder."""


def put_embedder(folder: Path, name: str = "means", **changes: Any) -> Path:
    """Write an embedder whose template is the mean colours of 49 squares, and its card; return the ONNX file."""
    import onnx

    helper = onnx.helper
    dimensions = 3 * (112 // POOLED) ** 2
    nodes = [
        helper.make_node("AveragePool", ["pixels"], ["pooled"], kernel_shape=[POOLED] * 2, strides=[POOLED] * 2),
        helper.make_node("Flatten", ["pooled"], ["template"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("pixels", 1, ["batch", 3, 112, 112])],
        [helper.make_tensor_value_info("template", 1, ["batch", dimensions])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content = model.SerializeToString()
    card = {
        "name": name,
        "version": "1",
        "task": "face-identity",
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "commercial_use": True,
        "source": "made here",
        "trained_on": "nothing",
        "inputs": [{"name": "pixels", "shape": ["batch", 3, 112, 112], "meaning": "RGB"}],
        "outputs": [{"name": "template", "shape": ["batch", dimensions], "meaning": "template"}],
        "parameters": {
            "size": 112,
            "colour": "rgb",
            "mean": 127.5,
            "scale": 0.01,
            "template": "arcface",
            "dimensions": dimensions,
            **changes,
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.onnx"
    target.write_bytes(content)
    (folder / f"{name}.json").write_text(json.dumps(card), encoding="utf-8")
    return target


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
