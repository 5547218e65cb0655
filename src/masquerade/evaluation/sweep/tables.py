"""Report 1's tables from our runs, with its own numbers beside ours."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from masquerade.evaluation.measures import Measure
from masquerade.evaluation.pages.parts import NONE, number_span, number_text, share_span, share_text
from masquerade.evaluation.sweep.cells import Cell, Sweep
from masquerade.evaluation.sweep.published import COUNTERPARTS, FACES, published
from masquerade.evaluation.sweep.results import Run

AVERAGE = "average"
Form = Literal["loss", "count", "share", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """One kind of number in a table.

    Attributes:
        head: above it.
        measure: name in ``Measures``.
        form: how it is written; a count comes with its share of the faces.
        ours: False for the report's own numbers.
    """

    head: str
    measure: str
    form: Form
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """A table that is to be made: its number, what it is called, for how many classes, and its columns a model."""

    number: str
    title: str
    classes: int
    columns: tuple[Column, ...]
    note: str = ""


LOSS = (
    Column("mean an image", "loss", "loss"),
    Column("the report's way", "report_loss", "loss"),
    Column("report 1", "report_loss", "loss", ours=False),
)
LOSS_NOTE = (
    "Report 1 divides the sum of batch means by the number of images, which is ten times too small with its batches of "
    "ten. Our loss is counted both ways: compare the second column with the report's."
)
CORRECT = (Column("ours", "correct", "count"), Column("report 1", "correct", "count", ours=False))
EFFECTIVE = (
    Column("by words", "effective_words", "count"),
    Column("by code", "effective_code", "count"),
    Column("report 1 by words", "effective_words", "count", ours=False),
    Column("report 1 as printed (by code)", "effective_code", "count", ours=False),
)
EFFECTIVE_NOTE = (
    "By the report's words, no mask and a mask worn wrongly count as one: both raise the alarm. Its code counts mask "
    "and mask worn wrongly as one instead, and its printed numbers follow the code. By words, its own logs give the "
    "third column."
)
CALIBRATION = (Column("ours", "calibration_error", "number"),)
CALIBRATION_NOTE = "Fifteen bins of equal width. A draw of the bootstrap has larger gaps: the interval leans upwards."


def _both(measure: str, form: Form = "share") -> tuple[Column, ...]:
    return (Column("ours", measure, form), Column("report 1's logs", measure, form, ours=False))


WISHES = (
    Wish("1.1", "Average testing loss", 2, LOSS, LOSS_NOTE),
    Wish("1.2", "Correct predictions", 2, CORRECT),
    Wish("1.3", "Recall of faces without mask", 2, (Column("ours", "recall_without_mask", "share"),)),
    Wish("1.4", "Macro-F1", 2, (Column("ours", "macro_f1", "number"),)),
    Wish("1.5", "Expected calibration error", 2, CALIBRATION, CALIBRATION_NOTE),
    Wish("2.1", "Average testing loss", 3, LOSS, LOSS_NOTE),
    Wish("2.2", "Correct predictions", 3, CORRECT),
    Wish("2.3", "Effective correct predictions", 3, EFFECTIVE, EFFECTIVE_NOTE),
    Wish("2.4", "Recall of masks worn wrongly", 3, _both("recall_incorrect")),
    Wish("2.5", "Macro-F1", 3, _both("macro_f1", "number")),
    Wish(
        "2.6",
        "Alert recall",
        3,
        _both("alert_recall"),
        "Share of faces with no mask, or one worn wrongly, that are called either.",
    ),
    Wish("2.7", "Alert precision", 3, _both("alert_precision")),
    Wish("2.8", "Expected calibration error", 3, CALIBRATION, CALIBRATION_NOTE),
)
"""Tables 1.1 to 2.3 are the report's; the others say what those hide."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell: a number with its interval, or nothing.

    Attributes:
        value: nan where there is no number.
        text: the number in words.
        span: its interval in words; may be empty.
    """

    value: Measure
    text: str
    span: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the study.

    Attributes:
        number, title, note: of it.
        classes: 2 or 3.
        faces: test faces of our runs; 0 when there is none.
        columns: for each model its columns, in order.
        rows: for each rate, and at last the average, an entry a column.
    """

    number: str
    title: str
    note: str
    classes: int
    faces: int
    columns: tuple[tuple[str, tuple[Column, ...]], ...]
    rows: tuple[tuple[str, tuple[Entry, ...]], ...]

    @property
    def size(self) -> str:
        """How many classes and faces."""
        return f"{self.classes} classes, {self.faces} test faces"

    @property
    def caption(self) -> str:
        """Number, title and how many faces."""
        return f"Table {self.number}: {self.title}, {self.size}"


def make_tables(sweep: Sweep, runs: Mapping[Cell, Run]) -> list[Table]:
    """Make every table of the classes that the sweep has."""
    return [_table(wish, sweep, runs) for wish in WISHES if wish.classes in sweep.classes]


def _table(wish: Wish, sweep: Sweep, runs: Mapping[Cell, Run]) -> Table:
    columns = []
    for model in sweep.models:
        kept = tuple(column for column in wish.columns if column.ours or model in COUNTERPARTS)
        columns.append((model, kept))
    faces = next((run.measures.faces for cell, run in runs.items() if cell.classes == wish.classes), 0)
    rows = []
    for rate in sweep.rates:
        row = [
            _entry(column, _value(column, Cell(model, wish.classes, rate), runs), wish.classes, faces)
            for model, kept in columns
            for column in kept
        ]
        rows.append((f"{rate:g}", tuple(row)))
    means = [
        _entry(column, _mean([row[number].value for _, row in rows]), wish.classes, faces)
        for number, column in enumerate(column for _, kept in columns for column in kept)
    ]
    rows.append((AVERAGE, tuple(means)))
    return Table(wish.number, wish.title, wish.note, wish.classes, faces, tuple(columns), tuple(rows))


def _value(column: Column, cell: Cell, runs: Mapping[Cell, Run]) -> Measure:
    if column.ours:
        return runs[cell].measures[column.measure] if cell in runs else Measure(math.nan)
    theirs = published(cell.model, cell.classes, cell.rate)
    found = theirs.value(column.measure) if theirs else None
    return Measure(math.nan if found is None else found)


def _mean(values: Sequence[Measure]) -> Measure:
    """The mean over rates; nan where one is missing, since it would not be comparable."""
    return Measure(sum(value.value for value in values) / len(values))


def _entry(column: Column, value: Measure, classes: int, faces: int) -> Entry:
    if math.isnan(value.value):
        return Entry(value, NONE, "")
    if column.form == "loss":
        return Entry(value, number_text(value.value, 5), number_span(value, 4))
    if column.form == "number":
        return Entry(value, number_text(value.value, 3), number_span(value, 3))
    if column.form == "share":
        return Entry(value, share_text(value.value), share_span(value))
    whole = faces if column.ours else FACES[classes]
    shares = Measure(value.value / whole, value.low / whole, value.high / whole)
    return Entry(value, f"{value.value:g} ({share_text(shares.value)})", share_span(shares))


def tables_text(tables: Sequence[Table]) -> str:
    """Give the tables as plain text; intervals stand in brackets."""
    return "\n".join(_text(table) for table in tables)


def _text(table: Table) -> str:
    models = [name for name, kept in table.columns for _ in kept]
    firsts = [number == 0 for _, kept in table.columns for number in range(len(kept))]
    top = ["", *(name if first else "" for name, first in zip(models, firsts, strict=True))]
    heads = ["learning rate", *(column.head for _, kept in table.columns for column in kept)]
    rows = [top, heads]
    rows += [[name, *(f"{e.text} [{e.span}]" if e.span else e.text for e in row)] for name, row in table.rows]
    widths = [max(len(row[number]) for row in rows) for number in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(2, "-" * max(map(len, lines)))
    return "\n".join([table.caption, *lines, *([table.note] if table.note else []), ""])


def tables_csv(tables: Sequence[Table]) -> str:
    """Give the tables as CSV, a line a number."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["table", "title", "classes", "model", "learning_rate", "measure", "source", "value", "low", "high", "faces"]
    )
    for table in tables:
        columns = [(model, column) for model, kept in table.columns for column in kept]
        for rate, row in table.rows:
            for (model, column), entry in zip(columns, row, strict=True):
                faces = table.faces if column.ours else FACES[table.classes]
                numbers = (entry.value.value, entry.value.low, entry.value.high)
                writer.writerow(
                    [
                        table.number,
                        table.title,
                        table.classes,
                        model,
                        rate,
                        column.measure,
                        "masquerade" if column.ours else "report 1",
                        *("" if math.isnan(number) else f"{number:.10g}" for number in numbers),
                        faces,
                    ]
                )
    return stream.getvalue()
