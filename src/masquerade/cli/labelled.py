"""Options of commands that read labelled sets, and the check of those that are one word of a few."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LayoutOption = Annotated[
    str | None, typer.Option(help="wobot-csv, wobot-json, voc, coco, yolo or folders; else told from the files.")
]
ImagesOption = Annotated[Path | None, typer.Option(help="Folder of the photos, where they lie elsewhere.")]
ClassOption = Annotated[
    list[str] | None,
    typer.Option("--class", metavar="NAME=LABEL", help="What a class stands for; NAME= leaves it out."),
]
WholeOption = Annotated[
    bool, typer.Option("--whole", help="Photos of layout folders are tight crops of a face; none is looked for.")
]


def one_of(word: str, words: tuple[str, ...], option: str) -> None:
    """Do nothing if an option is one of these words.

    Raises:
        typer.BadParameter: it is not.
    """
    if word not in words:
        raise typer.BadParameter(f"{word!r}: expected {', '.join(words[:-1])} or {words[-1]}", param_hint=option)
