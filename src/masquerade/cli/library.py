"""``masquerade library``: masks cut out of photos of people who wear them."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

if TYPE_CHECKING:
    from masquerade.masks.library import Library
    from masquerade.masks.types import Kind

app = typer.Typer(help="Build and show libraries of masks.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def build(
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTOS... OUT", help="Photos, folders, quoted patterns; then a new folder.")
    ],
    kind: Annotated[
        str | None,
        typer.Option(help="Kind of all the masks; by default the name of a photo's folder, else surgical."),
    ] = None,
    min_face: Annotated[float, typer.Option(min=32, help="Smallest face, in pixels of its longer side.")] = 48,
) -> None:
    """Cut the masks out of photos of people who wear them.

    Photos and faces that gave no mask are listed in OUT/failures.jsonl. What is cut out of photos of others is theirs:
    use the library where you may use the photos, and do not share it.
    """
    from masquerade.image import find_pictures
    from masquerade.masks.library import build_library

    if len(photos) < 2:
        raise typer.BadParameter("expected PHOTOS and OUT", param_hint="PHOTOS... OUT")
    *named, last = photos
    out = Path(last)
    paths = _without_results(find_pictures(named), out)
    with Bar("cutting", len(paths)) as bar:
        built = build_library(paths, out, _kind(kind), min_face, done=lambda _: bar.advance())
    given = len({entry.source.sha256 for entry in built.entries})
    typer.echo(f"{len(built.entries)} masks from {given} of {len(paths)} photos: {shown(out)}")
    if built.refused:
        codes = Counter(one.code for one in built.refused)
        parts = ", ".join(f"{count} {code}" for code, count in codes.most_common())
        typer.echo(f"gave none: {parts}; see {shown(out / 'failures.jsonl')}", err=True)


@app.command()
def show(
    library: Annotated[Path, typer.Argument(help="Folder of a library, or its library.json.")],
    save: Annotated[Path | None, typer.Option(help="Write a contact sheet to this PNG file.")] = None,
) -> None:
    """List the masks of a library, with the pose of the face that each was worn on."""
    from masquerade.masks.library import load_library

    found = load_library(library)
    rows: list[tuple[str, ...]] = [("id", "kind", "yaw", "pitch", "roll", "size", "colour", "skin", "source")]
    for entry in found.entries:
        turns = tuple(f"{value:+.0f}" for value in entry.pose_numbers())
        size = f"{entry.size[0]} x {entry.size[1]}"
        rows.append((entry.id, entry.kind, *turns, size, entry.mean_colour, entry.skin_colour, entry.source.file))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (shown(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
    kinds = Counter(entry.kind for entry in found.entries)
    typer.echo(f"{len(found)} masks, library {found.id}: {', '.join(f'{n} {name}' for name, n in kinds.most_common())}")
    if save is not None:
        _save(found, save)


def _save(library: Library, target: Path) -> None:
    from PIL import Image

    from masquerade.files import refuse_folder, write_whole
    from masquerade.masks.library import contact_sheet

    refuse_folder(target)
    stream = io.BytesIO()
    Image.fromarray(contact_sheet(library)).save(stream, "PNG")
    write_whole(target, stream.getvalue())
    typer.echo(f"contact sheet: {shown(target)}", err=True)


def _kind(name: str | None) -> Kind | None:
    from masquerade.masks.types import KINDS

    if name is None:
        return None
    for kind in KINDS:
        if kind == name:
            return kind
    raise typer.BadParameter(f"{name!r}, expected one of {', '.join(KINDS)}", param_hint="--kind")


def _without_results(paths: list[Path], out: Path) -> list[Path]:
    """Leave out the pictures of a library that stands below the photos."""
    folder = out.absolute()
    return [path for path in paths if folder not in path.absolute().parents] or paths
