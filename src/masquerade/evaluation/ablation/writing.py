"""Tables and page of an ablation, written from its run folders."""

from __future__ import annotations

from masquerade.evaluation.ablation.cells import Cell
from masquerade.evaluation.ablation.page import ablation_page
from masquerade.evaluation.ablation.results import Run, read_run
from masquerade.evaluation.ablation.tables import Table, make_tables, tables_csv, tables_markdown
from masquerade.evaluation.sweep.writing import Report

write_results: Report[Cell, Run, Table] = Report(
    "tables.md", read_run, make_tables, tables_markdown, tables_csv, ablation_page
)
