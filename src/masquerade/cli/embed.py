"""``masquerade embed``: templates of the faces of photos, into one file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

if TYPE_CHECKING:
    from masquerade.identity import Failed, Templates
    from masquerade.recognising.choosing import Which

WHICH = ("largest", "all")
SHOWN = 20


def embed(
    photos: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO|FOLDER|PATTERN", help="Photos, folders (searched through), quoted patterns."),
    ],
    out: Annotated[Path, typer.Option(help="The new file of templates, .npz.")],
    faces: Annotated[str, typer.Option(help="largest: the largest face of each photo; all: every face.")] = "largest",
    model: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="Registered embedder or ONNX file.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default the setting threads.")] = None,
) -> None:
    """Write the templates of the faces of photos to a file.

    A template is a row of numbers by which a person can be told again: biometric data. Make them of people who agreed,
    keep the file as you would keep a password, and delete it when it is not needed. Nothing else is written.
    Exit code 0: every photo gave a template. 1: some gave none, as the file says. 2: nothing could be done.
    """
    if faces not in WHICH:
        raise typer.BadParameter(f"--faces {faces!r}: expected one of {', '.join(WHICH)}")
    from masquerade.identity import get_embedder
    from masquerade.image import find_pictures
    from masquerade.recognising import templates_of_photos

    _check_target(out)
    embedder = get_embedder(model)
    paths = find_pictures(photos)
    with Bar("embedding", len(paths)) as bar:
        found = templates_of_photos(
            paths, faces=cast("Which", faces), embedder=embedder, workers=workers, progress=bar.advance
        )
    found.save(out)
    _print(found, len(paths), out)
    if found.failed:
        raise typer.Exit(1)


def _check_target(target: Path) -> None:
    """Refuse a place that cannot be used, before any work."""
    from masquerade.errors import DestinationUnusable
    from masquerade.files import make_folder, refuse_existing

    if target.suffix.lower() != ".npz":
        raise DestinationUnusable(f"{target}: expected the name of an .npz file")
    make_folder(target.parent)
    refuse_existing(target)


def _print(found: Templates, photos: int, out: Path) -> None:
    masked = int(found.masked.sum())
    given = len(set(found.photos.tolist()))
    typer.echo(f"{len(found)} templates, {masked} of masked faces, from {given} of {photos} photos: {shown(out)}")
    if found.failed:
        codes = Counter(one.code for one in found.failed)
        parts = ", ".join(f"{count} {code}" for code, count in codes.most_common())
        typer.echo(f"gave none ({len(found.failed)}): {parts}", err=True)
        for one in found.failed[:SHOWN]:
            typer.echo(f"  {_line(one)}", err=True)
        if len(found.failed) > SHOWN:
            typer.echo(f"  ... and {len(found.failed) - SHOWN} more; the file has them all", err=True)


def _line(one: Failed) -> str:
    named = one.message.startswith(one.photo)
    return f"{'' if named else f'{shown(one.photo)}: '}{shown(one.message)} [{one.code}]"
