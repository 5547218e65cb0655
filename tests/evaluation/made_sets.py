"""Small labelled sets of the bundled portraits, and models made for tests."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from masquerade.models import bundled_folder

HEADER = "name,x1,x2,y1,y2,classname\n"


def shrunk(photo: Path, target: Path, width: int = 136) -> Path:
    """A small copy of a portrait."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(photo) as picture:
        picture.resize((width, round(width * picture.height / picture.width))).save(target, quality=92)
    return target


def folder_set(root: Path, photos: list[Path]) -> Path:
    """A folder a class: two bare faces, a bare one that is labelled with_mask, and a picture without any face."""
    shrunk(photos[0], root / "without_mask" / "a.jpg")
    shrunk(photos[1], root / "without_mask" / "b.jpg")
    shrunk(photos[2], root / "with_mask" / "c.jpg")
    Image.fromarray(np.full((64, 96, 3), 130, np.uint8)).save(root / "with_mask" / "blank.png")
    return root


def boxed_set(root: Path, photo: Path) -> Path:
    """A photo with a face that is drawn well, a small box, a box where no face is, and one labelled incorrect."""
    shrunk(photo, root / "images" / "a.jpg")
    rows = [
        "a.jpg,34,38,100,120,face_no_mask",
        "a.jpg,0,0,12,14,face_no_mask",
        "a.jpg,90,120,130,156,face_with_mask",
        "a.jpg,36,40,98,118,face_with_mask_incorrect",
    ]
    (root / "labels.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return root / "labels.csv"


def wearing_copy(folder: Path, **changes: Any) -> Path:
    """The packaged wearing model in a folder of its own, with a changed card; return the ONNX file."""
    folder.mkdir(parents=True, exist_ok=True)
    source = changes.pop("source_model", "wearing")
    card = json.loads((bundled_folder() / f"{source}.json").read_text(encoding="utf-8"))
    target = folder / "model.onnx"
    shutil.copyfile(bundled_folder() / f"{source}.onnx", target)
    card |= {"name": "mine", "file": "model.onnx", "sha256": hashlib.sha256(target.read_bytes()).hexdigest(), **changes}
    (folder / "model.json").write_text(json.dumps(card), encoding="utf-8")
    return target
