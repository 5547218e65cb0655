"""The page of a sweep: tables, curves, confusion matrices, the worst mistakes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from masquerade.evaluation.pages.charts import Line, line_chart
from masquerade.evaluation.pages.mistakes import Pictures, mistakes_list
from masquerade.evaluation.pages.parts import (
    Head,
    Piece,
    confusion_table,
    document,
    paragraph,
    private,
    share_span,
    share_text,
    table,
)
from masquerade.evaluation.sweep.cells import Cell, Sweep
from masquerade.evaluation.sweep.parts import settings_table, without_result
from masquerade.evaluation.sweep.results import Run
from masquerade.evaluation.sweep.tables import Table

WORDS = {2: "Two classes: mask, no mask", 3: "Three classes: mask, no mask, mask worn wrongly"}


def sweep_page(sweep: Sweep, runs: Mapping[Cell, Run], tables: Sequence[Table], failed: Mapping[Cell, str]) -> str:
    """Write the page.

    Args:
        sweep: what was asked for.
        runs: the finished ones.
        tables: as ``make_tables`` makes them of these.
        failed: why a run failed.

    Returns:
        HTML text that refers to nothing outside itself.
    """
    pictures = Pictures()
    parts = [_nav(sweep), *without_result(sweep.cells(), runs, failed)]
    for classes in sweep.classes:
        mine = {cell: run for cell, run in runs.items() if cell.classes == classes}
        parts.append(f'<h2 id="classes-{classes}">{WORDS[classes]}</h2>')
        parts += [_best(mine), *_tables([one for one in tables if one.classes == classes])]
        parts += [_curves(sweep, classes, mine), _confusions(mine), _mistakes(mine, pictures)]
    parts.append(settings_table(sweep.settings))
    count = len(sweep.cells())
    lead = paragraph(
        f"{len(runs)} of {count} runs: {', '.join(sweep.models)}, at the learning rates "
        f"{', '.join(f'{rate:g}' for rate in sweep.rates)}. Small numbers below a value are its 95 % interval, by "
        "bootstrap over groups of near-duplicate photos. Training chose nothing by the test part. Averages are over "
        "the learning rates, as in the report."
    ) + private("test photos")
    return document("Report 1's study, run again", lead, "".join(parts))


def _nav(sweep: Sweep) -> str:
    items = "".join(
        f'<li><a href="#classes-{classes}">{classes} classes</a></li>'
        f'<li><a href="#curves-{classes}">curves</a></li><li><a href="#confusion-{classes}">confusion</a></li>'
        f'<li><a href="#mistakes-{classes}">worst mistakes</a></li>'
        for classes in sweep.classes
    )
    return f'<nav aria-label="Parts of this page"><ul>{items}<li><a href="#settings">settings</a></li></ul></nav>'


def _best(runs: Mapping[Cell, Run]) -> str:
    """What came out best, in a sentence; the test part judged it, so it flatters."""
    known = [run for run in runs.values() if not math.isnan(run.measures["macro_f1"].value)]
    if not known:
        return ""
    best = max(known, key=lambda run: run.measures["macro_f1"].value)
    found = best.measures
    parts = [
        f"{name} {share_text(found[measure].value)} ({share_span(found[measure])})"
        for name, measure in (("accuracy", "accuracy"), ("macro-F1", "macro_f1"), ("alert recall", "alert_recall"))
    ]
    empty = f" No test face is labelled {', '.join(found.empty)}: its recall is not known." if found.empty else ""
    return paragraph(
        f"The highest macro-F1 on the test part, which flatters, since it was picked there: {best.cell.name}, with "
        f"{', '.join(parts)}.{empty}"
    )


def _tables(tables: Sequence[Table]) -> list[str]:
    parts = []
    for one in tables:
        heads = [Head(model, tuple(column.head for column in kept)) for model, kept in one.columns]
        rows = [(name, [Piece(entry.text, entry.span) for entry in row]) for name, row in one.rows]
        parts.append(f"<h3>Table {one.number}: {escape(one.title)}</h3>")
        parts.append(paragraph(one.note, "note") if one.note else "")
        parts.append(table(one.caption, "learning rate", heads, rows, one.size))
    return parts


def _curves(sweep: Sweep, classes: int, runs: Mapping[Cell, Run]) -> str:
    figures = []
    for model in sweep.models:
        mine = [run for cell, run in sorted(runs.items()) if cell.model == model]
        for title, key, top in (
            ("training loss", "train_loss", None),
            ("testing loss", "test_loss", None),
            ("correct on the test part", "test_correct", 1.0),
        ):
            lines = [Line(f"rate {run.cell.rate:g}", _points(run, key)) for run in mine]
            if any(line.points for line in lines):
                figures.append(line_chart(f"{model}: {title}", "epoch", lines, top))
    body = "".join(figures) or "<p>No epoch is finished.</p>"
    return f'<h3 id="curves-{classes}">Curves</h3><div class="grid">{body}</div>'


def _points(run: Run, key: str) -> tuple[tuple[float, float], ...]:
    """Points of one measure over epochs; correct predictions as a share of the faces."""
    whole = max(1, run.measures.faces) if key == "test_correct" else 1
    points = []
    for line in run.epochs:
        epoch, value = line.get("epoch"), line.get(key)
        if isinstance(epoch, int | float) and isinstance(value, int | float):
            points.append((float(epoch), float(value) / whole))
    return tuple(points)


def _confusions(runs: Mapping[Cell, Run]) -> str:
    if not runs:
        return ""
    classes = next(iter(runs)).classes
    cards = "".join(confusion_table(run.measures, cell.name) for cell, run in sorted(runs.items()))
    return f'<h3 id="confusion-{classes}">Confusion</h3><div class="grid">{cards}</div>'


def _mistakes(runs: Mapping[Cell, Run], pictures: Pictures) -> str:
    if not runs:
        return ""
    classes = next(iter(runs)).classes
    parts = [f'<h3 id="mistakes-{classes}">Worst mistakes</h3>']
    best = _best_of_each_model(runs)
    for cell, run in sorted(runs.items()):
        opened = " open" if cell in best else ""
        faces = mistakes_list(run.predictions, pictures)
        parts.append(f"<details{opened}><summary>{escape(cell.name)}</summary>{faces}</details>")
    return "".join(parts)


def _best_of_each_model(runs: Mapping[Cell, Run]) -> set[Cell]:
    best: dict[str, Cell] = {}
    for cell, run in sorted(runs.items()):
        kept = best.get(cell.model)
        if kept is None or run.measures["correct"].value > runs[kept].measures["correct"].value:
            best[cell.model] = cell
    return set(best.values())
