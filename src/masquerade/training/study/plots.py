"""Pictures of a run: curves of loss and of correct faces, and the confusion of labels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from masquerade.files import write_whole
from masquerade.training.study.folder import PLOTS

PARTS = {"train": ("training part", "#1b6ca8", "o"), "check": ("part set aside", "#3b8132", "s")} | {
    "test": ("test part", "#c2541a", "^")
}
"""Name, colour and mark of each part's curve."""


def draw_plots(run: Path, title: str, rows: Sequence[dict[str, Any]], labels: Sequence[str], confusion: Any) -> None:
    """Draw ``loss.png``, ``correct.png`` and ``confusion.png`` into the run's folder of plots.

    Args:
        run: the run folder.
        title: what the run is of.
        rows: figures of the epochs.
        labels: names of the C labels.
        confusion: (C, C) counts on the test part, true label by row, predicted by column.
    """
    curves(rows, "loss", f"{title}: mean loss a face", "cross-entropy in nats", run / PLOTS / "loss.png")
    curves(rows, "correct", f"{title}: correct faces", "share of faces in %", run / PLOTS / "correct.png")
    _save(confusion_figure(f"{title}: test part", labels, confusion), run / PLOTS / "confusion.png")


@dataclass(frozen=True, slots=True)
class Line:
    """One curve over the epochs.

    Attributes:
        name: for the legend.
        colour, mark: how it is drawn.
        points: epoch and value.
    """

    name: str
    colour: str
    mark: str
    points: Sequence[tuple[int, float]]


def curves(rows: Sequence[dict[str, Any]], what: str, title: str, unit: str, target: Path) -> None:
    """Draw a measure over the epochs, a line for each part that was measured."""
    lines = []
    for part, (name, colour, mark) in PARTS.items():
        measured = [row for row in rows if row.get(f"{part}_{what}") is not None]
        lines.append(Line(name, colour, mark, [(row["epoch"], _value(row, part, what)) for row in measured]))
    draw_lines(lines, title, unit, target)


def draw_lines(lines: Sequence[Line], title: str, unit: str, target: Path) -> None:
    """Draw curves over the epochs with their last values; those without points are left out."""
    figure, axes = _figure(title)
    for line in lines:
        if line.points:
            axes.plot(
                *zip(*line.points, strict=True),
                color=line.colour,
                marker=line.mark,
                markersize=5,
                linewidth=1.8,
                label=line.name,
            )
            axes.annotate(
                f"{line.points[-1][1]:.3g}",
                line.points[-1],
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=line.colour,
            )
    axes.set_xlabel("epoch")
    axes.set_ylabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.14)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    _save(figure, target)


def _value(row: dict[str, Any], part: str, what: str) -> float:
    value = float(row[f"{part}_{what}"])
    return 100 * value / max(1, row[f"{part}_faces"]) if what == "correct" else value


def confusion_figure(title: str, labels: Sequence[str], confusion: Any) -> Figure:
    """Draw counts of true against predicted labels; shades are shares of the true label."""
    figure, axes = _figure(title, (5.6, 5.0))
    shares = [[count / max(1, sum(row)) for count in row] for row in confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for across, row in enumerate(confusion):
        for down, count in enumerate(row):
            share = shares[across][down]
            axes.text(
                down,
                across,
                f"{count}\n{share:.1%}",
                ha="center",
                va="center",
                color="white" if share > 0.5 else "black",
            )
    names = [name.replace("_", " ") for name in labels]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names, rotation=90, va="center")
    axes.set_xlabel("predicted label")
    axes.set_ylabel("true label")
    return figure


def _figure(title: str, inches: tuple[float, float] = (7.2, 4.4)) -> tuple[Figure, Any]:
    figure = Figure(figsize=inches, dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(title, fontsize=11)
    return figure, axes


def _save(figure: Figure, target: Path) -> None:
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    write_whole(target, stream.getvalue())
