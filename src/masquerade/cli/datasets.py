"""``masquerade datasets``: labelled sets, checked before anything is trained on them."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.labelled import ClassOption, ImagesOption, LayoutOption, WholeOption
from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from masquerade.datasets import DataSet, Problem
    from masquerade.datasets.checking import Duplicates

SHOWN = 20
"""Problems and groups that are printed; ``--json`` gives all."""
WIDTH = 30
"""Characters of the longest bar of a histogram."""

app = typer.Typer(help="Check labelled data sets.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def datasets() -> None:
    """Check labelled data sets."""


@app.command()
def check(  # noqa: PLR0913, PLR0917 - one each option
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders or label files, one a set.")],
    layout: LayoutOption = None,
    images: ImagesOption = None,
    classes: ClassOption = None,
    whole: WholeOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first problem.")] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates/--no-duplicates", help="Decode all photos and look for duplicates.")
    ] = True,
) -> None:
    """Read labelled sets and tell what is in them, and what is wrong, by file and line.

    Exit code 0 when nothing is wrong, 1 when there are problems, 2 when a set cannot be read.
    """
    from masquerade.datasets import join_sets, read_set
    from masquerade.datasets.checking import figures, find_duplicates
    from masquerade.errors import LabelInvalid

    if images is not None and len(paths) > 1:
        raise typer.BadParameter("--images goes with one PATH")
    names = classes_of(classes or [])
    sets = [read_set(path, layout=layout, images=images, classes=names, whole=whole, strict=strict) for path in paths]
    photos = join_sets(sets)
    found = None
    if duplicates:
        with ExitStack() as stack:
            bar = stack.enter_context(Bar("hashing", len(photos)))
            found = find_duplicates(photos, bar.advance)
        if strict and found.problems:
            raise LabelInvalid(str(found.problems[0]))
    told = [figures(one) for one in sets]
    if as_json:
        typer.echo(json.dumps({"sets": told, "duplicates": None if found is None else found.to_dict()}, indent=1))
    else:
        for one, values in zip(sets, told, strict=True):
            _print_set(one, values)
        if found is not None:
            _print_duplicates(found)
    if any(one.problems for one in sets) or (found is not None and found.problems):
        raise typer.Exit(1)


def classes_of(given: list[str]) -> dict[str, str]:
    """Read ``NAME=LABEL`` of each ``--class``."""
    pairs = {}
    for item in given:
        name, sign, label = item.rpartition("=")
        if not sign or not name:
            raise typer.BadParameter(f"{item!r}: expected NAME=LABEL, or NAME= to leave it out", param_hint="--class")
        pairs[name] = label
    return pairs


def _print_set(data: DataSet, values: dict[str, Any]) -> None:
    typer.echo(f"{shown(data.root)}: layout {data.layout}, {values['photos']:,} photos")
    for label, count in values["faces"].items():
        rows = values["rows"][label]
        of = f" of {rows:,} rows" if rows != count else ""
        typer.echo(f"  {label:<14}{count:>7,}{of}")
    _print_counts("kinds of mask", values["kinds"])
    _print_counts("left out on purpose", values["left_out"])
    if values["lost"]:
        typer.echo(f"  left out for problems: {values['lost']:,}")
    _print_histogram(values["faces_per_photo"])
    _print_quantiles("longer side of a face, px", values["face_sides"])
    if values["small_faces"] is not None:
        typer.echo(f"  faces below 24 px: {values['small_faces']:.1%}")
    _print_quantiles("width of a picture, px", values["pictures"]["widths"])
    _print_quantiles("height of a picture, px", values["pictures"]["heights"])
    for note in data.notes:
        typer.echo(f"  note: {shown(note)}")
    _print_problems(data.problems)


def _print_counts(what: str, counts: dict[str, int]) -> None:
    if counts:
        parts = ", ".join(f"{count:,} {shown(name)}" for name, count in counts.items())
        typer.echo(f"  {what}: {sum(counts.values()):,} ({parts})")


def _print_histogram(counts: dict[str, int]) -> None:
    """A bar for each number of faces; ten or more go together."""
    if not counts:
        return
    typer.echo("  faces a photo:")
    joined: dict[str, int] = {}
    for number, count in counts.items():
        name = number if int(number) < 10 else "10+"
        joined[name] = joined.get(name, 0) + count
    most = max(joined.values())
    for name, count in joined.items():
        bar = "#" * round(WIDTH * count / most)
        typer.echo(f"  {name:>5} {count:>7,} {bar}".rstrip())


def _print_quantiles(what: str, values: dict[str, float] | None) -> None:
    if values is not None:
        typer.echo(f"  {what}: " + ", ".join(f"{share} % {value:g}" for share, value in values.items()))


def _print_duplicates(found: Duplicates) -> None:
    if not found.compared:
        typer.echo("duplicates: no photo could be compared")
        _print_problems(found.problems)
        return
    several = sum(map(len, found.near))
    typer.echo(f"near-duplicates: {len(found.near):,} groups with {several:,} of {found.compared:,} photos")
    _print_keys(found.near)
    typer.echo(f"same files: {len(found.exact):,} groups, {len(found.conflicts):,} of them with other labels")
    _print_keys(found.exact)
    _print_problems(found.problems)


def _print_keys(groups: tuple[tuple[str, ...], ...]) -> None:
    for keys in groups[:3]:
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        typer.echo(f"  {len(keys)}: {shown(', '.join(keys[:3]))}{more}")
    if len(groups) > 3:
        typer.echo(f"  and {len(groups) - 3:,} more groups; --json lists all")


def _print_problems(problems: Iterable[Problem]) -> None:
    """Print how many there are of each code, and the first twenty, rare codes first."""
    every = list(problems)
    if not every:
        return
    codes = Counter(problem.code for problem in every)
    parts = ", ".join(f"{count:,} {code}" for code, count in codes.most_common())
    typer.echo(f"  problems: {len(every):,} ({parts})")
    for problem in sorted(every, key=lambda problem: codes[problem.code])[:SHOWN]:
        typer.echo(f"  {shown(problem)} [{problem.code}]")
    if len(every) > SHOWN:
        typer.echo(f"  and {len(every) - SHOWN:,} more; --json lists all")
