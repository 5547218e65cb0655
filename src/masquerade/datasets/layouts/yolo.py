"""YOLO: a text file a photo, a row a face (class, centre, width, height in shares), and a list of the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from masquerade.datasets.layouts.base import Found, Layout, Problems, Row, Sheet, Source, number, text_of
from masquerade.errors import ExtraMissing, LabelInvalid

LISTS = frozenset({"classes.txt", "_darknet.labels", "obj.names"})


def recognises(source: Source) -> bool:
    """Say whether there are a list of classes and label files."""
    return bool(_lists(source)) and bool(_label_files(source))


def read(source: Source, problems: Problems) -> Found:
    """Read all label files.

    Raises:
        LabelInvalid: there is no list of classes, or it cannot be read.
        ExtraMissing: it is YAML, and PyYAML is not installed.
    """
    lists = _lists(source)
    if not lists:
        raise LabelInvalid(f"{source.path}: no list of classes; expected data.yaml or classes.txt")
    try:
        classes = _classes(lists[0])
    except ValueError as error:
        raise LabelInvalid(f"{lists[0]}: {error}") from error
    found = Found(classes=[(lists[0], line, name) for line, name in classes.values()])
    found.notes.append(f"classes are those of {lists[0].name}: {', '.join(name for _, name in classes.values())}")
    for file in _label_files(source):
        try:
            lines = text_of(file).splitlines()
        except ValueError as error:
            problems.say(file, None, "file_broken", f"cannot be read: {error}")
            continue
        found.files += 1
        rows = []
        for line, text in enumerate(lines, start=1):
            values = text.split()
            if values and len(values) != 5:
                problems.say(file, line, "row_broken", f"{len(values)} values, expected class, x, y, width, height", 1)
            elif values:
                rows.append(_row(line, values, classes))
        photo = source.photo_beside(file)
        name = photo.name if photo else f"{file.stem}.*"
        found.sheets.append(Sheet(file, None, name, photo, tuple(rows), in_shares=True))
    return found


def _row(line: int, values: list[str], classes: dict[int, tuple[int | None, str]]) -> Row:
    x, y, width, height = (number(value) for value in values[1:])
    index = number(values[0])
    name = classes[int(index)][1] if index in classes else f"class {values[0]}"
    return Row(line, name, (x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def _lists(source: Source) -> list[Path]:
    """Lists of classes, those nearest to the root first, YAML before text."""
    found = [file for file in source.files(".yaml", ".yml") if _has_names(file)]
    found += [file for file in source.files(".txt", ".names") if file.name.lower() in LISTS or file.suffix == ".names"]
    return sorted(found, key=lambda file: len(file.parts))


def _label_files(source: Source) -> list[Path]:
    """Text files in a folder ``labels``, and those that stand beside a photo of the same name."""
    files = [file for file in source.files(".txt") if file.name.lower() not in LISTS]
    return [file for file in files if "labels" in _folders(file, source) or _is_beside(file, source)]


def _is_beside(file: Path, source: Source) -> bool:
    photo = source.photo_beside(file)
    return photo is not None and (source.images is not None or photo.parent == file.parent)


def _folders(file: Path, source: Source) -> tuple[str, ...]:
    return (source.path.name, *file.relative_to(source.path).parts[:-1]) if source.path.is_dir() else ()


def _has_names(file: Path) -> bool:
    try:
        return any(line.startswith("names") for line in text_of(file).splitlines())
    except ValueError:
        return False


def _classes(file: Path) -> dict[int, tuple[int | None, str]]:
    """Number of a class to its line and name."""
    text = text_of(file)
    if file.suffix.lower() not in {".yaml", ".yml"}:
        return {at: (at + 1, line.strip()) for at, line in enumerate(text.splitlines()) if line.strip()}
    names = _yaml(file, text).get("names")
    pairs = enumerate(names) if isinstance(names, list) else names.items() if isinstance(names, dict) else ()
    found = {number(key): (None, value) for key, value in pairs if isinstance(value, str)}
    if not found or any(not key.is_integer() for key in found):
        raise ValueError("expected names, a list of the classes")
    return {int(key): found[key] for key in sorted(found)}


def _yaml(file: Path, text: str) -> dict[str, Any]:
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ExtraMissing.of(
            f"{file}: YAML, and PyYAML is not installed", "train", ", or write classes.txt"
        ) from error
    try:
        content = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - texts, lists and mappings alone; "no" stays a text
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"no YAML: {error}") from error
    return content if isinstance(content, dict) else {}


LAYOUT = Layout(
    "yolo", "text files in labels/ or beside the photos, with data.yaml or classes.txt (YOLO)", recognises, read
)
