"""Charts as inline SVG: lines over epochs, and a model's confidence against how often it is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

COLOURS = ("one", "two", "three", "four", "five", "six")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "1 2")
WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its name, and its points (x, y); nan breaks it."""

    name: str
    points: tuple[tuple[float, float], ...]


def line_chart(title: str, across: str, lines: Sequence[Line], top: float | None = None) -> str:
    """Give a figure with lines, a key, and the numbers in a table that opens.

    Args:
        title: what is drawn up; plain text.
        across: what is drawn across.
        lines: told apart by colour and by dashes.
        top: upper end of the scale; by default the largest value.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points if math.isfinite(y)]
    if not ys:
        return f"<figure><figcaption>{escape(title)}: no numbers yet</figcaption></figure>"
    ticks = _ticks(top if top is not None else max(ys))
    scale = _Scale(min(xs), max(xs), 0.0, ticks[-1])
    whole = sorted({round(x) for x in xs})
    shown = whole if len(whole) <= 10 else whole[:: math.ceil(len(whole) / 8)]
    marks = [_grid(scale, ticks), *(_below(scale, x, str(x)) for x in shown), axis_text(across)]
    for number, line in enumerate(lines):
        places = [scale.at(x, y) for x, y in line.points if math.isfinite(y)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        marks.append(f'<polyline fill="none" {stroke(number)} points="{path}"/>')
        marks += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour(number)}"/>' for x, y in places]
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{svg(title, marks)}"
        f"{key([line.name for line in lines])}{_numbers(title, across, lines)}</figure>"
    )


def reliability_chart(title: str, sums: NDArray[np.float64]) -> str:
    """Give a figure of hits against confidence.

    Args:
        title: plain text.
        sums: (bins, 3): faces, summed confidence, hits, as ``calibration.bin_sums`` summed over faces.
    """
    scale = _Scale(0, 1, 0, 1)
    marks = [_grid(scale, [0, 0.25, 0.5, 0.75, 1]), axis_text("confidence")]
    marks += [_below(scale, x, f"{x:g}") for x in (0, 0.25, 0.5, 0.75, 1)]
    (x0, y0), (x1, y1) = scale.at(0, 0), scale.at(1, 1)
    marks.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="var(--soft)" stroke-dasharray="4 4"/>')
    largest = max(1.0, float(sums[:, 0].max(initial=0)))
    rows = []
    for faces, confidence, hits in sums[sums[:, 0] > 0]:
        x, y = scale.at(confidence / faces, hits / faces)
        size = 3 + 7 * math.sqrt(faces / largest)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="var(--one)" fill-opacity=".75"/>')
        rows.append(f"<tr><td>{confidence / faces:.3f}</td><td>{hits / faces:.3f}</td><td>{faces:.0f}</td></tr>")
    return (
        f"<figure><figcaption>{escape(title)}: share of faces that are right, by confidence; larger dots are more "
        f"faces, on the dashed line a model is as sure as it should be</figcaption>{svg(title, marks)}"
        '<details><summary>numbers</summary><table><thead><tr><th scope="col">confidence</th>'
        f'<th scope="col">right</th><th scope="col">faces</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
        "</details></figure>"
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    left: float
    right: float
    low: float
    high: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = 0.5 if self.right == self.left else (x - self.left) / (self.right - self.left)
        up = min(1.0, (y - self.low) / (self.high - self.low))
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def _ticks(top: float) -> list[float]:
    """Round numbers from 0 to at least ``top``, three to six of them."""
    top = top if top > 0 else 1.0
    size = 10 ** math.floor(math.log10(top))
    step = next(part * size for part in (0.2, 0.25, 0.5, 1.0, 2.0) if top / (part * size) <= 5.0001)
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)]


def colour(number: int) -> str:
    """The colour of a line, by its number."""
    return f"var(--{COLOURS[number % len(COLOURS)]})"


def key(names: Sequence[str]) -> str:
    """Give the list that names lines, in their order."""
    items = "".join(
        f'<li><svg viewBox="0 0 34 10" aria-hidden="true"><line x1="0" y1="5" x2="34" y2="5" {stroke(number)}/></svg>'
        f"{escape(name)}</li>"
        for number, name in enumerate(names)
    )
    return f'<ul class="key">{items}</ul>'


def stroke(number: int) -> str:
    """The attributes of a line, by its number: told apart by colour and by dashes."""
    dash = DASHES[number % len(DASHES)]
    return f'stroke="{colour(number)}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")


def svg(title: str, marks: Sequence[str]) -> str:
    """Give a picture of the common size, made of marks."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}: the numbers stand below">'
        f"{''.join(marks)}</svg>"
    )


def _grid(scale: _Scale, ticks: Sequence[float]) -> str:
    marks = []
    for tick in ticks:
        y = scale.at(scale.left, tick)[1]
        marks.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="var(--line)"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.6g}</text>'
        )
    return "".join(marks)


def _below(scale: _Scale, x: float, text: str) -> str:
    return f'<text x="{scale.at(x, scale.low)[0]:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{text}</text>'


def axis_text(across: str) -> str:
    """Name what is drawn across, below the picture."""
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{escape(across)}</text>'


def _numbers(title: str, across: str, lines: Sequence[Line]) -> str:
    xs = sorted({x for line in lines for x, _ in line.points})
    heads = "".join(f'<th scope="col">{x:g}</th>' for x in xs)
    rows = []
    for line in lines:
        values = dict(line.points)
        cells = "".join(f"<td>{values[x]:.4g}</td>" if x in values else "<td></td>" for x in xs)
        rows.append(f'<tr><th scope="row">{escape(line.name)}</th>{cells}</tr>')
    return (
        f'<details><summary>numbers</summary><div class="wide" role="region" tabindex="0" '
        f'aria-label="{escape(title)}, numbers"><table><thead><tr><th scope="col">{escape(across)}</th>{heads}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )
