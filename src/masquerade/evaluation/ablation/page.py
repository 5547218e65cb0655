"""The page of an ablation: tables, curves, what training cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from masquerade.evaluation.ablation.cells import Ablation, Cell
from masquerade.evaluation.ablation.results import Run
from masquerade.evaluation.ablation.tables import Table
from masquerade.evaluation.pages.charts import Line, line_chart
from masquerade.evaluation.pages.parts import Head, Piece, document, paragraph, share_text, table
from masquerade.evaluation.sweep.parts import settings_table, without_result

CURVES = (
    ("training loss", "train_loss", None),
    ("nearest neighbour, all masked", "test_rank1_both", 1.0),
    ("nearest neighbour, bare", "test_rank1", 1.0),
)


def ablation_page(
    ablation: Ablation, runs: Mapping[Cell, Run], tables: Sequence[Table], failed: Mapping[Cell, str]
) -> str:
    """Write the page.

    Args:
        ablation: what was asked for.
        runs: the finished ones.
        tables: as ``make_tables`` makes them of these.
        failed: why a run failed.

    Returns:
        HTML text that refers to nothing outside itself and holds no picture of anybody.
    """
    parts = ['<h2 id="tables">Tables</h2>', *without_result(ablation.cells(), runs, failed), *map(_table, tables)]
    parts += [_curves(ablation, runs), _costs(runs), settings_table(ablation.settings)]
    lead = paragraph(
        f"{len(runs)} of {len(ablation.cells())} runs: {', '.join(ablation.backbones)}, with the losses "
        f"{', '.join(ablation.losses)}. Nobody in a test set was trained on. Each number is of one run with one seed, "
        "and photos of one person hang together: differences of a few points between runs say nothing."
    )
    items = "".join(f'<li><a href="#{name}">{name}</a></li>' for name in ("tables", "curves", "cost", "settings"))
    nav = f'<nav aria-label="Parts of this page"><ul>{items}</ul></nav>'
    return document("Report 2's comparison of backbones, run again", lead + nav, "".join(parts))


def _table(one: Table) -> str:
    heads = [Head(name, columns) for name, columns in one.groups]
    rows = [(name, [Piece(share_text(value)) for value in values]) for name, values in one.rows]
    title = f"<h3>Table {one.wish.number}: {escape(one.wish.title)}</h3>"
    return title + paragraph(one.wish.note, "note") + table(one.caption, "backbone", heads, rows, one.sizes)


def _curves(ablation: Ablation, runs: Mapping[Cell, Run]) -> str:
    figures = []
    for loss in ablation.losses:
        mine = [run for run in runs.values() if run.cell.loss == loss]
        for title, key, top in CURVES:
            lines = [Line(run.cell.backbone, _points(run, key)) for run in mine]
            if any(line.points for line in lines):
                figures.append(line_chart(f"{loss}: {title}", "epoch", lines, top))
    body = "".join(figures) or "<p>No epoch is finished.</p>"
    return f'<h2 id="curves">Curves</h2><div class="grid">{body}</div>'


def _points(run: Run, key: str) -> tuple[tuple[float, float], ...]:
    pairs = [(line.get("epoch"), line.get(key)) for line in run.epochs]
    return tuple((float(x), float(y)) for x, y in pairs if isinstance(x, int | float) and isinstance(y, int | float))


def _costs(runs: Mapping[Cell, Run]) -> str:
    rows = [(cell.name, _cost(run)) for cell, run in runs.items()]
    heads = [Head("training", ("people", "photos", "epochs", "minutes", "right, of its own photos"))]
    heads.append(Head("network", ("parameters", "started from")))
    return '<h2 id="cost">Cost</h2>' + table("What training cost", "run", heads, rows)


def _cost(run: Run) -> list[Piece]:
    result = run.result
    train = result.get("faces", {}).get("train", {})
    right = result.get("train", {}).get("accuracy")
    numbers = [train.get("identities"), train.get("photos"), result.get("epochs")]
    minutes, size = result.get("seconds"), result.get("parameters")
    return [
        *(Piece(_count(number)) for number in numbers),
        Piece("-" if minutes is None else f"{minutes / 60:.1f}"),
        Piece("-" if right is None else share_text(float(right))),
        Piece(_count(size)),
        Piece(str(result.get("start", "-"))),
    ]


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
