"""What the packaged wearing model says of rendered masks on photos that it never saw.

    MASQUERADE_DATA=... python -m benchmarks.rendered_wearing --photos 300 --sheets /tmp/sheets

The surest face of each photo of lfw is masked in each way by some kind of mask; the masked picture is
then searched like any other, and the wearing read on the box that is found. Failures go onto contact sheets.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import show, write
from benchmarks.photos import SHEETS, face_rng, options_of, photos_of, seen, tile_of, write_sheet
from masquerade.evaluation.detection import match
from masquerade.faces import Search, detect_faces
from masquerade.masks import KINDS, LABEL_OF, WORN, Choice, apply, draw
from masquerade.masks.types import COVERING_OF
from masquerade.wearing import read_wearing
from masquerade.wearing.rule import MASK_KINDS
from masquerade.wearing.types import LABELS

TEST_SET = "lfw"
GOALS = {"correctly": 0.97, "nose_out": 0.8}
MIN_SIDE = 48
SHOWN = 120
"""Most failures on one contact sheet."""


Tile = tuple[NDArray[np.uint8], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One masked face.

    Attributes:
        name: the set.
        kind, worn: the mask; the kind is ``bare`` where there is none.
        said: the label that the model gives; ``missed`` where the face is not found.
        said_kind: the kind of covering that the model gives.
    """

    name: str
    kind: str
    worn: str
    said: str
    said_kind: str | None

    @property
    def right(self) -> bool:
        """Whether the model says what was drawn."""
        return self.said == ("without_mask" if self.kind == "bare" else LABEL_OF[self.worn])  # type: ignore[index]


def said_of(image: NDArray[np.uint8], box: NDArray[np.float32]) -> tuple[str, str | None]:
    """What the model says, as ``look`` would, of the face whose box this was: label and kind of covering."""
    faces = detect_faces(image, "photo", Search())
    partner = int(match(box[None], faces.boxes)[0])
    if partner < 0:
        return "missed", None
    wearing = read_wearing(image, faces[partner])
    return wearing.labels[0], wearing.likeliest_kinds[0]


def share(rows: list[Row]) -> str:
    """How many are right, of those that are found."""
    found = [row for row in rows if row.said != "missed"]
    right = sum(row.right for row in found)
    return f"{right}/{len(found)} = {right / max(1, len(found)):.1%}"


def run(name: str, options: Namespace, failures: dict[str, list[Tile]]) -> list[Row]:
    """Mask the surest face of each photo of a set and ask the model; collect the failures as tiles."""
    rows = []
    for number, (path, image, faces) in enumerate(seen(name, photos_of(name, options.photos))):
        face = faces.surest
        if not len(face) or face.heights[0] < MIN_SIDE:
            continue
        rows.append(Row(name, "bare", "bare", *said_of(image, face.boxes[0])))
        rng = face_rng(options.seed, name, path)
        for turn, worn in enumerate(WORN * options.kinds):
            kind = KINDS[(number + 3 * turn) % len(KINDS)]
            plan = draw(rng, face, Choice(kinds=(kind,), worn=(worn,)))
            if not plan.masks:
                continue
            masked = apply(image, face, plan)
            row = Row(name, kind, worn, *said_of(masked.image, face.boxes[0]))
            rows.append(row)
            if not row.right and len(failures[worn]) < SHOWN:
                caption = f"{kind} {plan.masks[0].pattern.name}\n{row.said}"
                failures[worn].append((tile_of(masked.image, face.boxes[0]), caption))
    return rows


def kinds_said(rows: list[Row]) -> list[list[object]]:
    """For each drawn kind how often each kind is said, and the share that is right."""
    table: list[list[object]] = []
    for kind in KINDS:
        said = [row.said_kind for row in rows if row.kind == kind and row.said in ("with_mask", "incorrect")]
        counts = [said.count(name) for name in MASK_KINDS]
        right = said.count(COVERING_OF[kind]) / max(1, len(said))
        table.append([kind, *counts, f"{right:.1%}"])
    return table


def main() -> None:
    """Run, print, write."""
    parser = options_of(__doc__, photos=300)
    parser.add_argument("--sheets", type=Path, default=SHEETS, help="folder of contact sheets (default %(default)s)")
    parser.add_argument("--kinds", type=int, default=1, help="kinds of mask on each face and way (default %(default)s)")
    options = parser.parse_args()
    failures: dict[str, list[Tile]] = {worn: [] for worn in WORN}
    rows = run(TEST_SET, options, failures)
    table: list[list[object]] = []
    for way in ("bare", *WORN):
        chosen = [row for row in rows if row.worn == way]
        said = [sum(row.said == label for row in chosen) for label in (*LABELS, "missed")]
        goal = f"{GOALS[way]:.0%}" if way in GOALS else ""
        table.append([way, share(chosen), goal, *said])
    show(
        "what the model says of rendered masks; missed faces are not counted as wrong",
        table,
        ["worn", "right", "goal", *LABELS, "missed"],
    )
    kinds = [
        [kind, *(share([row for row in rows if (row.kind, row.worn) == (kind, worn)]) for worn in WORN)]
        for kind in KINDS
    ]
    show("right by kind", kinds, ["kind", *WORN])
    show(
        "which kind the model says, of faces on which it sees a mask", kinds_said(rows), ["kind", *MASK_KINDS, "right"]
    )
    for way, tiles in failures.items():
        write_sheet(options.sheets / f"rendered_wearing_{way}.png", tiles)
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        part = counts.setdefault(f"{row.kind}/{row.worn}", {})
        part[row.said] = part.get(row.said, 0) + 1
    write("rendered_wearing", {"photos": options.photos, "seed": options.seed, "said": counts}, options.json)


if __name__ == "__main__":
    main()
