"""``masquerade evaluate recognition``: how well a model tells people apart, bare and masked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from masquerade.cli.labelled import one_of
from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

if TYPE_CHECKING:
    from masquerade.datasets.identities import PairList
    from masquerade.evaluation.recognition.comparing import MaskOn
    from masquerade.evaluation.recognition.evaluating import Evaluation
    from masquerade.evaluation.recognition.photos import Chosen
    from masquerade.identity import Calibration
    from masquerade.masks.types import Kind

PROTOCOLS = ("lfw", "mfr2", "pairs", "folders")
RESULT, PAGE = "result.json", "index.html"


def recognition(  # noqa: PLR0913, PLR0917 - one each option
    protocol: Annotated[str, typer.Option(help="lfw, mfr2, pairs (a file of pairs) or folders (one an identity).")],
    data: Annotated[Path, typer.Option(help="Folder of the set; the file of pairs.")],
    root: Annotated[Path | None, typer.Option(help="Folder that the paths of a file of pairs start from.")] = None,
    mask: Annotated[
        str, typer.Option(help="Draw masks: none, on the second photo (probe), the first (gallery), or both.")
    ] = "none",
    kind: Annotated[list[str] | None, typer.Option(help="A kind of mask that is drawn; repeat it for several.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the drawn masks, and of sampled pairs.")] = 0,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Registered embedder or ONNX file; else that of the settings."),
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="Takes the place of the calibration in the card.")] = None,
    faces: Annotated[
        str | None, typer.Option(help="The face of a photo: central or largest. By default central for lfw.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take so many pairs, spread over the list.")] = None,
    impostors: Annotated[
        int, typer.Option(min=0, help="Impostor pairs of folders; for other protocols added to theirs.")
    ] = 30_000,
    rounds: Annotated[int, typer.Option(min=0, help="Draws of the bootstrap; 0 leaves intervals out.")] = 1000,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default the setting threads.")] = None,
    templates: Annotated[
        Path | None, typer.Option(help="Take templates from this file; where it is not there, keep them in it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help=f"Write {RESULT} and {PAGE} into this new folder.")] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Show the faces of the worst pairs on the page.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how well people are recognised: verification, identification, and what masks cost.

    Templates are biometric data: they are kept where --templates asks for it and nowhere else. Photos with a drawn mask
    stay in memory. Exit code 1 when photos gave no template; they are counted as errors.
    """
    from masquerade.evaluation.recognition.evaluating import Asked, evaluate
    from masquerade.evaluation.recognition.photos import CHOSEN, MEDICAL, Drawing, Reader
    from masquerade.files import new_folder
    from masquerade.identity import get_embedder
    from masquerade.settings import get_settings

    one_of(protocol, PROTOCOLS, "--protocol")
    one_of(mask, ("none", "probe", "gallery", "both"), "--mask")
    which = faces or ("central" if protocol == "lfw" else "largest")
    one_of(which, CHOSEN, "--faces")
    drawing = Drawing(seed, kinds_of(kind) or MEDICAL)
    get_embedder(model)
    known = _calibration(model, calibration)
    pairs = _pairs(protocol, data, root, impostors, seed)
    if limit is not None:
        from masquerade.datasets.identities import limit as limited

        pairs = limited(pairs, limit)
    asked = Asked(
        reader=Reader(model, cast("Chosen", which), drawing),
        mask=cast("MaskOn", mask),
        impostors=0 if protocol == "folders" else impostors,
        rounds=rounds,
        calibration=known,
        templates=templates,
        workers=workers or get_settings().threads,
    )
    with nullcontext() if out is None else new_folder(out):
        with Bar("reading", len(pairs.photos)) as bar:
            found = evaluate(pairs, asked, bar.expect, bar.advance)
        _finish(found, out, pictures, as_json)
    if found.failed or found.drawn_failed:
        raise typer.Exit(1)


def _pairs(protocol: str, data: Path, root: Path | None, impostors: int, seed: int) -> PairList:
    from masquerade.datasets.identities import pairs_of, read_identities, read_lfw, read_mfr2, read_pairs

    if root is not None and protocol != "pairs":
        raise typer.BadParameter("goes with --protocol pairs", param_hint="--root")
    if protocol == "pairs":
        return read_pairs(data, root)
    if protocol == "folders":
        return pairs_of(read_identities(data), impostors, seed)
    return read_lfw(data) if protocol == "lfw" else read_mfr2(data)


def _calibration(model: str | None, file: Path | None) -> Calibration | None:
    """That of the option, the setting or the model's card; None where none of them names one.

    Raises:
        CalibrationInvalid: the one that is named cannot be read, or is of another model.
    """
    from masquerade.identity import calibration_for, get_embedder
    from masquerade.settings import get_settings

    embedder = get_embedder(model)
    named = file or get_settings().identity_calibration
    if named is None and "calibration" not in embedder.session.card.parameters:
        return None
    return calibration_for(embedder, file)


def _finish(found: Evaluation, out: Path | None, pictures: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        _print(found)
    if out is not None:
        from masquerade.evaluation.pages.recognition import recognition_page
        from masquerade.files import write_whole

        write_whole(out / RESULT, (json.dumps(found.to_dict(), indent=1) + "\n").encode("utf-8"))
        write_whole(out / PAGE, recognition_page(found, pictures).encode("utf-8"))
        typer.echo(f"page: {(out / PAGE).resolve().as_uri()}", err=True)


def _print(found: Evaluation) -> None:
    from masquerade.evaluation.recognition.words import (
        cell_rows,
        facts,
        rank1_rows,
        verdict_rows,
        verification_rows,
    )

    for line in facts(found):
        typer.echo(shown(line))
    for name, group in found.measured.groups.items():
        typer.echo(f"\n{shown(name)}; in brackets 95 % intervals, by bootstrap over subjects")
        _columns(verification_rows(group))
    for fmr, why in found.measured.reasons.items():
        typer.echo(f"\nno threshold at FMR {fmr:g}: bare pairs have {why}")
    for fmr in dict.fromkeys(cell.set_at for cell in found.measured.cells):
        typer.echo(f"\nat the threshold that is set on bare pairs at FMR {fmr:g}")
        cells = cell_rows([cell for cell in found.measured.cells if cell.set_at == fmr])
        _columns([(f"{name}: {what}", *rest) for name, columns in cells for what, *rest in columns])
    if found.verdicts:
        typer.echo("\nas verify decides")
        _columns([(f"{name}: {what}", *rest) for name, columns in verdict_rows(found) for what, *rest in columns])
    if found.rank1:
        typer.echo("\nidentification, rank-1")
        _columns(rank1_rows(found))


def _columns(rows: Sequence[tuple[str, ...]]) -> None:
    width = max(len(row[0]) for row in rows)
    for name, number, small in rows:
        typer.echo(f"  {shown(name):{width}}  {number}{f' [{small}]' if small else ''}")


def kinds_of(names: list[str] | None) -> tuple[Kind, ...]:
    """Read kinds of mask, as ``masquerade mask`` does; none stands for the default.

    Raises:
        PlanInvalid: one is not known.
        typer.BadParameter: an option that cannot be read at all.
    """
    from masquerade.cli.wishes import words_of
    from masquerade.masks import KINDS, Choice

    words = words_of(names, KINDS)
    return Choice(kinds=cast("tuple[Kind, ...]", words)).kinds if words else ()
