"""Tables and page of a job of many runs, written from its run folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from masquerade.evaluation.sweep.cells import Cell
from masquerade.evaluation.sweep.jobs import Named
from masquerade.evaluation.sweep.page import sweep_page
from masquerade.evaluation.sweep.results import Run, read_run
from masquerade.evaluation.sweep.running import read_cells
from masquerade.evaluation.sweep.tables import Table, make_tables, tables_csv, tables_text
from masquerade.files import write_whole

CSV, PAGE = "tables.csv", "index.html"

C = TypeVar("C", bound=Named)
N_co = TypeVar("N_co", bound=Named, covariant=True)
R = TypeVar("R")
T = TypeVar("T")


class Job(Protocol[N_co]):
    """All runs that were asked for."""

    def cells(self) -> Iterable[N_co]:
        """Give them, in their order."""
        ...


class Written(NamedTuple, Generic[C, R, T]):
    """What was written: the tables, why runs have no result, and the runs that have one."""

    tables: list[T]
    failed: dict[C, str]
    runs: dict[C, R]


@dataclass(frozen=True, slots=True)
class Report(Generic[C, R, T]):
    """How the results of one sort of job are read and written.

    Attributes:
        text: name of the file of the tables in words.
        read: reads a run folder.
        tables: makes the tables of the runs.
        words, csv: tables as text, and as CSV.
        page: writes the page of job, runs, tables and failures.
    """

    text: str
    read: Callable[[Path, C], R]
    tables: Callable[[Any, dict[C, R]], list[T]]
    words: Callable[[list[T]], str]
    csv: Callable[[list[T]], str]
    page: Callable[[Any, dict[C, R], list[T], dict[C, str]], str]

    def __call__(
        self, folder: Path, job: Job[C], failed: Mapping[C, str], done: Callable[[C], None] = lambda _: None
    ) -> Written[C, R, T]:
        """Read the finished runs, and write their tables as text and as CSV, and ``index.html``.

        Args:
            folder: of the job.
            job: all that was asked for.
            failed: why a run failed.
            done: is told of each run that was looked at.

        Returns:
            The tables, the runs that could be read, and all that failed, with those whose folder cannot be read.

        Raises:
            DestinationUnusable: a file cannot be written.
        """
        runs, trouble = read_cells(folder, job.cells(), failed, self.read, done)
        tables = self.tables(job, runs)
        for name, content in (
            (self.text, self.words(tables)),
            (CSV, self.csv(tables)),
            (PAGE, self.page(job, runs, tables, trouble)),
        ):
            write_whole(folder / name, content.encode("utf-8"))
        return Written(tables, trouble, runs)


write_results: Report[Cell, Run, Table] = Report(
    "tables.txt", read_run, make_tables, tables_text, tables_csv, sweep_page
)
