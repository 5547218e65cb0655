"""One small labelled set, written in each layout. Photos are 100 x 80; two splits hold a photo of the same name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 100, 80
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Photo:
    """A photo of the set and its faces as (name of the class, x0, y0, x1, y1 in pixels from 0)."""

    name: str
    faces: tuple[tuple[str, Box], ...]


PHOTOS = (
    Photo("a ü.jpg", (("with_mask", (10, 20, 40, 60)), ("mask_weared_incorrect", (50, 0, 100, 80)))),
    Photo("b.png", (("without_mask", (0, 0, 30, 20)),)),
    Photo("c.jpg", ()),
)
CLASSES = ("with_mask", "without_mask", "mask_weared_incorrect")


def save_picture(path: Path, seed: int = 0, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """Save a picture of smooth noise, another for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path, quality=95)
    return path


def save_pictures(folder: Path) -> None:
    """Save the photos of the set."""
    for seed, photo in enumerate(PHOTOS):
        save_picture(folder / photo.name, seed)


def voc_object(name: str, box: Box) -> str:
    """Write a face as VOC does, from 1, on six lines."""
    x0, y0, x1, y1 = box
    corners = f"<xmin>{x0 + 1}</xmin>\n<ymin>{y0 + 1}</ymin>\n<xmax>{x1}</xmax>\n<ymax>{y1}</ymax>"
    return f"<object><name>{name}</name><bndbox>{corners}</bndbox>\n</object>\n"


def voc_file(photo: Photo, size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
    """Write an annotation; the first object begins on line 4."""
    head = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    faces = "".join(voc_object(*face) for face in photo.faces)
    return f"<annotation>\n<filename>{photo.name}</filename>\n{head}\n{faces}</annotation>\n"


def write_voc(root: Path) -> Path:
    """Write ``images`` and ``annotations``."""
    save_pictures(root / "images")
    for photo in PHOTOS:
        write(root / "annotations" / f"{Path(photo.name).stem}.xml", voc_file(photo))
    return root


def write_wobot_json(root: Path) -> Path:
    """Write a JSON file a photo, below the folders of the published archive, with its meta.json."""
    top = root / "Medical mask"
    save_pictures(top / "images")
    write(top / "meta.json", json.dumps({"classes": [{"title": "with_mask"}]}))
    for photo in PHOTOS:
        write(top / "annotations" / f"{photo.name}.json", wobot_json(photo))
    return root


def wobot_json(photo: Photo) -> str:
    """Write one file as the published ones are, a line a value."""
    items = [
        {
            "isProtected": False,
            "ID": number,
            "BoundingBox": list(box),
            "classname": name,
            "Confidence": 1,
            "Attributes": {"with, ]": "}"},
        }
        for number, (name, box) in enumerate(photo.faces)
    ]
    return json.dumps({"FileName": photo.name, "NumOfAnno": len(items), "Annotations": items}, indent=1)


def write_coco(root: Path) -> Path:
    """Write ``images`` and one JSON file, a line an object."""
    save_pictures(root / "images")
    write(root / "annotations" / "instances.json", coco(PHOTOS))
    return root


def coco(photos: tuple[Photo, ...]) -> str:
    """Write the three lists, a line an object."""
    images = [
        {"id": 7 + n, "file_name": photo.name, "width": WIDTH, "height": HEIGHT} for n, photo in enumerate(photos)
    ]
    annotations = [
        {
            "id": 100 * n + m,
            "image_id": 7 + n,
            "category_id": CLASSES.index(name),
            "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
        }
        for n, photo in enumerate(photos)
        for m, (name, box) in enumerate(photo.faces)
    ]
    categories: list[dict[str, object]] = [{"id": n, "name": name} for n, name in enumerate(CLASSES)]

    def lines(items: list[dict[str, object]]) -> str:
        return "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]"

    return (
        f'{{"info": {{"year": 2026}},\n"images": {lines(images)},\n'
        f'"annotations": {lines(annotations)},\n"categories": {lines(categories)}}}'
    )


def write_yolo(root: Path) -> Path:
    """Write ``images/train``, ``labels/train`` and classes.txt."""
    save_pictures(root / "images" / "train")
    write(root / "classes.txt", "\n".join(CLASSES) + "\n")
    for photo in PHOTOS:
        write(root / "labels" / "train" / f"{Path(photo.name).stem}.txt", yolo(photo))
    return root


def yolo(photo: Photo) -> str:
    """Write one label file."""
    rows = ""
    for name, (x0, y0, x1, y1) in photo.faces:
        shares = (x0 + x1) / 2 / WIDTH, (y0 + y1) / 2 / HEIGHT, (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT
        rows += f"{CLASSES.index(name)} {' '.join(f'{share:.6f}' for share in shares)}\n"
    return rows


def write_wobot_csv(root: Path) -> Path:
    """Write ``images`` and a CSV file whose header lies; a photo of nobody has no row."""
    save_pictures(root / "images")
    (root / "images" / PHOTOS[2].name).unlink()
    rows = [f"{photo.name},{','.join(map(str, box))},{name}\n" for photo in PHOTOS for name, box in photo.faces]
    write(root / "train.csv", "name,x1,x2,y1,y2,classname\n" + "".join(rows))
    return root


def write(path: Path, text: str) -> Path:
    """Write a text file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "voc": write_voc,
    "wobot-json": write_wobot_json,
    "coco": write_coco,
    "yolo": write_yolo,
    "wobot-csv": write_wobot_csv,
}
