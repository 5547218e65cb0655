"""Labels for training a classifier or a detector: Pascal VOC, one XML file a photo, and COCO, one JSON file."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from masquerade.masks.batch.records import clipped

CATEGORIES = {"with_mask": 1, "incorrect": 2, "without_mask": 3, "mask": 4}
"""COCO's numbers: three for faces, one for the masks themselves."""
# Characters that no XML file can hold.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def voc_xml(image: str, size: tuple[int, int], faces: Iterable[Mapping[str, Any]]) -> bytes:
    """Write the labels of one photo as Pascal VOC.

    Boxes are clipped to the picture and count pixels from 1, as VOC does. ``worn``, ``kind`` and
    ``visible`` of each object are this project's own.

    Args:
        image: path of the photo relative to the destination.
        size: (width, height) of the photo.
        faces: as in the manifest; those without a label are left out.
    """
    path = PurePosixPath(image)
    root = ET.Element("annotation")
    _add(root, "folder", str(path.parent))
    _add(root, "filename", path.name)
    _add(ET.SubElement(root, "source"), "annotation", "masquerade")
    box = ET.SubElement(root, "size")
    for name, value in zip(("width", "height", "depth"), (*size, 3), strict=True):
        _add(box, name, value)
    _add(root, "segmented", 0)
    for face in faces:
        corners = clipped(face["box"], size)
        if face["label"] is not None and _has_area(corners):
            _object(root, face, corners)
    ET.indent(root, "\t")
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _object(root: ET.Element, face: Mapping[str, Any], corners: tuple[int, int, int, int]) -> None:
    item = ET.SubElement(root, "object")
    _add(item, "name", face["label"])
    _add(item, "pose", "Unspecified")
    _add(item, "truncated", int(_reaches_out(face["box"], corners)))
    _add(item, "difficult", 0)
    x0, y0, x1, y1 = corners
    bounds = ET.SubElement(item, "bndbox")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), (x0 + 1, y0 + 1, x1, y1), strict=True):
        _add(bounds, name, value)
    for name in ("worn", "kind"):
        if name in face:
            _add(item, name, face[name])
    _add(item, "visible", " ".join(face["visible"]))


def _add(parent: ET.Element, name: str, value: object) -> None:
    text = NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(value))
    ET.SubElement(parent, name).text = text


def _has_area(corners: tuple[int, int, int, int]) -> bool:
    return corners[0] < corners[2] and corners[1] < corners[3]


def _reaches_out(box: list[float], corners: tuple[int, int, int, int]) -> bool:
    return any(abs(a - b) >= 1 for a, b in zip(box, corners, strict=True))


def coco_json(entries: Callable[[], Iterable[Mapping[str, Any]]]) -> Iterator[bytes]:
    """Write the labels of all photos as one COCO file, in parts.

    Each face is an annotation of its wearing category, with its box clipped to the picture; each
    mask is one of category ``mask``, with its pixels as uncompressed run lengths.

    Args:
        entries: gives the lines of the manifest, in order, each time it is called.
    """
    categories = [
        {"id": number, "name": name, "supercategory": "mask" if name == "mask" else "face"}
        for name, number in CATEGORIES.items()
    ]
    yield b'{"categories": ' + _json(categories) + b',\n"images": ['
    yield from _listed(_image(number, entry) for number, entry in enumerate(entries(), start=1))
    yield b'],\n"annotations": ['
    found = (item for number, entry in enumerate(entries(), start=1) for item in _annotations(number, entry))
    yield from _listed({"id": count, **item} for count, item in enumerate(found, start=1))
    yield b"]}\n"


def _listed(items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    for number, item in enumerate(items):
        yield (b",\n" if number else b"\n") + _json(item)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("ascii")


def _image(number: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    width, height = entry["size"]
    name = str(PurePosixPath(entry["image"]["path"]).relative_to("images"))
    return {"id": number, "file_name": name, "width": width, "height": height}


def _annotations(image: int, entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for face in entry["faces"]:
        x0, y0, x1, y1 = corners = clipped(face["box"], tuple(entry["size"]))
        if face["label"] is not None and _has_area(corners):
            outline = [x0, y0, x1, y0, x1, y1, x0, y1]
            yield {
                "image_id": image,
                "category_id": CATEGORIES[face["label"]],
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0),
                "segmentation": [outline],
                "iscrowd": 0,
                **{name: face[name] for name in ("worn", "kind", "visible") if name in face},
            }
        if "segmentation" in face:
            yield {"image_id": image, "category_id": CATEGORIES["mask"], "iscrowd": 0, **_area(face["segmentation"])}


def _area(lengths: Mapping[str, Any]) -> dict[str, Any]:
    """The box and the area of run lengths, beside them."""
    height, _ = lengths["size"]
    ends = np.cumsum(lengths["counts"])
    starts, ends = ends[:-1:2], ends[1::2]
    columns = np.concatenate([starts // height, (ends - 1) // height])
    left, right = int(columns.min()), int(columns.max()) + 1
    # A run that goes on into the next column touches the bottom and the top.
    whole = bool((starts // height != (ends - 1) // height).any())
    top, bottom = (0, height) if whole else (int((starts % height).min()), int(((ends - 1) % height).max()) + 1)
    return {
        "bbox": [left, top, right - left, bottom - top],
        "area": int((ends - starts).sum()),
        "segmentation": dict(lengths),
    }
