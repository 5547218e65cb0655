"""``masquerade look``: faces of photos, and how each wears a mask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from masquerade.errors import MasqueradeError
    from masquerade.looking import Seen
    from masquerade.looking.report import Entry


def look(
    photos: Annotated[list[str], typer.Argument(help="Photos, folders (searched through), or quoted patterns.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a photo.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write annotated pictures into this folder.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with all pictures to this HTML file.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="One quick pass, as for video; small faces are missed.")] = False,
) -> None:
    """Find every face in photos and tell how its mask is worn.

    Exit code 0 when every photo was read, 1 when some could not be, 2 when there was nothing to do.
    """
    from masquerade.cli.saving import Saver
    from masquerade.errors import ImageError, MasqueradeError
    from masquerade.image import find_pictures, read_image
    from masquerade.looking import look as look_at

    paths = find_pictures(photos)
    saver = Saver(save, paths) if save is not None else None
    entries: list[Entry] = []
    failed: list[tuple[Path, MasqueradeError]] = []
    totals: dict[str, int] = {}
    with _progress(len(paths)) as advance:
        for path in paths:
            try:
                image = read_image(path)
                seen = look_at(image, effort="frame" if fast else "photo")
            except ImageError as error:
                failed.append((path, error))
                _print_error(path, error, as_json)
                seen = None
            else:
                _print_seen(path, seen, as_json)
                for face in seen:
                    totals[face.wearing.label] = totals.get(face.wearing.label, 0) + 1
                if saver is not None:
                    saver.write(path, image, seen)
            if report is not None:
                entries.append(_entry(path, None if seen is None else (image, seen), failed))
            advance()
    if report is not None:
        _write_report(report, entries)
    if not as_json:
        _print_summary(len(paths), totals, failed)
    if failed:
        raise typer.Exit(1)


def _entry(path: Path, found: tuple[Any, Seen] | None, failed: list[tuple[Path, MasqueradeError]]) -> Entry:
    from masquerade.looking.report import Entry, entry_of

    return entry_of(str(path), *found) if found is not None else Entry(str(path), error=str(failed[-1][1]))


def _write_report(target: Path, entries: list[Entry]) -> None:
    from masquerade.cli.saving import write_whole
    from masquerade.looking.report import page

    write_whole(target, page("What Masquerade saw", entries).encode("utf-8"))
    typer.echo(f"report: {target.resolve().as_uri()}", err=True)


@contextmanager
def _progress(count: int) -> Iterator[Any]:
    """A bar on standard error for more than one photo, when that is a terminal."""
    import sys

    if count < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("looking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("looking", total=count)
        yield lambda: bar.advance(task)


def _print_error(path: Path, error: MasqueradeError, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"photo": str(path), "error": error.to_dict()}, ensure_ascii=False))


def _print_seen(path: Path, seen: Seen, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"photo": str(path), **seen.to_dict()}, ensure_ascii=False))
        return
    size = f"{seen.width} x {seen.height}"
    if not len(seen):
        typer.echo(f"{path}  {size}: no face was found")
        return
    typer.echo(f"{path}  {size}: {len(seen)} {'face' if len(seen) == 1 else 'faces'}")
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


def _print_summary(count: int, totals: dict[str, int], failed: list[tuple[Path, MasqueradeError]]) -> None:
    if count > 1:
        parts = ", ".join(f"{totals[label]} {label}" for label in sorted(totals)) or "no faces"
        typer.echo(f"{count - len(failed)} of {count} photos read: {parts}")
    if failed:
        typer.echo(f"could not be read ({len(failed)}):", err=True)
        for path, error in failed:
            typer.echo(f"  {path}: {error} [{error.code}]", err=True)
