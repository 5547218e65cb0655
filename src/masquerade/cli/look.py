"""``masquerade look``: faces of photos, and how each wears a mask."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masquerade.cli.printing import Bar, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from masquerade.errors import MasqueradeError
    from masquerade.looking import Seen
    from masquerade.looking.report import Entry


def look(
    photos: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO|FOLDER|PATTERN", help="Photos, folders (searched through), quoted patterns."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a photo.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write annotated pictures into this folder.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with all pictures to this HTML file.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="One quick pass, as for video; small faces are missed.")] = False,
) -> None:
    """Find every face in photos and tell how its mask is worn.

    Exit code 0 when every photo was read, 1 when some could not be, 2 when there was nothing to do.
    """
    from masquerade.cli.saving import Originals, Saver, make_folder
    from masquerade.image import find_pictures

    paths = _without_results(find_pictures(photos), photos, save)
    saver = Saver(save, paths) if save is not None else None
    if report is not None:
        Originals(paths).refuse(report)
        make_folder(report.parent)
    entries: list[Entry] = []
    failed: list[tuple[Path, MasqueradeError]] = []
    totals: Counter[str] = Counter()
    with Bar("looking", len(paths)) as bar:
        for path in paths:
            found = _look_at(path, fast)
            bar.hide()
            if isinstance(found, tuple):
                image, seen = found
                _print_seen(path, seen, as_json)
                totals.update(face.wearing.label for face in seen)
                if saver is not None:
                    saver.write(path, image, seen)
            else:
                _print_error(path, found, as_json)
                failed.append((path, found))
            if report is not None:
                entries.append(_entry(path, found))
            bar.advance()
    if report is not None:
        _write_report(report, entries)
    if not as_json:
        _print_summary(len(paths), totals, failed)
    if failed:
        raise typer.Exit(1)


def _look_at(path: Path, fast: bool) -> tuple[NDArray[np.uint8], Seen] | MasqueradeError:
    """Read a photo and look at it; the error when it cannot be read."""
    from masquerade.errors import ExtraMissing, ImageError
    from masquerade.image import read_image
    from masquerade.looking import look

    try:
        image = read_image(path)
        return image, look(image, effort="frame" if fast else "photo")
    except (ImageError, ExtraMissing) as error:
        return error


def _without_results(paths: list[Path], named: list[str], save: Path | None) -> list[Path]:
    """Leave out what an earlier run saved below a folder that is searched; what is named itself stays."""
    if save is None:
        return paths
    folder = Path(os.path.abspath(save))  # noqa: PTH100 - Path.absolute keeps ".."
    found = [path for path in paths if folder not in Path(os.path.abspath(path)).parents or str(path) in named]  # noqa: PTH100
    return found or paths


def _entry(path: Path, found: tuple[NDArray[np.uint8], Seen] | MasqueradeError) -> Entry:
    from masquerade.looking.report import Entry, entry_of

    return entry_of(shown(path), *found) if isinstance(found, tuple) else Entry(shown(path), error=shown(found))


def _write_report(target: Path, entries: list[Entry]) -> None:
    from masquerade.cli.saving import write_whole
    from masquerade.looking.report import page

    write_whole(target, page("What Masquerade saw", entries).encode("utf-8"))
    typer.echo(f"report: {target.resolve().as_uri()}", err=True)


def _print_error(path: Path, error: MasqueradeError, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"photo": str(path), "error": error.to_dict()}))


def _print_seen(path: Path, seen: Seen, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"photo": str(path), **seen.to_dict()}))
        return
    size = f"{seen.width} x {seen.height}"
    if not len(seen):
        typer.echo(f"{shown(path)}  {size}: no face was found")
        return
    typer.echo(f"{shown(path)}  {size}: {len(seen)} {'face' if len(seen) == 1 else 'faces'}")
    rows = [("", "box", "score", "wearing", "sure", "why", "yaw", "pitch", "roll")]
    for number, face in enumerate(seen, start=1):
        wearing, pose = face.wearing, face.pose
        box = " ".join(f"{value:.0f}" for value in face.box)
        turns = (f"{pose.yaw:+.0f}", f"{pose.pitch:+.0f}", f"{pose.roll:+.0f}")
        sure = f"{wearing.probability:.0%}"
        rows.append((str(number), box, f"{face.score:.2f}", wearing.label, sure, wearing.reason, *turns))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(f"  {'  '.join(cells)}".rstrip())


def _print_summary(count: int, totals: Counter[str], failed: list[tuple[Path, MasqueradeError]]) -> None:
    if count > 1:
        parts = ", ".join(f"{totals[label]} {label}" for label in sorted(totals)) or "no faces"
        typer.echo(f"{count - len(failed)} of {count} photos read: {parts}")
    if failed:
        typer.echo(f"could not be read ({len(failed)}):", err=True)
        for path, error in failed:
            named = str(error).startswith(str(path))
            typer.echo(f"  {'' if named else f'{shown(path)}: '}{shown(error)} [{error.code}]", err=True)
