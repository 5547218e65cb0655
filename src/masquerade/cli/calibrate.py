"""``masquerade calibrate``: what scores stand for, measured on photos of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, cast

import typer

from masquerade.cli.evaluate_recognition import kinds_of
from masquerade.cli.labelled import one_of
from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

SHOWN = 10


def calibrate(  # noqa: PLR0913, PLR0917 - one each option
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Each with a folder an identity.")],
    out: Annotated[Path, typer.Option(help="JSON file to write, for --calibration of verify.")],
    mask: Annotated[
        str, typer.Option(help="Masked pairs: with a drawn mask, with a real one by the wearing model, or both.")
    ] = "drawn",
    kind: Annotated[list[str] | None, typer.Option(help="A kind of mask that is drawn; repeat it for several.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the drawn masks, and of the pairs.")] = 0,
    fmr: Annotated[
        float, typer.Option(min=1e-9, max=0.5, help="The lowest false match rate that it must speak of.")
    ] = 1e-3,
    pairs: Annotated[int, typer.Option(min=3, help="Impostor pairs that are drawn at most.")] = 300_000,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Registered embedder or ONNX file; else that of the settings."),
    ] = None,
    faces: Annotated[str, typer.Option(help="The face of a photo: largest or central.")] = "largest",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default the setting threads.")] = None,
    templates: Annotated[
        Path | None, typer.Option(help="Take templates from this file; where it is not there, keep them in it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how often two different people reach a score, so that thresholds can be named by false match rates.

    Each folder holds a folder an identity; a name in two folders counts as one person. Of N pairs no rate below 3 / N
    is told. Templates are biometric data: they are kept where --templates asks for it and nowhere else.
    """
    from masquerade.datasets.identities import read_identities
    from masquerade.evaluation.recognition.calibrating import MASKS, Masks, Wish, calibrate_on
    from masquerade.evaluation.recognition.photos import CHOSEN, MEDICAL, Chosen, Drawing, Reader
    from masquerade.files import make_folder, refuse_existing
    from masquerade.settings import get_settings

    one_of(mask, MASKS, "--mask")
    one_of(faces, CHOSEN, "--faces")
    refuse_existing(out)
    make_folder(out.parent)
    sets = [read_identities(folder) for folder in folders]
    wish = Wish(
        reader=Reader(model, cast("Chosen", faces), Drawing(seed, kinds_of(kind) or MEDICAL)),
        masks=cast("Masks", mask),
        fmr=fmr,
        pairs=pairs,
        seed=seed,
        templates=templates,
        workers=workers or get_settings().threads,
    )
    with Bar("reading", sum(len(one.photos) for one in sets)) as bar:
        found = calibrate_on(sets, wish, bar.expect, bar.advance)
    found.calibration.save(out)
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
        return
    typer.echo(f"{shown(found.calibration.set)}; {found.calibration.model}")
    typer.echo(f"impostor pairs: {found.bare:,} bare; masked: {found.drawn:,} drawn, {found.real:,} real")
    for rate in (1e-2, 1e-3, 1e-4):
        texts = []
        for sort, curve in (("bare", found.calibration.bare), ("masked", found.calibration.masked)):
            known = rate >= curve.lowest * (1 - 1e-9)
            texts.append(f"{sort} {curve.threshold(rate):.4f}" if known else f"{sort}: too few pairs")
        typer.echo(f"threshold at FMR {rate:g}: {', '.join(texts)}")
    for one in sets:
        if one.empty:
            typer.echo(f"{shown(one.root)}: {len(one.empty)} identities have no photo", err=True)
    for failure in found.failed[:SHOWN]:
        typer.echo(f"no template: {shown(failure.photo)}: {shown(failure.message)} [{failure.code}]", err=True)
    if len(found.failed) > SHOWN:
        typer.echo(f"no template: {len(found.failed)} photos in all", err=True)
    if found.not_drawn:
        typer.echo(f"no mask could be drawn on {len(found.not_drawn)} photos", err=True)
