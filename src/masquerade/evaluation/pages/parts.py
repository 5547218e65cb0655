"""Pieces of a page: the document, tables, confusion matrices. They read well aloud and on paper, light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from masquerade.evaluation.measures import Measure, Measures
from masquerade.looking.annotate import WORDS
from masquerade.looking.report import STYLE

NONE = "-"
"""Stands where there is no number."""
MORE_STYLE = """
:root { --one: #0b6bb0; --two: #c83e00; --three: #00795a; --four: #8f5fb0; --five: #8a6d00; --six: #b0446b }
@media (prefers-color-scheme: dark) {
  :root { --one: #6ab4ee; --two: #ff8d5c; --three: #4cc9a0; --four: #c79be6; --five: #dcb84a; --six: #ee8fb3 } }
main > p, li p, .note { max-width: 75ch } p { color: var(--ink) } .note, figcaption, .soft { color: var(--soft) }
h2 { font-size: 1.35rem; margin: 3rem 0 .5rem } h3 { font-size: 1.05rem; margin: 1.75rem 0 .25rem }
a { color: var(--one) } :focus-visible { outline: 3px solid var(--one); outline-offset: 2px }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none }
.warn { border-left: 6px solid var(--two); background: var(--card); padding: .6rem 1rem; border-radius: 8px }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 0 1rem;
  margin: .5rem 0 1rem } .wide table { margin: 0 0 .5rem; width: auto; min-width: 60% }
caption { text-align: left; color: var(--soft); padding: .6rem 0 } thead th { vertical-align: bottom }
th, td { padding: .3rem 1.1rem .3rem 0 } td { white-space: nowrap; font-variant-numeric: tabular-nums }
td small { color: var(--soft); display: block } tr.sum th, tr.sum td { border-top: 2px solid var(--soft) }
th.first, td.first { border-left: 1px solid var(--line); padding-left: 1rem }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr)); gap: 1.25rem;
  align-items: start } .grid figure, .card { background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; padding: .8rem 1rem; margin: 0 } figure > svg { display: block; width: 100%; height: auto }
.matrix td, .matrix thead th + th { text-align: right; padding: .35rem .6rem }
.matrix caption { padding-top: 0; color: var(--ink) } .matrix tbody th { white-space: nowrap }
.matrix table { width: 100% } .matrix th { padding-right: .6rem; width: 1% }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: .4rem 0; list-style: none;
  font-size: .85rem }
.key svg { width: 34px; height: 10px; vertical-align: middle; margin-right: .3rem }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: .75rem; padding: 0;
  list-style: none } .faces li { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  overflow: hidden } .faces img, .faces .gone { display: block; width: 100%; aspect-ratio: 1; object-fit: cover }
.faces .gone { display: grid; place-items: center; background: var(--line); font-size: .8rem; padding: .5rem }
.faces p { margin: 0; padding: .4rem .6rem .5rem; font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere }
details { margin: .6rem 0 } summary { cursor: pointer; padding: .25rem 0 }
svg text { fill: var(--soft); font-size: 11px }
@media print { details:not([open]) > *:not(summary) { display: block } }
"""
LABEL_WORDS = WORDS
"""The words of the labels, as the other pages have them."""


def document(title: str, lead: str, body: str) -> str:
    """Give a whole page.

    Args:
        title: heading, plain text.
        lead: HTML below it.
        body: HTML of the rest.
    """
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}{MORE_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{lead}{body}</main></body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """Give a paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def private(photos: str) -> str:
    """Give the warning that a page holds crops of these photos, named in plain text."""
    return paragraph(
        f"This page contains faces: crops of the {photos} stand in it. It was made on this machine, refers to no "
        "other host, and nobody was identified. Whoever gets the file gets the faces.",
        "warn",
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """One cell of a table, as text: a value, and what stands small below it."""

    text: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Some columns of a table with a common heading."""

    name: str
    columns: tuple[str, ...]


def table(
    name: str, corner: str, heads: Sequence[Head], rows: Iterable[tuple[str, Sequence[Piece]]], caption: str = ""
) -> str:
    """Give a table whose columns stand in groups; a row named ``average`` is set off.

    Args:
        name: what it is, for those who hear it.
        corner: heading of the column of row names.
        heads: groups of columns.
        rows: name and cells of each row.
        caption: plain text above it.
    """
    groups = "".join(
        f'<th class="first" scope="colgroup" colspan="{len(head.columns)}">{escape(head.name)}</th>' for head in heads
    )
    starts = [number == 0 for head in heads for number in range(len(head.columns))]
    names = [name for head in heads for name in head.columns]
    columns = "".join(
        f'<th{_first(start)} scope="col">{escape(name)}</th>' for name, start in zip(names, starts, strict=True)
    )
    body = "".join(
        f'<tr{" class=sum" if name == "average" else ""}><th scope="row">{escape(name)}</th>'
        + "".join(f"<td{_first(start)}>{_cell(cell)}</td>" for cell, start in zip(cells, starts, strict=True))
        + "</tr>"
        for name, cells in rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(name)}"><table>'
        f'<caption>{escape(caption)}</caption><thead><tr><th rowspan="2" scope="col">{escape(corner)}</th>{groups}</tr>'
        f"<tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _first(start: bool) -> str:
    return ' class="first"' if start else ""


def _cell(cell: Piece) -> str:
    return escape(cell.text) + (f"<small>{escape(cell.small)}</small>" if cell.small else "")


def confusion_table(measures: Measures, caption: str) -> str:
    """Give the confusion matrix: counts, shaded by their share of the row."""
    heads = "".join(f'<th scope="col">{escape(LABEL_WORDS[label])}</th>' for label in measures.labels)
    rows = []
    for label, counts in zip(measures.labels, measures.confusion, strict=True):
        whole = max(1, sum(counts))
        cells = "".join(
            f'<td style="background: color-mix(in srgb, var(--one) {round(45 * count / whole)}%, transparent)">'
            f"{count}</td>"
            for count in counts
        )
        rows.append(f'<tr><th scope="row">{escape(LABEL_WORDS[label])}</th>{cells}</tr>')
    return (
        f'<div class="card matrix"><table><caption>{escape(caption)}</caption>'
        f'<thead><tr><th scope="col">is \\ was called</th>{heads}</tr></thead><tbody>'
        f"{''.join(rows)}</tbody></table></div>"
    )


def share_text(value: float, places: int = 1) -> str:
    """Give a share in per cent, as ``87.9 %``."""
    return NONE if math.isnan(value) else f"{100 * value:.{places}f} %"


def share_span(measure: Measure, places: int = 1) -> str:
    """Give the interval of a share in per cent, as ``86.1 to 89.5``; empty when there is none."""
    if math.isnan(measure.low):
        return ""
    return f"{100 * measure.low:.{places}f} to {100 * measure.high:.{places}f}"


def number_text(value: float, places: int) -> str:
    """Give a number, or a dash for nan."""
    return NONE if math.isnan(value) else f"{value:.{places}f}"


def number_span(measure: Measure, places: int) -> str:
    """Give the interval of a number; empty when there is none."""
    return "" if math.isnan(measure.low) else f"{measure.low:.{places}f} to {measure.high:.{places}f}"
