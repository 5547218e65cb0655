"""``masquerade evaluate``: how good a model is on labelled photos."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from masquerade.cli import evaluate_recognition
from masquerade.cli.datasets import classes_of
from masquerade.cli.labelled import ClassOption, ImagesOption, LayoutOption, WholeOption, one_of
from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

if TYPE_CHECKING:
    from masquerade.datasets import DataSet, LabelledPhoto
    from masquerade.evaluation.judging import Boxes, Judged
    from masquerade.evaluation.learnt import Learnt
    from masquerade.evaluation.measures import Abstaining, Measures

app = typer.Typer(help="Measure models on labelled photos.", no_args_is_help=True, rich_markup_mode=None)
ALL = "all"
SHOWN = 20
OUTSIDE = "the sets that the model was trained on, outside its test part"


app.command("recognition")(evaluate_recognition.recognition)


@app.callback()
def evaluate() -> None:
    """Measure models on labelled photos."""


@app.command()
def wearing(  # noqa: PLR0913, PLR0917 - one each option
    data: Annotated[list[Path] | None, typer.Option(help="A labelled set; repeat it for several.")] = None,
    model: Annotated[str, typer.Option(metavar="NAME|FILE|RUN", help="Registered name, ONNX file, or run folder.")] = (
        "wearing"
    ),
    part: Annotated[str, typer.Option(help="test: without what the model was trained on; or all.")] = "test",
    boxes: Annotated[str, typer.Option(help="drawn: cut at the labels' boxes; found: at the detector's.")] = "drawn",
    min_side: Annotated[float, typer.Option(min=1, help="Smallest labelled face, in pixels of its longer side.")] = 24,
    confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Also measure a model that abstains below this.")
    ] = None,
    layout: LayoutOption = None,
    images: ImagesOption = None,
    names: ClassOption = None,
    whole: WholeOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write a page with the worst mistakes to this HTML file.")] = None,
) -> None:
    """Tell how well a model says how masks are worn, on photos with labels.

    Photos that the model was trained on are left out, where that is known. Exit code 1 when photos could not be read.
    """
    from masquerade.evaluation.judging import judge
    from masquerade.evaluation.learnt import learnt_by, run_model
    from masquerade.models import get_model, list_models

    one_of(part, ("test", ALL), "--part")
    one_of(boxes, ("drawn", "found"), "--boxes")
    registered = any(model == one.card.name for one in list_models())
    run = Path(model) if Path(model).is_dir() and not registered else None
    name = model if run is None else str(run_model(run))
    found = get_model(name)
    if save is not None:
        from masquerade.files import make_folder, refuse_folder

        make_folder(save.parent)
        refuse_folder(save)
    options = {"layout": layout, "images": images, "classes": classes_of(names or []), "whole": whole}
    sets = _read(data, run, options)
    every, learnt = _joined(sets), learnt_by(found)
    photos = [photo for photo in every if part == ALL or not learnt.saw(photo)]
    _refuse_none(photos, every, learnt)
    with Bar("judging", len(photos)) as bar:
        judged = judge(photos, name, cast("Boxes", boxes), min_side, bar.advance)
    report = _Report(f"{found.card.name} {found.card.version}", part, boxes, min_side, sets, every, learnt, judged)
    report.finish(confidence, as_json, save)
    if judged.unread:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Report:
    """What is said of one evaluation."""

    model: str
    part: str
    boxes: str
    min_side: float
    sets: Sequence[DataSet]
    every: Sequence[LabelledPhoto]
    learnt: Learnt
    judged: Judged

    def finish(self, confidence: float | None, as_json: bool, save: Path | None) -> None:
        """Measure, print, and write the page."""
        from masquerade.evaluation.measures import abstain_below

        measures = self._measures()
        abstaining = None if confidence is None else abstain_below(self.judged.predictions, confidence)
        if as_json:
            typer.echo(json.dumps(self._told(measures, abstaining)))
        else:
            self._print(measures, abstaining)
        if save is not None:
            from masquerade.evaluation.pages.evaluated import evaluated_page
            from masquerade.files import write_whole

            title = f"How well {self.model} tells the wearing of masks"
            text = evaluated_page(title, self.facts(), self.judged.predictions, measures, abstaining)
            write_whole(save, text.encode("utf-8"))
            typer.echo(f"page: {save.resolve().as_uri()}", err=True)
        for photo, error in self.judged.unread[:SHOWN]:
            typer.echo(f"not read: {shown(photo.path)}: {shown(error)} [{error.code}]", err=True)
        if len(self.judged.unread) > SHOWN:
            typer.echo(f"not read: {len(self.judged.unread)} photos in all", err=True)

    def _measures(self) -> dict[str, Measures]:
        """Measures of all faces, and of each set where there are several."""
        from masquerade.evaluation.measures import measure

        found = {"all": measure(self.judged.predictions)}
        names = [one.name for one in self.sets]
        for name in names if len(names) > 1 else []:
            found[name] = measure(self.judged.predictions[self.judged.sets == name])
        return found

    def facts(self) -> list[str]:
        """What was evaluated on what, a sentence each."""
        judged = self.judged
        faces = len(judged.predictions)
        lines = [f"Model {self.model}; {faces} faces of {judged.photos} photos, boxes as {self.boxes}.", self._seen()]
        if judged.small:
            lines.append(f"{judged.small} faces smaller than {self.min_side:g} px left out.")
        if judged.incorrect_left_out:
            lines.append(f"{judged.incorrect_left_out} faces labelled incorrect left out: the model knows two labels.")
        if any(judged.missed.values()):
            missed = ", ".join(f"{count} {label}" for label, count in judged.missed.items() if count)
            lines.append(f"Not found by the detector, and not in the measures: {missed}.")
        lines += [
            f"{one.name}: {len(one.problems)} problems of labels; see masquerade datasets check."
            for one in self.sets
            if one.problems
        ]
        return lines

    def _seen(self) -> str:
        """How many photos the model was trained on."""
        seen = sum(self.learnt.saw(photo) for photo in self.every)
        if not self.learnt.where:
            return "What the model was trained on is not known: its figures may flatter."
        if self.part == ALL and seen:
            return f"{seen} of {len(self.every)} photos are of {OUTSIDE}: the figures flatter."
        others = self.learnt.of_other_sets(self.every)
        unknown = f" It was not trained on {', '.join(others)}, as far as {self.learnt.where} tells." if others else ""
        return f"{seen} of {len(self.every)} photos left out, of {OUTSIDE}.{unknown}"

    def _told(self, measures: dict[str, Measures], abstaining: Abstaining | None) -> dict[str, Any]:
        judged = self.judged
        return {
            "model": self.model,
            "part": self.part,
            "boxes": self.boxes,
            "min_side": self.min_side,
            "photos": judged.photos,
            "photos_given": len(self.every),
            "photos_of_training": sum(self.learnt.saw(photo) for photo in self.every),
            "training_known_from": self.learnt.where or None,
            "missed": judged.missed,
            "small": judged.small,
            "incorrect_left_out": judged.incorrect_left_out,
            "problems": {one.name: len(one.problems) for one in self.sets},
            "unread": [{"photo": str(photo.path), "error": error.to_dict()} for photo, error in judged.unread],
            "measures": {name: found.to_dict() for name, found in measures.items()},
            "abstaining": None if abstaining is None else abstaining.to_dict(),
        }

    def _print(self, measures: dict[str, Measures], abstaining: Abstaining | None) -> None:
        from masquerade.evaluation.pages.evaluated import abstaining_words
        from masquerade.evaluation.words import empty_words, measure_rows

        for line in self.facts():
            typer.echo(shown(line))
        for name, found in measures.items():
            typer.echo(f"\n{shown(name)}: {found.faces} faces in {found.groups} groups; in brackets 95 % intervals")
            if empty_words(found):
                typer.echo(f"  {empty_words(found)}")
            rows = measure_rows(found)
            width = max(len(words) for words, _, _ in rows)
            for words, number, span in rows:
                typer.echo(f"  {words:{width}}  {number}{f' [{span}]' if span else ''}")
            typer.echo("  confusion, true label by row:")
            wide = max(map(len, found.labels))
            typer.echo(f"    {'':{wide}}  {'  '.join(found.labels)}")
            for label, counts in zip(found.labels, found.confusion, strict=True):
                cells = "  ".join(f"{count:>{len(head)}}" for count, head in zip(counts, found.labels, strict=True))
                typer.echo(f"    {label:{wide}}  {cells}")
        if abstaining is not None:
            typer.echo(f"\n{abstaining_words(abstaining)}")


def _read(data: list[Path] | None, run: Path | None, options: dict[str, Any]) -> list[DataSet]:
    """Read the sets that were named; else those that the run was trained and tested on."""
    from masquerade.datasets.reading import read_set

    if data:
        if options["images"] is not None and len(data) > 1:
            raise typer.BadParameter("--images goes with one --data")
        return [read_set(path, **options) for path in data]
    config = None if run is None else run / "config.json"
    if config is None or not config.is_file():
        raise typer.BadParameter("expected a labelled set", param_hint="--data")
    plan = _plan(config)
    images = plan.get("images")
    known: dict[str, Any] = {
        "layout": plan.get("layout"),
        "images": None if images is None else Path(images),
        "classes": plan.get("names") or None,
        "whole": bool(plan.get("whole")),
    }
    return [read_set(Path(path), **known) for path in plan["data"]]


def _plan(config: Path) -> dict[str, Any]:
    from masquerade.errors import StudyInvalid

    try:
        plan = json.loads(config.read_text(encoding="utf-8"))["plan"]
        if not isinstance(plan["data"], list):
            raise TypeError("data is no list")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyInvalid(f"{config}: is not that of a run: {error}", hint="name the data with --data") from error
    return cast("dict[str, Any]", plan)


def _joined(sets: list[DataSet]) -> Sequence[LabelledPhoto]:
    from masquerade.datasets.reading import join_sets

    return join_sets(sets)


def _refuse_none(photos: Sequence[LabelledPhoto], every: Sequence[LabelledPhoto], learnt: Learnt) -> None:
    from masquerade.errors import DataMissing

    if photos:
        return
    if every:
        raise DataMissing(f"all {len(every)} photos are of {OUTSIDE}, by {learnt.where}", hint="--part all takes them")
    raise DataMissing("the data have no labelled photo", hint="masquerade datasets check says what is there")
