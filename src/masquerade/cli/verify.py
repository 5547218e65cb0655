"""``masquerade verify``: do two photos show one person?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from masquerade.cli.printing import shown

if TYPE_CHECKING:
    from masquerade.recognising import FaceSide, Verdict
    from masquerade.recognising.choosing import Which

UNTOLD = 2
WHICH = ("one", "largest")


def verify(  # noqa: PLR0913, PLR0917 - one each option
    a: Annotated[Path, typer.Argument(metavar="A", help="A photo of one person.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another photo.")],
    fmr: Annotated[
        float | None,
        typer.Option(metavar="1e-2|1e-3|1e-4", help="False match rate: strangers that may pass for one person."),
    ] = None,
    faces: Annotated[str, typer.Option(help="one: each photo shows a single face; largest: take the largest.")] = "one",
    model: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="Registered embedder or ONNX file.")] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="JSON file of masquerade calibrate, in place of the model's own.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Draw both faces side by side into this JPEG or PNG file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell whether two photos show the same person, with or without masks. Nothing is kept of them.

    As soon as one of the two wears a mask, masks are drawn on the other one: like is compared with like.
    Exit code 0: the same person. 1: not the same. 2: it could not be told, or nothing could be done.
    """
    if faces not in WHICH:
        raise typer.BadParameter(f"--faces {faces!r}: expected one of {', '.join(WHICH)}")
    if fmr is not None and not 0 < fmr < 1:
        raise typer.BadParameter(f"--fmr {fmr:g}: expected a rate between 0 and 1, such as 1e-3")
    if save is not None:
        _check_target(save, [a, b])
    from masquerade.recognising import make_verifier

    verdict = make_verifier(fmr=fmr, faces=cast("Which", faces), model=model, calibration=calibration)(a, b)
    if as_json:
        typer.echo(json.dumps(verdict.to_dict()))
    else:
        _print(verdict)
    for name, side in (("A", verdict.a), ("B", verdict.b)):
        if side.error is not None:
            typer.echo(f"masquerade: {name}: {shown(side.error)} [{side.error.code}]", err=True)
    if verdict.same is None:
        if save is not None:
            typer.echo(f"{shown(save)} was not written: no two faces to show", err=True)
        raise typer.Exit(UNTOLD)
    if save is not None:
        _save(save, a, b, verdict)
    raise typer.Exit(0 if verdict.same else 1)


def _check_target(target: Path, photos: list[Path]) -> None:
    """Refuse a place that cannot be used, before any work."""
    from masquerade.cli.saving import check_picture

    check_picture(target, photos)


def _print(verdict: Verdict) -> None:
    from masquerade.recognising.words import about_rate, about_score, answer

    typer.echo(answer(verdict))
    if verdict.same is not None:
        typer.echo(f"  {about_score(verdict)}")
        typer.echo(f"  {about_rate(verdict)} ({shown(verdict.calibration)})")
    _print_side("A", verdict.a)
    _print_side("B", verdict.b)


def _print_side(name: str, side: FaceSide) -> None:
    from masquerade.recognising.words import about_side

    where = "" if side.box is None else f", face at {' '.join(f'{value:.0f}' for value in side.box)}"
    typer.echo(f"  {name}  {shown(side.photo)}{where}: {about_side(side)}")


def _save(target: Path, a: Path, b: Path, verdict: Verdict) -> None:
    from masquerade.cli.saving import write_picture
    from masquerade.image import read_image
    from masquerade.recognising.picture import side_by_side

    write_picture(target, side_by_side(read_image(a), read_image(b), verdict))
    typer.echo(f"picture: {shown(target)}", err=True)
