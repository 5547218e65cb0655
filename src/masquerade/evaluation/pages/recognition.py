"""The page of an evaluation of recognition: measures, curves, the four cells, identification, the worst pairs."""

from __future__ import annotations

import base64
from html import escape

import numpy as np

from masquerade.evaluation.pages.charts import Line
from masquerade.evaluation.pages.mistakes import Pictures
from masquerade.evaluation.pages.parts import (
    Head,
    Piece,
    document,
    paragraph,
    private,
    share_span,
    share_text,
    table,
)
from masquerade.evaluation.pages.rate_charts import det_chart, score_chart
from masquerade.evaluation.recognition.evaluating import MORE, Evaluation
from masquerade.evaluation.recognition.measures import FMRS
from masquerade.evaluation.recognition.trials import Trials
from masquerade.evaluation.recognition.words import PLACES, cell_rows, facts, verdict_rows, verification_rows

WORST = 10
"""Pairs of each sort that are named."""
SIDE = 96


def recognition_page(found: Evaluation, pictures: bool = False) -> str:
    """Write the page.

    Args:
        found: the evaluation.
        pictures: show the faces of the worst pairs; else they are named alone.

    Returns:
        HTML text that refers to nothing outside itself.
    """
    lead = "".join(paragraph(fact) for fact in facts(found))
    lead += private("worst pairs") if pictures else paragraph("No face stands on this page.", "note")
    parts = [
        "<h2>Verification</h2>",
        _verification(found),
        '<div class="grid">',
        *_charts(found),
        "</div>",
        *_cells(found),
        *_verdicts(found),
        *_rank1(found),
        "<h2>Worst pairs</h2>",
        *_worst(found, Pictures() if pictures else None),
        *_failures(found),
    ]
    return document(
        f"How well {found.model.partition('@')[0]} recognises people: {found.pairs.name}", lead, "".join(parts)
    )


def _verification(found: Evaluation) -> str:
    columns = {name: verification_rows(group) for name, group in found.measured.groups.items()}
    if not columns:
        return paragraph("No pair is of the faces that were asked for, bare ones and such with a drawn mask.")
    heads = [Head(name, (f"{len(found.groups[name]):,} trials",)) for name in columns]
    first = next(iter(columns.values()))
    rows = [
        (name, [Piece(column[number][1], column[number][2]) for column in columns.values()])
        for number, (name, _, _) in enumerate(first)
    ]
    more = (
        f" Groups that end in{MORE.removeprefix(',')} have impostor pairs beside the protocol's, drawn from its "
        "photos; their accuracy is that of the protocol's pairs."
        if any(name.endswith(MORE) for name in columns)
        else ""
    )
    caption = (
        "Small numbers are 95 % intervals, by bootstrap over subjects. Accuracy: mean over folds, each at the "
        "threshold that is best on the others, ± the standard error of the mean. No FMR below 3 / N is told." + more
    )
    return table("Verification", "measure", heads, rows, caption)


def _charts(found: Evaluation) -> list[str]:
    groups = found.measured.groups
    drawn = {name: group for name, group in groups.items() if name.endswith(MORE)} or groups
    lines = [Line(name.removesuffix(MORE), group.det) for name, group in drawn.items()]
    charts = [det_chart("DET curve", lines)]
    limits = {cell.set_at: cell.limit for cell in found.measured.cells}
    shown = 1e-3 if 1e-3 in limits else min(limits, default=None)
    marks = [] if shown is None else [(f"FMR {shown:g}", limits[shown])]
    for name in drawn:
        trials = found.groups[name]
        title = f"scores, {name.removesuffix(MORE)}"
        charts.append(score_chart(title, trials.scores[trials.same], trials.scores[~trials.same], marks))
    return charts


def _cells(found: Evaluation) -> list[str]:
    parts = ["<h2>Bare and masked at one threshold</h2>"]
    parts += [
        paragraph(f"No threshold at FMR {fmr:g}: bare pairs have {why}.") for fmr, why in found.measured.reasons.items()
    ]
    for fmr in FMRS:
        cells = [cell for cell in found.measured.cells if cell.set_at == fmr]
        if not cells:
            continue
        rows = [(name, [Piece(number, span) for _, number, span in columns]) for name, columns in cell_rows(cells)]
        heads = [Head(f"limit {cells[0].limit:.4f}", ("FNMR", "FMR", "(TP + TN) / all"))]
        caption = (
            f"First photo, then second photo; the limit is set on pairs of two bare faces at FMR {fmr:g}. With a "
            "colon: one kind of mask."
        )
        parts.append(table(f"Cells at FMR {fmr:g}", "cell", heads, rows, caption))
    return parts


def _verdicts(found: Evaluation) -> list[str]:
    if not found.verdicts or found.asked.calibration is None:
        return []
    rows = [(name, [Piece(number, span) for _, number, span in columns]) for name, columns in verdict_rows(found)]
    caption = f"At the thresholds of the model's calibration, measured on {found.asked.calibration.set}."
    heads = [Head("at the calibration's thresholds", ("FNMR", "FMR", "(TP + TN) / all"))]
    return ["<h2>As verify decides</h2>", table("As verify decides", "trials", heads, rows, caption)]


def _rank1(found: Evaluation) -> list[str]:
    if not found.rank1:
        return []
    rows = [
        (
            one.name,
            [
                Piece(share_text(one.rank1.value, PLACES), share_span(one.rank1, PLACES)),
                Piece(f"{one.probes:,}", f"{one.failed:,} failed" if one.failed else ""),
                Piece(f"{one.gallery:,}"),
                Piece(f"{one.subjects:,}"),
            ],
        )
        for one in found.rank1
    ]
    caption = "A closed set: each probe's subject is in the gallery. A photo never meets itself."
    heads = [Head("the most alike photo", ("rank-1", "probes", "gallery", "subjects"))]
    return ["<h2>Identification</h2>", table("Identification", "probes against gallery", heads, rows, caption)]


def _worst(found: Evaluation, pictures: Pictures | None) -> list[str]:
    groups = {name: trials for name, trials in found.groups.items() if not name.endswith(MORE)}
    return [
        f"<details{' open' if number == 0 else ''}><summary>{escape(name)}</summary>"
        f"{_worst_of(found, trials, pictures)}</details>"
        for number, (name, trials) in enumerate(groups.items())
    ]


def worst_pairs(trials: Trials, same: bool, count: int = WORST) -> list[int]:
    """Indices of the genuine trials with the lowest scores, failures apart, or of the impostors with the highest."""
    rows = np.flatnonzero((trials.same == same) & ~trials.failed)
    scores = trials.scores[rows] if same else -trials.scores[rows]
    return [int(row) for row in rows[np.argsort(scores, kind="stable")[:count]]]


def _worst_of(found: Evaluation, trials: Trials, pictures: Pictures | None) -> str:
    parts = []
    for title, same in (("one person, least alike", True), ("two people, most alike", False)):
        rows = [
            f"<tr><td>{trials.scores[row]:.3f}</td><td>{_photo(found, str(trials.photos_a[row]), pictures)}</td>"
            f"<td>{_photo(found, str(trials.photos_b[row]), pictures)}</td>"
            f"<td>{escape(str(trials.kind[row]))}</td></tr>"
            for row in worst_pairs(trials, same)
        ]
        parts.append(
            f'<div class="wide"><table><caption>{title}</caption><thead><tr><th scope="col">score</th>'
            '<th scope="col">first photo</th><th scope="col">second photo</th><th scope="col">mask</th></tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )
    return "".join(parts)


def _photo(found: Evaluation, name: str, pictures: Pictures | None) -> str:
    words = escape(name)
    if pictures is None or name not in found.boxes:
        return words
    data = pictures.of(*found.boxes[name])
    if not data:
        return words
    picture = base64.b64encode(data).decode("ascii")
    return (
        f'<img alt="face of {words}" width="{SIDE}" height="{SIDE}" loading="lazy" '
        f'src="data:image/jpeg;base64,{picture}"><br><small>{words}</small>'
    )


def _failures(found: Evaluation) -> list[str]:
    lists = (
        ("gave no template", found.failed),
        ("gave none with a mask drawn on", found.drawn_failed),
        ("took no mask", found.not_drawn),
    )
    parts: list[str] = []
    for what, failed in lists:
        if failed:
            items = "".join(f"<li>{escape(one.photo)}: {escape(one.message)}</li>" for one in failed)
            parts.append(f"<details><summary>{len(failed):,} photos that {what}</summary><ul>{items}</ul></details>")
    return ["<h2>Failures</h2>", *parts] if parts else []
