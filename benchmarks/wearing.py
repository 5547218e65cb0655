"""How well the packaged model tells the wearing, on the held-out photos of ilc2021 and of mask-kinds.

    MASQUERADE_DATA=... python -m benchmarks.wearing

Label boxes judge the model alone; found boxes judge the whole path that a user takes, with missed
faces counted apart. Intervals are 95 %, by bootstrap over near-duplicate groups.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.common import arguments, show, write
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.datasets.wearing_sets import read_held_out, read_ilc2021, read_mask_kinds
from masquerade.evaluation.detection import match
from masquerade.evaluation.wearing import group_interval, score_labels
from masquerade.faces import find_faces
from masquerade.image import read_image
from masquerade.models import get_session
from masquerade.wearing.classifier import classify_crops
from masquerade.wearing.crops import face_crops

MIN_SIDE = 24
Row = tuple[int, int, int]


def photo_rows(photo: LabelledPhoto, group: int, size: int) -> tuple[list[Row], list[Row], int]:
    """Rows (true label, predicted, group) of one photo: by label boxes, by found boxes; and faces missed."""
    image = read_image(photo.path)
    faces = find_faces(image)
    if photo.boxes is None:
        best = faces.boxes[np.argsort(-faces.scores, kind="stable")[:1]]
        predicted = classify_crops(face_crops(image, best, size)).probabilities.argmax(axis=1)
        rows = [(photo.labels[0], int(label), group) for label in predicted]
        return [], rows, 1 - len(rows)
    counts = (photo.boxes[:, 2:] - photo.boxes[:, :2]).max(axis=1, initial=0) >= MIN_SIDE
    boxes, labels = photo.boxes[counts], np.array(photo.labels, int)[counts]
    drawn = classify_crops(face_crops(image, boxes, size)).probabilities.argmax(axis=1)
    partner = match(photo.boxes, faces.boxes)[counts]
    hit = partner >= 0
    found = classify_crops(face_crops(image, faces.boxes[partner[hit]], size)).probabilities.argmax(axis=1)
    by_label = [(int(true), int(label), group) for true, label in zip(labels, drawn, strict=True)]
    by_found = [(int(true), int(label), group) for true, label in zip(labels[hit], found, strict=True)]
    return by_label, by_found, int((~hit).sum())


def figures_of(rows: list[Row]) -> dict[str, Any]:
    """Scores of rows, with intervals."""
    table = np.array(rows, int)
    scores = score_labels(table[:, 0], table[:, 1])

    def interval(measure: str, index: int | None = None) -> list[float]:
        def value(chosen: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
            result = getattr(score_labels(table[chosen, 0], table[chosen, 1]), measure)
            return float(result if index is None else result[index])

        return [round(end, 4) for end in group_interval(table[:, 2], value)]

    return {
        "faces": len(table),
        "groups": len(np.unique(table[:, 2])),
        "accuracy": [round(scores.accuracy, 4), interval("accuracy")],
        "macro_f1": [round(scores.macro_f1, 4), interval("macro_f1")],
        "recall_incorrect": [round(float(scores.recall[2]), 4), interval("recall", 2)],
        "alert_recall": [round(scores.alert_recall, 4), interval("alert_recall")],
        "recall": dict(zip(LABELS, scores.recall.round(4).tolist(), strict=True)),
        "confusion": scores.confusion.tolist(),
    }


def main() -> None:
    """Run, print, write."""
    options = arguments(__doc__).parse_args()
    held_out = read_held_out()
    size = int(get_session("wearing").card.parameters["size"])
    figures: dict[str, dict[str, Any]] = {}
    rows = []
    for name, read in (("ilc2021", read_ilc2021), ("mask-kinds", read_mask_kinds)):
        parts: dict[str, list[Row]] = {"label boxes": [], "found boxes": []}
        missed = 0
        for photo in read():
            if photo.key in held_out:
                drawn, found, lost = photo_rows(photo, held_out[photo.key], size)
                parts["label boxes"] += drawn
                parts["found boxes"] += found
                missed += lost
        for boxes, items in parts.items():
            if items:
                result = figures_of(items)
                result["missed"] = missed if boxes == "found boxes" else 0
                figures[f"{name}, {boxes}"] = result
                cells = [result[key] for key in ("accuracy", "macro_f1", "recall_incorrect", "alert_recall")]
                shown = [f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, (low, high) in cells]
                rows.append([name, boxes, result["faces"], result["missed"], *shown])
    show(
        f"wearing on held-out photos, faces >= {MIN_SIDE} px, 95 % intervals over near-duplicate groups",
        rows,
        ["set", "boxes", "faces", "missed", "accuracy", "macro-F1", "recall incorrect", "alert recall"],
    )
    for name, result in figures.items():
        show(
            f"{name}: confusion, true label by row",
            [[label, *row] for label, row in zip(LABELS, result["confusion"], strict=True)],
            ["", *LABELS],
        )
    write("wearing", figures, options.json)


if __name__ == "__main__":
    main()
