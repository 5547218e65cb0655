"""JSON objects, with the line on which each item of their lists begins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masquerade.datasets.layouts.base import Problems, Source, text_of

_SPACE = re.compile(r"[\s,:]*")
_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list: where it begins, from 1, and the object; ``value`` is empty for what is no object."""

    line: int
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A file that holds one object.

    Attributes:
        values: its values that are no lists.
        lists: its lists.
    """

    values: dict[str, Any]
    lists: dict[str, list[Item]]


def read_object(file: Path) -> JsonObject | None:
    """Read a file; None when it holds something other than an object.

    Raises:
        ValueError: it cannot be read, or is no JSON; the message says the line.
    """
    text = text_of(file)
    try:
        if not isinstance(json.loads(text), dict):
            return None
        return _located(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _located(text: str) -> JsonObject:
    """Go through the one object of a text that is known to be right."""
    found = JsonObject({}, {})
    at = _skip(text, text.index("{") + 1)
    line = _Lines(text)
    while text[at] != "}":
        key, at = _decoder.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] != "[":
            found.values[key], at = _decoder.raw_decode(text, at)
        else:
            items: list[Item] = []
            at = _skip(text, at + 1)
            while text[at] != "]":
                begin = line.of(at)
                value, at = _decoder.raw_decode(text, at)
                items.append(Item(begin, value if isinstance(value, dict) else {}))
                at = _skip(text, at)
            found.lists[key] = items
            at += 1
        at = _skip(text, at)
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


class _Lines:
    """Counts lines up to places that only move on."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def of(self, at: int) -> int:
        self._line += self._text.count("\n", self._at, at)
        self._at = at
        return self._line


def objects_of(source: Source, problems: Problems) -> Iterator[tuple[Path, JsonObject | None]]:
    """Read the JSON files of a set; one that cannot be read is a problem, one that holds no object gives None."""
    for file in source.files(".json"):
        try:
            content = read_object(file)
        except ValueError as error:
            problems.say(file, line_of(error), "file_broken", f"cannot be read: {error}")
            continue
        yield file, content


def any_holds(source: Source, keys: set[str]) -> bool:
    """Say whether a JSON file of a set, of those that are looked at, holds an object with these keys."""
    return any(keys_of(file) >= keys for file in sampled(source.files(".json")))


def line_of(error: ValueError) -> int | None:
    """Give the line that an error of JSON names."""
    return error.lineno if isinstance(error, json.JSONDecodeError) else None


def sampled(files: list[Path]) -> list[Path]:
    """Take the first file of each folder, of twenty folders at most."""
    first: dict[Path, Path] = {}
    for file in files:
        first.setdefault(file.parent, file)
    return list(first.values())[:20]


def keys_of(file: Path) -> set[str]:
    """Give the keys of the object that a file holds; none when it holds no object."""
    try:
        found = read_object(file)
    except ValueError:
        return set()
    return set() if found is None else {*found.values, *found.lists}
