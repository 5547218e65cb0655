"""Tables and page of a sweep, written from its run folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from masquerade.evaluation.sweep.cells import Cell, Sweep
from masquerade.evaluation.sweep.page import sweep_page
from masquerade.evaluation.sweep.results import Run, read_run
from masquerade.evaluation.sweep.running import read_cells
from masquerade.evaluation.sweep.tables import Table, make_tables, tables_csv, tables_text
from masquerade.files import write_whole

TEXT, CSV, PAGE = "tables.txt", "tables.csv", "index.html"


class Written(NamedTuple):
    """What was written: the tables, why runs have no result, and the runs that have one."""

    tables: list[Table]
    failed: dict[Cell, str]
    runs: dict[Cell, Run]


def write_results(
    folder: Path, sweep: Sweep, failed: Mapping[Cell, str], done: Callable[[Cell], None] = lambda _: None
) -> Written:
    """Read the finished runs, and write ``tables.txt``, ``tables.csv`` and ``index.html``.

    Args:
        folder: of the sweep.
        sweep: all that was asked for.
        failed: why a run failed.
        done: is told of each run that was looked at.

    Returns:
        The tables, the runs that could be read, and all that failed, with those whose folder cannot be read.

    Raises:
        DestinationUnusable: a file cannot be written.
    """
    runs, trouble = read_cells(folder, sweep.cells(), failed, read_run, done)
    tables = make_tables(sweep, runs)
    write_whole(folder / TEXT, tables_text(tables).encode("utf-8"))
    write_whole(folder / CSV, tables_csv(tables).encode("utf-8"))
    write_whole(folder / PAGE, sweep_page(sweep, runs, tables, trouble).encode("utf-8"))
    return Written(tables, trouble, runs)
