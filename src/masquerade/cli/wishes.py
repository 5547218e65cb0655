"""From the words of ``masquerade mask`` to what may be drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from masquerade.masks.drawing import Choice

NUMBER = r"(\d*\.?\d+)"


def choice_of(
    kind: list[str] | None,
    colour: list[str] | None,
    pattern: list[str] | None,
    intensity: str,
    worn: list[str] | None,
) -> Choice:
    """Read the options that say what may be drawn; None leaves the default.

    Raises:
        PlanInvalid: a kind, a colour, a way to wear or an intensity that is none.
        ImageError: a texture that is no picture.
        typer.BadParameter: an option that cannot be read at all.
    """
    from masquerade.masks import KINDS, WORN, Choice

    patterns, textures = _patterns(pattern or [])
    words: dict[str, Any] = {
        "kinds": words_of(kind, KINDS),
        "worn": words_of(worn, WORN),
        "colours": tuple(_colour(name) for name in _split(colour or [])),
        "patterns": patterns,
        "textures": textures,
        "intensity": _range(intensity),
    }
    return Choice(**{name: value for name, value in words.items() if value})


def _split(given: Iterable[str]) -> list[str]:
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def words_of(given: list[str] | None, every: tuple[str, ...]) -> tuple[str, ...]:
    """Give the words, each once, whether or not they are known; ``any`` stands for all.

    Raises:
        typer.BadParameter: there is none, or an unknown one beside ``any``.
    """
    words = _split(given or [])
    if given and not words:
        raise typer.BadParameter(f"expected one of {', '.join(every)} or any, got nothing")
    unknown = [word for word in words if word != "any" and word not in every]
    if unknown and "any" in words:
        raise typer.BadParameter(f"{unknown[0]!r}: expected one of {', '.join(every)} or any")
    return every if "any" in words else tuple(dict.fromkeys(words))


def _colour(name: str) -> str:
    from PIL import ImageColor

    from masquerade.masks.types import SKIN

    if name == SKIN:
        return name

    try:
        red, green, blue, *_ = ImageColor.getrgb(name)
    except ValueError as error:
        raise typer.BadParameter(f"--colour {name!r}: expected #rrggbb, skin or the name of a colour") from error
    return f"#{red:02x}{green:02x}{blue:02x}"


def _patterns(given: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of patterns, and textures: what is no name is the path of a picture, which may hold a comma."""
    from masquerade.image import read_image
    from masquerade.masks import PATTERNS

    known = set(PATTERNS) - {"texture"}
    names: list[str] = []
    textures: list[str] = []
    for text in given:
        words = [text] if Path(text).is_file() else _split([text])
        for word in words:
            if word in known:
                names.append(word)
            elif Path(word).is_file():
                read_image(word)
                textures.append(str(Path(word).resolve()))
            else:
                raise typer.BadParameter(f"--pattern {word!r}: neither a picture nor one of {', '.join(sorted(known))}")
    return tuple(dict.fromkeys([*names, *["texture"] * bool(textures)])), tuple(dict.fromkeys(textures))


def _range(text: str) -> tuple[float, float]:
    found = re.fullmatch(f"{NUMBER}(?:-{NUMBER})?", text.strip())
    if found is None:
        raise typer.BadParameter(f"--intensity {text!r}: expected a number or low-high, from 0 to 1")
    low = float(found[1])
    return low, float(found[2]) if found[2] else low
