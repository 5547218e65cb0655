"""Charts of verification as inline SVG: the DET curve, and how scores of genuine and impostor trials spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from masquerade.evaluation.pages.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Line,
    axis_text,
    key,
    stroke,
    svg,
)

SHARES = (0.00001, 0.0001, 0.001, 0.01, 0.05, 0.2, 0.4)
"""Rates that the axes of a DET curve may name."""
HIGHEST = 0.5
BINS = 48
ROOM = 6
"""Pixels that are left free above the highest column."""


def det_chart(title: str, lines: Sequence[Line]) -> str:
    """Give a DET curve: FNMR over FMR on axes of normal deviates (Martin and others, Eurospeech 1997).

    Args:
        title: plain text.
        lines: points (FMR, FNMR) in 0 to 1; none below a half shows nothing. An FNMR of 0 lies on the lower edge.
    """
    drawn = [line for line in lines if any(x <= HIGHEST for x, _ in line.points)]
    if not drawn:
        return f"<figure><figcaption>{escape(title)}: too few trials</figcaption></figure>"
    left = _start(min(x for line in drawn for x, _ in line.points))
    low = _start(min((y for line in drawn for _, y in line.points if y > 0), default=0.001))
    across, up = _Deviates(left, LEFT, WIDTH - RIGHT), _Deviates(low, HEIGHT - BOTTOM, TOP)
    marks = [
        f'<line x1="{across(share):.1f}" y1="{TOP}" x2="{across(share):.1f}" y2="{HEIGHT - BOTTOM}" '
        f'stroke="var(--line)"/><text x="{across(share):.1f}" y="{HEIGHT - BOTTOM + 15}" '
        f'text-anchor="middle">{_percent(share)}</text>'
        for share in SHARES
        if share >= left
    ]
    marks += [
        f'<line x1="{LEFT}" y1="{up(share):.1f}" x2="{WIDTH - RIGHT}" y2="{up(share):.1f}" '
        f'stroke="var(--line)"/><text x="{LEFT - 4}" y="{up(share) + 4:.1f}" '
        f'text-anchor="end">{_percent(share)}</text>'
        for share in SHARES
        if share >= low
    ]
    for number, line in enumerate(drawn):
        points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line.points if x <= HIGHEST)
        marks.append(f'<polyline fill="none" {stroke(number)} points="{points}"/>')
    marks.append(axis_text("false match rate; up: false non-match rate, both in %"))
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{svg(title, marks)}{key([line.name for line in drawn])}"
        f"{_det_numbers(drawn)}</figure>"
    )


class _Deviates:
    """An axis of normal deviates from a rate to ``HIGHEST``."""

    def __init__(self, start: float, near: float, far: float) -> None:
        self._low, self._high = NormalDist().inv_cdf(start), NormalDist().inv_cdf(HIGHEST)
        self._start, self._near, self._far = start, near, far

    def __call__(self, share: float) -> float:
        deviate = NormalDist().inv_cdf(min(max(share, self._start), HIGHEST))
        return self._near + (deviate - self._low) / (self._high - self._low) * (self._far - self._near)


def _start(lowest: float) -> float:
    """The next named rate below ``lowest``; some room below it where it is the lowest."""
    return max((share for share in SHARES if share <= lowest * 0.999), default=SHARES[0] / 2)


def _percent(share: float) -> str:
    return f"{100 * share:g}"


def _det_numbers(lines: Sequence[Line]) -> str:
    rows = []
    for line in lines:
        for share in SHARES:
            found = [y for x, y in line.points if x <= share]
            if found:
                rows.append(
                    f'<tr><th scope="row">{escape(line.name)}</th><td>{_percent(share)} %</td>'
                    f"<td>{100 * found[-1]:.2f} %</td></tr>"
                )
    return (
        '<details><summary>numbers</summary><table><thead><tr><th scope="col">trials</th><th scope="col">FMR up to</th>'
        f'<th scope="col">FNMR</th></tr></thead><tbody>{"".join(rows)}</tbody></table></details>'
    )


def score_chart(
    title: str, genuine: NDArray[np.float64], impostor: NDArray[np.float64], marks_at: Sequence[tuple[str, float]]
) -> str:
    """Give a figure of how the scores of genuine and impostor trials spread.

    Args:
        title: plain text.
        genuine: scores; those that are no numbers (failures) are counted in words.
        impostor: the same of two people.
        marks_at: names and scores of thresholds, drawn as upright lines.
    """
    kinds = [("genuine", genuine), ("impostor", impostor)]
    known = [(name, scores[np.isfinite(scores)]) for name, scores in kinds]
    every = np.concatenate([scores for _, scores in known])
    if not len(every):
        return f"<figure><figcaption>{escape(title)}: no score</figcaption></figure>"
    places = [at for _, at in marks_at if math.isfinite(at)]
    low, high = float(min(every.min(), *places, 0)), float(max(every.max(), *places, low_top(every)))
    counts = [np.histogram(scores, BINS, (low, high))[0] / max(1, len(scores)) for _, scores in known]
    top = max(float(count.max()) for count in counts)
    marks = [
        f'<line x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH - RIGHT}" y2="{HEIGHT - BOTTOM}" stroke="var(--line)"/>'
    ]
    marks += [_score_tick(score, low, high) for score in _round_scores(low, high)]
    for number, count in enumerate(counts):
        edges = np.repeat(np.linspace(low, high, BINS + 1), 2)[1:-1]
        heights = np.repeat(count, 2)
        points = " ".join(
            f"{_across(x, low, high):.1f},{HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM - ROOM):.1f}"
            for x, y in zip(edges, heights, strict=True)
        )
        ends = f"{LEFT},{HEIGHT - BOTTOM} {points} {WIDTH - RIGHT},{HEIGHT - BOTTOM}"
        marks.append(f'<polygon fill="var(--{("one", "two")[number]})" fill-opacity=".14" points="{ends}"/>')
        marks.append(f'<polyline fill="none" {stroke(number)} points="{points}"/>')
    for name, at in marks_at:
        x = _across(at, low, high)
        marks.append(
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="var(--soft)" '
            f'stroke-dasharray="3 3"/><text x="{x + 4:.1f}" y="{TOP + 9}">{escape(name)}</text>'
        )
    marks.append(axis_text("score; up: share of the trials"))
    names = [
        f"{name}, {len(kept):,} trials" + (f" ({len(scores) - len(kept):,} failed)" if len(scores) > len(kept) else "")
        for (name, scores), (_, kept) in zip(kinds, known, strict=True)
    ]
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg(title, marks)}{key(names)}</figure>"


def low_top(scores: NDArray[np.float64]) -> float:
    """The least upper end of the scale: one more than the lowest score where all are alike."""
    return float(scores.min()) + (1.0 if scores.min() == scores.max() else 0.0)


def _across(score: float, low: float, high: float) -> float:
    return LEFT + (score - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _score_tick(score: float, low: float, high: float) -> str:
    x = _across(score, low, high)
    return f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{score:g}</text>'


def _round_scores(low: float, high: float) -> list[float]:
    return [round(0.2 * step, 1) for step in range(math.ceil(low / 0.2 - 1e-9), math.floor(high / 0.2 + 1e-9) + 1)]
