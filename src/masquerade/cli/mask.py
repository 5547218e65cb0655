"""``masquerade mask``: draw masks on the faces of photos, one or a whole data set."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar
from masquerade.cli.wishes import choice_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from masquerade.masks.batch import Engine, Job, Recipe, Summary

DRAWING = ("kind", "colour", "pattern", "intensity", "worn", "seed", "fast", "pairs", "labels")
"""Options that a manifest answers, so that they do not go with --replay."""
AS_CUT = ("colour", "pattern", "intensity")
"""Options that mean nothing for the masks of a library."""
FOLDER = ("pairs", "labels", "workers", "resume", "engine", "ray_address")
"""Options that mean nothing for a single picture."""


def mask(  # noqa: PLR0913, PLR0917 - one each option
    context: typer.Context,
    places: Annotated[
        list[Path], typer.Argument(metavar="PHOTO|FOLDER DEST", help="A photo or a folder; where results go.")
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="surgical, n95, kn95, ffp2, cloth, gas, bandana, gaiter or any; several with commas."),
    ] = None,
    colour: Annotated[
        list[str] | None, typer.Option(help="#rrggbb, the name of a colour, or skin for the face's own.")
    ] = None,
    pattern: Annotated[
        list[str] | None, typer.Option(help="plain, stripes, dots, checks, floral, window or a picture of a texture.")
    ] = None,
    intensity: Annotated[str, typer.Option(help="Of colour and pattern, 0 to 1: a number or low-high.")] = "1",
    worn: Annotated[
        list[str] | None, typer.Option(help="correctly, nose_out, mouth_and_nose_out, chin_only or any.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all chance: the same seed gives the same pictures.")] = 0,
    library: Annotated[Path | None, typer.Option(help="Draw masks of this library, not the built-in ones.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="One quick pass for faces; small ones are missed.")] = False,
    pairs: Annotated[bool, typer.Option("--pairs", help="Keep the bare photo beside the masked one.")] = False,
    labels: Annotated[str, typer.Option(help="voc, coco or none.")] = "voc",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default one a core.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted job.")] = False,
    replay: Annotated[Path | None, typer.Option(help="Make again what this manifest.jsonl records.")] = None,
    source: Annotated[Path | None, typer.Option(help="Folder of the photos, where --replay finds none.")] = None,
    engine: Annotated[str, typer.Option(help="pool (processes of this machine) or ray.")] = "pool",
    ray_address: Annotated[str | None, typer.Option(help="Of a Ray cluster; by default this machine.")] = None,
) -> None:
    """Draw a mask on every face of photos; write masked photos, the areas drawn, labels and a manifest.

    DEST is a folder; for a single photo it may be a picture. Exit code 0: all went well, though faces may be left
    out, as failures.jsonl tells. 1: some photos could not be read or written. 2: nothing could be done, or the
    job was stopped.
    """
    from masquerade.masks.batch import Recipe, new_job, replay_job

    given = {name for name in context.params if _is_given(context, name)}
    if replay is not None:
        _refuse(given, DRAWING, "--replay, which takes it from the manifest")
        (destination,) = _places(places, "DEST")
        job = replay_job(replay, destination, source, library)
        _run(job, _engine(engine, workers, ray_address), resume)
        return
    _refuse(given, ("source",), "a new job, only with --replay")
    if library is not None:
        _refuse(given, AS_CUT, "--library, whose masks are drawn as they were cut out")
    photos, destination = _places(places, "PHOTO|FOLDER", "DEST")
    recipe = Recipe(
        seed=seed,
        choice=choice_of(kind, colour, pattern, intensity, worn),
        effort="frame" if fast else "photo",
        labels=labels,  # type: ignore[arg-type] # checked there
        pairs=pairs,
        library=None if library is None else str(library.resolve()),
    )
    if library is not None and recipe.choice.worn != ("correctly",):
        raise typer.BadParameter("--worn: masks of a library are worn correctly")
    if _is_single(photos, destination):
        _refuse(given, FOLDER, "a single picture")
        _mask_one(photos, destination, recipe)
    else:
        _run(new_job(photos, destination, recipe), _engine(engine, workers, ray_address), resume)


def _is_given(context: typer.Context, name: str) -> bool:
    found = context.get_parameter_source(name)
    return found is not None and found.name == "COMMANDLINE"


def _refuse(given: set[str], names: tuple[str, ...], why: str) -> None:
    for name in names:
        if name in given:
            raise typer.BadParameter(f"--{name.replace('_', '-')} does not go with {why}")


def _places(places: list[Path], *names: str) -> list[Path]:
    if len(places) != len(names):
        raise typer.BadParameter(f"expected {' '.join(names)}, got {len(places)} of {len(names)}")
    return places


def _is_single(photos: Path, destination: Path) -> bool:
    from masquerade.image import PICTURE_SUFFIXES

    return photos.is_file() and destination.suffix.lower() in PICTURE_SUFFIXES and not destination.is_dir()


def _engine(name: str, workers: int | None, address: str | None) -> Engine:
    from masquerade.masks.batch import Pool
    from masquerade.settings import usable_cores

    if name not in {"pool", "ray"}:
        raise typer.BadParameter(f"--engine {name!r}: expected pool or ray")
    if name == "pool" and address is not None:
        raise typer.BadParameter("--ray-address goes with --engine ray")
    count = workers or usable_cores()
    if name == "pool":
        return Pool(count)
    from masquerade.masks.batch.cluster import RayCluster

    return RayCluster(count, address)


def _run(job: Job, engine: Engine, resume: bool) -> None:
    from masquerade.masks.batch import run_job

    with ExitStack() as stack:

        def started(count: int) -> Callable[[], None]:
            return stack.enter_context(Bar("masking", count)).advance

        try:
            summary = run_job(job, engine, resume, started)
        except KeyboardInterrupt:
            stack.close()
            typer.echo(f"interrupted; --resume goes on with {shown(job.destination)}", err=True)
            raise
    _print_summary(summary, job.destination)
    if summary.trouble:
        raise typer.Exit(1)


def _print_summary(summary: Summary, place: Path) -> None:
    from masquerade.masks.batch.naming import FAILURES, MANIFEST

    photos = f"{summary.masked} of {summary.photos} photos masked"
    faces = f"{summary.faces_masked} of {summary.faces} faces"
    typer.echo(f"{photos}, {faces}: {shown(place / MANIFEST)}")
    if summary.failures:
        wrong = f", {summary.trouble} of them errors" if summary.trouble else ""
        typer.echo(f"failures ({summary.failures}{wrong}): {shown(place / FAILURES)}", err=True)


def _mask_one(photo: Path, target: Path, recipe: Recipe) -> None:
    from masquerade.masks.batch.answer import environment
    from masquerade.masks.batch.single import mask_one

    with environment():  # the same bytes as a worker gives
        done = mask_one(photo, target, recipe)
    if done.entry is not None:
        plans = {plan["face"]: plan for plan in done.entry["plan"]["masks"]}
        what = "; ".join(_told(plans[index]) for index, face in enumerate(done.entry["faces"]) if "kind" in face)
        faces = done.entry["faces"]
        typer.echo(f"{shown(target)}: {len(plans)} of {len(faces)} faces masked: {what}")
    for line in done.failures:
        typer.echo(f"{shown(line['photo'])}: {shown(line['message'])} [{line['code']}]", err=True)
    if done.entry is None:
        raise typer.Exit(1)


def _told(plan: dict[str, Any]) -> str:
    pattern = plan["pattern"]["name"]
    print_ = "" if pattern == "plain" else f" with {pattern}"
    drawn = plan["entry"] or f"{plan['colour']}{print_}"
    return f"{plan['kind']} {drawn} worn {plan['worn']}"
