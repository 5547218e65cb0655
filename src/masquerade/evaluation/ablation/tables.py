"""Tables of an ablation: a row a backbone, a column a test set and loss; as text in Markdown, and as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from masquerade.evaluation.ablation.cells import Ablation, Cell
from masquerade.evaluation.ablation.published import NOTE, SETS, claimed
from masquerade.evaluation.ablation.results import TEST_PART, Run
from masquerade.evaluation.pages.parts import share_text

REPORT = "report 2 (claimed)"


@dataclass(frozen=True, slots=True)
class Wish:
    """A table that is to be made.

    Attributes:
        number, title, note: of it.
        measure: name in a run's measures.
        published: whether the report has such a table.
        chance: whether what chance would give is told.
    """

    number: str
    title: str
    measure: str
    note: str
    published: bool = False
    chance: bool = False


WISHES = (
    Wish(
        "1",
        "Nearest neighbour, all faces masked",
        "rank1_both",
        "Report 2's measure: the share of photos whose nearest neighbour among all others is of the same person, masks "
        f"drawn on all of them. {NOTE}",
        published=True,
        chance=True,
    ),
    Wish(
        "2",
        "Nearest neighbour, a masked face among bare ones",
        "rank1_masked",
        "The same with a mask on the asking face only, which is the task that matters.",
        chance=True,
    ),
    Wish("3", "Nearest neighbour, bare faces", "rank1", "The same without masks.", chance=True),
    Wish(
        "4",
        "Pairs, TAR at FAR 1e-2, bare",
        "tar",
        "At a threshold of its own for each set. A dash: fewer than 300 pairs of different people, too few to say.",
    ),
    Wish(
        "5", "Pairs, TAR at FAR 1e-2, one face masked", "tar_masked", "The same with a mask on one face of each pair."
    ),
    Wish(
        "6", "Pairs, accuracy, one face masked", "accuracy_masked", "By ten folds, the threshold from the other nine."
    ),
)
"""The first is what report 2 has, for two sets; the others say what it hides."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        wish: what it is.
        groups: test sets (or the report) and the columns below each.
        sizes: photos and people of each test set, in words.
        rows: for each backbone a value a column; nan where there is none.
    """

    wish: Wish
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    sizes: str
    rows: tuple[tuple[str, tuple[float, ...]], ...]

    @property
    def caption(self) -> str:
        """Number, title and how many photos."""
        return f"Table {self.wish.number}: {self.wish.title}; {self.sizes}"


def make_tables(ablation: Ablation, runs: Mapping[Cell, Run]) -> list[Table]:
    """Make every table; a test set that no run has is left out."""
    names = list(dict.fromkeys(name for run in runs.values() for name, found in run.sets.items() if found.get("faces")))
    return [_table(wish, ablation, runs, names or [TEST_PART]) for wish in WISHES]


def _table(wish: Wish, ablation: Ablation, runs: Mapping[Cell, Run], names: Sequence[str]) -> Table:
    groups = [(name, ablation.losses) for name in names]
    report = wish.published and any(claimed(backbone) for backbone in ablation.backbones)
    if report:
        groups.append((REPORT, SETS))
    rows = []
    for backbone in ablation.backbones:
        values = [_value(runs.get(Cell(backbone, loss)), name, wish) for name in names for loss in ablation.losses]
        if report:
            values += claimed(backbone) or (math.nan,) * len(SETS)
        rows.append((backbone, tuple(values)))
    return Table(wish, tuple(groups), _sizes(names, runs, wish.chance), tuple(rows))


def _value(run: Run | None, name: str, wish: Wish) -> float:
    return math.nan if run is None else run.value(name, wish.measure)


def _sizes(names: Sequence[str], runs: Mapping[Cell, Run], chance: bool) -> str:
    told = []
    for name in names:
        run = next((run for run in runs.values() if name in run.sets), None)
        if run is not None:
            photos, people = int(run.sets[name].get("faces") or 0), run.people.get(name, 0)
            told.append(f"{name}: {photos} photos of {people} people{_chance(photos, people) if chance else ''}")
    return ", ".join(told) or "no run is finished"


def _chance(photos: int, people: int) -> str:
    """What a neighbour by chance would give, were the photos spread evenly over the people."""
    if photos < 2 or not people:
        return ""
    return f" (by chance {share_text((photos / people - 1) / (photos - 1))}, spread evenly)"


def tables_markdown(tables: Sequence[Table]) -> str:
    """Give the tables in Markdown."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    heads = [f"{group}: {column}" for group, columns in table.groups for column in columns]
    lines = [_row(["backbone", *heads]), _row(["---"] * (len(heads) + 1))]
    lines += [_row([name, *(share_text(value) for value in values)]) for name, values in table.rows]
    return "\n".join([f"## {table.caption}", "", *lines, "", table.wish.note, ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def tables_csv(tables: Sequence[Table]) -> str:
    """Give the tables as CSV, a line a number; empty where there is none."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["table", "title", "measure", "backbone", "test_set", "loss", "source", "value"])
    for table in tables:
        wish = table.wish
        columns = [(group, column) for group, columns in table.groups for column in columns]
        for backbone, values in table.rows:
            for (group, column), value in zip(columns, values, strict=True):
                theirs = group == REPORT
                where = [column, "arcface", "report 2, claimed"] if theirs else [group, column, "masquerade"]
                number = "" if math.isnan(value) else f"{value:.6g}"
                writer.writerow([wish.number, wish.title, wish.measure, backbone, *where, number])
    return stream.getvalue()
