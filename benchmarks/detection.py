"""Detection on the held-out part of ilc2021: recall by label for faces of 48 px and more, precision.

MASQUERADE_DATA=... python -m benchmarks.detection
"""

from __future__ import annotations

from benchmarks.common import arguments, show, write
from masquerade.datasets.types import LABELS
from masquerade.datasets.wearing_sets import read_held_out, read_ilc2021
from masquerade.evaluation.detection import DetectionCount
from masquerade.faces import Search, find_faces
from masquerade.image import read_image


def main() -> None:
    """Run, print, write."""
    options = arguments(__doc__).parse_args()
    held_out = read_held_out()
    photos = [photo for photo in read_ilc2021() if photo.key in held_out]
    counts = {effort: DetectionCount() for effort in ("photo", "frame")}
    for photo in photos:
        image = read_image(photo.path)
        for effort, count in counts.items():
            faces = find_faces(image, "photo" if effort == "photo" else "frame", Search())
            count.add(photo.boxes_or_raise(), photo.labels, faces.boxes)
    rows = [
        [
            effort,
            *(f"{hit}/{all_} = {hit / all_:.2%}" for hit, all_ in zip(count.hit, count.labelled, strict=True)),
            count.found,
            f"{count.precision:.1%}",
        ]
        for effort, count in counts.items()
    ]
    show(
        f"{len(photos)} held-out photos of ilc2021; faces >= 48 px; a hit is IoU >= 0.3, each box used once",
        rows,
        ["effort", *(f"recall {label}" for label in LABELS), "boxes", "of them labelled"],
    )
    print("Boxes that match no label are for the most part people that nobody labelled.")
    write(
        "detection",
        {
            effort: {
                "recall": dict(zip(LABELS, count.recall.round(4).tolist(), strict=True)),
                "labelled": dict(zip(LABELS, count.labelled.tolist(), strict=True)),
                "boxes": count.found,
                "precision": round(count.precision, 4),
            }
            for effort, count in counts.items()
        },
        options.json,
    )


if __name__ == "__main__":
    main()
