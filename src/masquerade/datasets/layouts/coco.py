"""COCO: JSON files with images, annotations (bbox: x, y, width, height) and categories."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from masquerade.datasets.layouts.base import Found, Layout, Problems, Row, Sheet, Source, number
from masquerade.datasets.layouts.json_files import Item, JsonObject, any_holds, objects_of

KEYS = {"images", "annotations", "categories"}


def recognises(source: Source) -> bool:
    """Say whether there is such a JSON file."""
    return any_holds(source, KEYS)


def read(source: Source, problems: Problems) -> Found:
    """Read all JSON files with the three lists; others are left alone."""
    found = Found()
    for file, content in objects_of(source, problems):
        if content is None or not set(content.lists) >= KEYS:
            found.notes.append(f"{file.name} holds no lists of images, annotations and categories and was left alone")
            continue
        found.files += 1
        _read_file(file, content, source, problems, found)
    return found


def _read_file(file: Path, content: JsonObject, source: Source, problems: Problems, found: Found) -> None:
    categories = {_id(item, "id"): str(item.value.get("name", "")) for item in content.lists["categories"]}
    above = {str(item.value.get("supercategory", "")) for item in content.lists["categories"]}
    for item in content.lists["categories"]:
        name = str(item.value.get("name", ""))
        if name not in above:  # exports declare the heading of the others, too
            found.classes.append((file, item.line, name))
    photos: dict[str, Item] = {}
    for item in content.lists["images"]:
        if _id(item, "id") in photos:
            problems.say(file, item.line, "photo_twice", f"a second image has the id {item.value.get('id')}")
        else:
            photos[_id(item, "id")] = item
    rows: dict[str, list[Row]] = defaultdict(list)
    for item in content.lists["annotations"]:
        photo = _id(item, "image_id")
        if photo not in photos:
            problems.say(file, item.line, "photo_absent", f"no image has the id {item.value.get('image_id')!r}", 1)
            continue
        category = _id(item, "category_id")
        name = categories.get(category, f"category {item.value.get('category_id')}")
        rows[photo].append(Row(item.line, name, _corners(item.value.get("bbox"))))
    for key, item in photos.items():
        name = str(item.value.get("file_name", ""))
        size = (number(item.value.get("width")), number(item.value.get("height")))
        stated = (int(size[0]), int(size[1])) if all(0 < side < 1e9 for side in size) else None
        photo_path = source.photo_named(name, file)
        found.sheets.append(Sheet(file, item.line, name, photo_path, tuple(rows[key]), stated))


def _id(item: Item, key: str) -> str:
    return repr(item.value.get(key))


def _corners(box: object) -> tuple[float, ...]:
    values = tuple(number(value) for value in box) if isinstance(box, list) else ()
    return (values[0], values[1], values[0] + values[2], values[1] + values[3]) if len(values) == 4 else ()


LAYOUT = Layout("coco", "a JSON file with the lists images, annotations and categories (COCO)", recognises, read)
