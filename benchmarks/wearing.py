"""How well the packaged model tells the wearing, on the held-out photos of all four sets.

    MASQUERADE_DATA=... python -m benchmarks.wearing

Label boxes judge the model alone; found boxes judge the whole path that a user takes, with missed faces counted apart.
Pooled is every held-out face once: on its label box where there is one, else on the found one; of the two sets that
have all three labels, and of all four (where masks worn wrongly, and some bare faces of rmfd, count as masked). The
tight crops of two-class are taken whole. Intervals are 95 %, by bootstrap over near-duplicate groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import arguments, show, write
from masquerade.datasets.names import kind_of
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.datasets.wearing_sets import read_held_out, read_ilc2021, read_mask_kinds, read_rmfd, read_two_class
from masquerade.evaluation.detection import match
from masquerade.evaluation.measures import Measures, abstain_below, measure
from masquerade.evaluation.predictions import Predictions
from masquerade.faces import Faces, find_faces
from masquerade.image import read_image
from masquerade.settings import get_settings
from masquerade.wearing import Wearing, read_wearing
from masquerade.wearing.types import KINDS

MIN_SIDE = 24
SETS = {"ilc2021": read_ilc2021, "mask-kinds": read_mask_kinds, "two-class": read_two_class, "rmfd": read_rmfd}
THREE_LABELS = ("ilc2021", "mask-kinds")
ASKED = {"accuracy": 0.965, "macro_f1": 0.95, "recall_incorrect": 0.90, "alert_recall": 0.975}
Row = tuple[int, NDArray[np.float32], int]
"""True label, probabilities, near-duplicate group."""


def rows_of(photo: LabelledPhoto, group: int, image: NDArray[np.uint8], boxes: NDArray[np.float32]) -> list[Row]:
    """Rows of the faces of a photo on the given boxes, one for each of its labels; empty boxes are left out."""
    there = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    some = boxes[there]
    count = len(some)
    size = (image.shape[1], image.shape[0])
    faces = Faces(size, some, np.ones(count, np.float32), np.zeros((count, 5, 2), np.float32))
    wearing = read_wearing(image, faces)
    labels = np.array(photo.labels)[there]
    return [(int(label), row, group) for label, row in zip(labels, wearing.probabilities, strict=True)]


def photo_rows(photo: LabelledPhoto, group: int) -> tuple[list[Row], list[Row], int]:
    """Rows of one photo, of faces from ``MIN_SIDE`` on: by label boxes, by found boxes; and faces missed."""
    image = read_image(photo.path)
    if photo.source == "two-class":
        height, width = image.shape[:2]
        box = np.array([[0.1 * width, 0.1 * height, 0.9 * width, 0.9 * height]], np.float32)
        return rows_of(photo, group, image, box), [], 0
    faces = find_faces(image)
    if photo.boxes is None:
        best = faces.surest.boxes
        if not len(best):
            return [], [], 1
        large = float((best[0, 2:] - best[0, :2]).max()) >= MIN_SIDE
        return [], rows_of(photo, group, image, best) if large else [], 0
    large = (photo.boxes[:, 2:] - photo.boxes[:, :2]).max(axis=1, initial=0) >= MIN_SIDE
    partner = match(photo.boxes, faces.boxes)
    drawn = np.where(large[:, None], photo.boxes, 0)
    hit = large & (partner >= 0)
    found = np.zeros_like(photo.boxes)
    found[hit] = faces.boxes[partner[hit]]
    return rows_of(photo, group, image, drawn), rows_of(photo, group, image, found), int((large & ~hit).sum())


def predictions_of(rows: Sequence[Row]) -> Predictions:
    """Rows as the measures take them."""
    truth, probabilities, groups = zip(*rows, strict=True)
    return Predictions.of(np.array(truth), np.array(probabilities, float), np.array(groups))


def cell(measures: Measures, name: str) -> str:
    """One measure with its interval."""
    one = measures[name]
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def kinds_of(photos: Iterable[LabelledPhoto]) -> list[list[object]]:
    """For each folder of ``mask-kinds`` that tells the kind of mask: how often the model says each."""
    counts: dict[str, NDArray[np.int_]] = {}
    for photo in photos:
        if kind_of(photo.path.parent.name) is None:
            continue
        row = counts.setdefault(photo.path.parent.name, np.zeros(len(KINDS), int))
        image = read_image(photo.path)
        faces = find_faces(image)
        wearing: Wearing = read_wearing(image, faces.surest)
        if wearing.labels == ["with_mask"]:
            row[KINDS.index(wearing.likeliest_kinds[0] or "none")] += 1
    rows: list[list[object]] = []
    for name, row in counts.items():
        right = row[KINDS.index(kind_of(name) or "none")] / max(1, row.sum())
        rows.append([name, *row[1:-1].tolist(), f"{right:.1%}"])
    return rows


def main() -> None:
    """Run, print, write."""
    options = arguments(__doc__).parse_args()
    held_out = read_held_out()
    rows: dict[str, list[Row]] = {}
    missed: dict[str, int] = {}
    pooled: list[Row] = []
    every: list[Row] = []
    kinds: list[LabelledPhoto] = []
    for name, read in SETS.items():
        photos = [photo for photo in read() if photo.key in held_out]
        kinds += [photo for photo in photos if name == "mask-kinds"]
        for photo in photos:
            drawn, found, lost = photo_rows(photo, held_out[photo.key])
            rows.setdefault(f"{name}, label boxes", []).extend(drawn)
            rows.setdefault(f"{name}, found boxes", []).extend(found)
            missed[f"{name}, found boxes"] = missed.get(f"{name}, found boxes", 0) + lost
            every += drawn or found
            pooled += (drawn or found) if name in THREE_LABELS else []
    rows |= {"pooled, three labels": pooled, "pooled, all four": every}
    results = {name: measure(predictions_of(some)) for name, some in rows.items() if some}
    names = ("accuracy", "macro_f1", "recall_incorrect", "alert_recall", "calibration_error")
    show(
        f"wearing on held-out photos, faces >= {MIN_SIDE} px, 95 % intervals over near-duplicate groups",
        [
            [name, one.faces, missed.get(name, 0), *(cell(one, measured) for measured in names)]
            for name, one in results.items()
        ],
        ["set and boxes", "faces", "missed", "accuracy", "macro-F1", "recall incorrect", "alert recall", "ECE"],
    )
    print("asked: " + ", ".join(f"{name} >= {goal}" for name, goal in ASKED.items()) + ", ECE <= 0.03")
    for name, one in results.items():
        table = [[label, *row] for label, row in zip(LABELS, one.confusion, strict=True)]
        show(f"{name}: confusion, true label by row", table, ["", *LABELS])
    abstaining = abstain_below(predictions_of(pooled), get_settings().wearing_confidence)
    print(
        f"pooled, undecided below {abstaining.confidence:g}: {abstaining.abstained:.1%} of the faces, "
        f"accuracy of the rest {abstaining.accuracy.value:.3f}"
    )
    show("kind of mask, faces of mask-kinds called with_mask", kinds_of(kinds), ["folder", *KINDS[1:-1], "right"])
    content = {name: {**one.to_dict(), "missed": missed.get(name, 0)} for name, one in results.items()}
    write("wearing", {**content, "abstaining": abstaining.to_dict()}, options.json)


if __name__ == "__main__":
    main()
