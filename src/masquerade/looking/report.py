"""A page that shows what was seen: one HTML file with its pictures inside, no script, no outside host."""

from __future__ import annotations

import base64
import io
from collections import Counter
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from masquerade.looking.annotate import COLOURS, WORDS
from masquerade.looking.seen import Seen, SeenFace
from masquerade.wearing.types import LABELS, UNDECIDED

SIDE = 720
STYLE = """
:root { color-scheme: light dark; --ink: #1d2327; --soft: #5c6770; --line: #d9dee2; --paper: #f6f7f8; --card: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebed; --soft: #9aa5ad; --line: #353c42; --paper: #15181b; --card: #1e2226 } }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
main { max-width: 1180px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: 1.9rem; margin: 0 0 .25rem } h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere }
p { color: var(--soft); margin: .25rem 0 1.25rem } .error { color: #c83e00 }
.count { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0; padding: 0; list-style: none }
.count li { background: var(--card); border: 1px solid var(--line); border-left: 6px solid; border-radius: 8px;
  padding: .5rem 1rem } .count b { font-size: 1.5rem; margin-right: .4rem; font-variant-numeric: tabular-nums }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 1.25rem;
  align-items: start }
article { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden }
article img { display: block; width: 100% } article > div { padding: .8rem 1rem 1rem }
table { border-collapse: collapse; width: 100%; font-size: .875rem; margin-top: .5rem }
th, td { text-align: left; padding: .25rem .5rem .25rem 0; border-top: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 500 } td.n { font-variant-numeric: tabular-nums; white-space: nowrap }
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One face, in the words of the page."""

    label: str
    sure: str
    reason: str
    angles: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of the page: its name, and either what was seen in it or why it could not be read.

    Thousands are kept until the page is written, so there is nothing in it that the page does not show.

    Attributes:
        name: of the file.
        picture: the small annotated picture as JPEG; none when it could not be read.
        rows: one a face.
        error: why it could not be read.
    """

    name: str
    picture: bytes = b""
    rows: tuple[Row, ...] = ()
    error: str = ""


def entry_of(name: str, annotated: NDArray[np.uint8], seen: Seen) -> Entry:
    """Make the entry of an annotated picture, which keeps no more than a small JPEG of it and the words."""
    return Entry(name, shrink(annotated), tuple(_row_of(face) for face in seen))


def _row_of(face: SeenFace) -> Row:
    wearing, pose = face.wearing, face.pose
    angles = " ".join(f"{angle:+.0f}°" for angle in (pose.yaw, pose.pitch, pose.roll))
    return Row(wearing.label, f"{wearing.probability:.0%}", wearing.reason, angles)


def shrink(image: NDArray[np.uint8], side: int = SIDE) -> bytes:
    """Encode a picture as JPEG with its longer side at most ``side`` pixels."""
    picture = Image.fromarray(image)
    picture.thumbnail((side, side))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def page(title: str, entries: list[Entry]) -> str:
    """Write the page.

    Args:
        title: heading.
        entries: pictures in their order.

    Returns:
        HTML text that refers to nothing outside itself.
    """
    counts = Counter(row.label for entry in entries for row in entry.rows)
    items = "".join(
        f'<li style="border-left-color: rgb{COLOURS[label]}"><b>{counts[label]}</b>{escape(WORDS[label])}</li>'
        for label in (*LABELS, UNDECIDED)
        if label in LABELS or counts[label]
    )
    articles = "".join(_article(entry) for entry in entries)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main>'
        f"<h1>{escape(title)}</h1><p>{len(entries)} photos, {counts.total()} faces. Everything was computed on this "
        f'machine; nobody was identified.</p><ul class="count">{items}</ul><div class="photos">{articles}</div>'
        "</main></body></html>\n"
    )


def _article(entry: Entry) -> str:
    heading = f"<h2>{escape(entry.name)}</h2>"
    if not entry.picture:
        return f'<article><div>{heading}<p class="error">{escape(entry.error)}</p></div></article>'
    data = base64.b64encode(entry.picture).decode("ascii")
    alt = f"{escape(entry.name)} with {len(entry.rows)} faces marked"
    picture = f'<img alt="{alt}" src="data:image/jpeg;base64,{data}">'
    rows = "".join(_row(row) for row in entry.rows)
    head = "<tr><th>wearing</th><th>sure</th><th>why</th><th>yaw, pitch, roll</th></tr>"
    body = f"<table>{head}{rows}</table>" if rows else "<p>No face was found.</p>"
    return f"<article>{picture}<div>{heading}{body}</div></article>"


def _row(row: Row) -> str:
    return (
        f'<tr><td>{escape(WORDS[row.label])}</td><td class="n">{row.sure}</td>'
        f'<td>{escape(row.reason)}</td><td class="n">{row.angles}</td></tr>'
    )
