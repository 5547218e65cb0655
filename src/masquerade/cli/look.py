"""``masquerade look``: faces of photos, and how each wears a mask."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

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
    confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="A face is undecided where no label is this likely.")
    ] = None,
) -> None:
    """Find every face in photos and tell how its mask is worn.

    Exit code 0 when every photo was read, 1 when some could not be read or saved, 2 when there was nothing to do.
    """
    from masquerade.image import find_pictures

    paths = _without_results(find_pictures(photos), photos, save)
    results = _Results(paths, save, report)
    failed: list[tuple[Path, MasqueradeError]] = []
    totals: Counter[str] = Counter()
    with Bar("looking", len(paths)) as bar:
        for path in paths:
            found = _look_at(path, fast, confidence)
            bar.hide()
            if isinstance(found, tuple):
                image, seen = found
                _print_seen(path, seen, as_json)
                totals.update(face.wearing.label for face in seen)
                results.add(path, image, seen)
            else:
                _print_error(path, found, as_json)
                failed.append((path, found))
                results.add_error(path, found)
            bar.advance()
    results.finish()
    if not as_json:
        _print_summary(len(paths), totals, len(failed))
        _print_failed("read", failed)
    _print_failed("saved", results.failed)
    if failed or results.failed:
        raise typer.Exit(1)


class _Results:
    """What is written to files: annotated pictures, and the page that shows them.

    Attributes:
        failed: photos whose annotated picture cannot be saved, and why.
    """

    def __init__(self, photos: list[Path], save: Path | None, report: Path | None) -> None:
        """Refuse places that cannot be used, before any work."""
        from masquerade.cli.saving import Saver
        from masquerade.files import Originals, make_folder, refuse_folder

        self.failed: list[tuple[Path, MasqueradeError]] = []
        self._report = report
        self._entries: list[Entry] = []
        self._saver = Saver(save, photos) if save is not None else None
        if report is not None:
            Originals(photos).refuse(report)
            make_folder(report.parent)
            refuse_folder(report)

    def add(self, path: Path, image: NDArray[np.uint8], seen: Seen) -> None:
        """Take a photo that was looked at."""
        if self._saver is None and self._report is None:
            return
        from masquerade.cli.saving import PictureUnsavable
        from masquerade.looking.annotate import annotate
        from masquerade.looking.report import entry_of

        annotated = annotate(image, seen)
        if self._saver is not None:
            try:
                self._saver.write(path, annotated)
            except PictureUnsavable as error:
                self.failed.append((path, error))
        if self._report is not None:
            self._entries.append(entry_of(shown(path), annotated, seen))

    def add_error(self, path: Path, error: MasqueradeError) -> None:
        """Take a photo that could not be read."""
        if self._report is not None:
            from masquerade.looking.report import Entry

            self._entries.append(Entry(shown(path), error=shown(error)))

    def finish(self) -> None:
        """Write the page."""
        if self._report is None:
            return
        from masquerade.files import write_whole
        from masquerade.looking.report import page

        write_whole(self._report, page("What Masquerade saw", self._entries).encode("utf-8"))
        typer.echo(f"report: {self._report.resolve().as_uri()}", err=True)


def _look_at(path: Path, fast: bool, confidence: float | None) -> tuple[NDArray[np.uint8], Seen] | MasqueradeError:
    """Read a photo and look at it; the error when it cannot be read."""
    from masquerade.errors import ExtraMissing, ImageError
    from masquerade.image import read_image
    from masquerade.looking import look

    try:
        image = read_image(path)
        return image, look(image, effort="frame" if fast else "photo", confidence=confidence)
    except (ImageError, ExtraMissing) as error:
        return error


def _without_results(paths: list[Path], named: list[str], save: Path | None) -> list[Path]:
    """Leave out what an earlier run saved below a folder that is searched; what is named itself stays."""
    if save is None:
        return paths
    from masquerade.files import absolute

    folder = absolute(save)
    kept = {absolute(name) for name in named}
    found = [path for path in paths if folder not in absolute(path).parents or absolute(path) in kept]
    return found or paths


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


def _print_summary(count: int, totals: Counter[str], failed: int) -> None:
    if count > 1:
        parts = ", ".join(f"{totals[label]} {label}" for label in sorted(totals)) or "no faces"
        typer.echo(f"{count - failed} of {count} photos read: {parts}")


def _print_failed(what: str, failed: list[tuple[Path, MasqueradeError]]) -> None:
    if failed:
        typer.echo(f"could not be {what} ({len(failed)}):", err=True)
        for path, error in failed:
            named = str(error).startswith(str(path))
            typer.echo(f"  {'' if named else f'{shown(path)}: '}{shown(error)} [{error.code}]", err=True)
