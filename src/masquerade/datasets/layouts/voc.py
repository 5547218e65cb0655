"""Pascal VOC: an XML file a photo, boxes in pixels that count from 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from masquerade.datasets.layouts.base import Found, Layout, Problems, Row, Sheet, Source, number

CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(slots=True)
class VocObject:
    """One object of an annotation: the line of its start, its name and its corners as written."""

    line: int
    depth: int
    name: str | None = None
    corners: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class VocFile:
    """An annotation file: name of the root element, the photo and its objects as written."""

    root: str = ""
    filename: str = ""
    line: int | None = None
    size: dict[str, str] = field(default_factory=dict)
    objects: list[VocObject] = field(default_factory=list)


class _Reader:
    """Takes the elements of one file.

    No document type is taken, without which nothing can declare entities.
    """

    def __init__(self) -> None:
        self.file = VocFile()
        self._path: list[str] = []
        self._texts: list[list[str]] = []
        self._open: list[VocObject] = []
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, content: bytes) -> VocFile:
        self._parser.Parse(content, True)
        return self.file

    def _doctype(self, name: str, *_: object) -> None:
        raise ValueError(f"declares the document type {name}, which annotations never need")

    def _start(self, tag: str, _: dict[str, str]) -> None:
        self._path.append(tag)
        self._texts.append([])
        if len(self._path) == 1:
            self.file.root = tag
        if tag == "object":
            found = VocObject(self._parser.CurrentLineNumber, len(self._path))
            self.file.objects.append(found)
            self._open.append(found)

    def _text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _end(self, tag: str) -> None:
        text = "".join(self._texts.pop())
        if self._open and self._open[-1].depth == len(self._path):
            self._open.pop()
        elif self._open:
            self._keep_of_object(self._open[-1], tuple(self._path[self._open[-1].depth :]), text)
        elif self._path[1:] == ["filename"] and self.file.line is None:
            self.file.filename, self.file.line = text, self._parser.CurrentLineNumber
        elif self._path[1:-1] == ["size"]:
            self.file.size.setdefault(tag, text)
        self._path.pop()

    @staticmethod
    def _keep_of_object(found: VocObject, path: tuple[str, ...], text: str) -> None:
        if path == ("name",) and found.name is None:
            found.name = text
        elif len(path) == 2 and path[0] == "bndbox":
            found.corners.setdefault(path[1], text)


def parse(content: bytes) -> VocFile:
    """Read one annotation file.

    Raises:
        ValueError: it is no XML, or declares a document type.
        xml.parsers.expat.ExpatError: it is broken; has ``lineno``.
    """
    return _Reader().read(content)


def recognises(source: Source) -> bool:
    """Say whether there are XML files."""
    return bool(source.files(".xml"))


def read(source: Source, problems: Problems) -> Found:
    """Read all XML files."""
    found = Found()
    for file in source.files(".xml"):
        try:
            content = parse(file.read_bytes())
        except expat.ExpatError as error:
            problems.say(file, error.lineno, "file_broken", f"no XML: {expat.ErrorString(error.code)}")
            continue
        except (OSError, ValueError, LookupError) as error:
            problems.say(file, None, "file_broken", f"cannot be read: {error}")
            continue
        if content.root != "annotation":
            problems.say(file, 1, "file_broken", f"holds <{content.root}>, expected <annotation>")
            continue
        found.files += 1
        found.sheets.append(_sheet(file, content, source))
    return found


def _sheet(file: Path, content: VocFile, source: Source) -> Sheet:
    rows = []
    for item in content.objects:
        x0, y0, x1, y1 = (number(item.corners.get(key)) for key in CORNERS)
        rows.append(Row(item.line, (item.name or "").strip(), (x0 - 1, y0 - 1, x1, y1)))
    name = content.filename.strip()
    size = tuple(number(content.size.get(key)) for key in ("width", "height"))
    stated = (int(size[0]), int(size[1])) if all(0 < side < 1e9 for side in size) else None
    return Sheet(file, content.line, name, source.photo_named(name, file), tuple(rows), stated)


LAYOUT = Layout("voc", "an XML file a photo, with <annotation>, <filename> and <object> (Pascal VOC)", recognises, read)
