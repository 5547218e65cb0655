"""A JSON file a photo: FileName, and Annotations with BoundingBox (x1, y1, x2, y2) and classname."""

from __future__ import annotations

from pathlib import Path

from masquerade.datasets.layouts.base import Found, Layout, Problems, Row, Sheet, Source, number
from masquerade.datasets.layouts.json_files import JsonObject, any_holds, objects_of

KEYS = {"FileName", "Annotations"}


def recognises(source: Source) -> bool:
    """Say whether there is such a JSON file."""
    return any_holds(source, KEYS)


def read(source: Source, problems: Problems) -> Found:
    """Read all JSON files; others, as meta.json, are left alone."""
    found = Found()
    for file, content in objects_of(source, problems):
        keys = set() if content is None else {*content.values, *content.lists}
        if content is None or not keys & KEYS:
            found.notes.append(f"{file.name} is no annotation and was left alone")
        elif not isinstance(content.values.get("FileName"), str) or "Annotations" not in content.lists:
            problems.say(file, None, "file_broken", "expected FileName, a text, and Annotations, a list")
        else:
            found.files += 1
            found.sheets.append(_sheet(file, content, source, problems))
    return found


def _sheet(file: Path, content: JsonObject, source: Source, problems: Problems) -> Sheet:
    name, items = str(content.values["FileName"]), content.lists["Annotations"]
    stated = content.values.get("NumOfAnno")
    if stated is not None and stated != len(items):
        problems.say(file, None, "count_differs", f"NumOfAnno is {stated}, there are {len(items)} annotations")
    rows = []
    for item in items:
        box = item.value.get("BoundingBox")
        corners = tuple(number(value) for value in box) if isinstance(box, list) else ()
        rows.append(Row(item.line, str(item.value.get("classname", "")), corners))
    return Sheet(file, None, name, source.photo_named(name, file), tuple(rows))


LAYOUT = Layout("wobot-json", "a JSON file a photo, with FileName and Annotations", recognises, read)
