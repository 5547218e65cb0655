"""How many faces a second masks are drawn on, on one core.

python -m benchmarks.masking_speed

Crops: 112x112, landmarks given; a new plan of any kind and way to wear it is drawn, applied and blended for each
face, in batches of 32, as a data loader does. Photos: 640 px, one face; detection (one pass), landmarks, plan and
drawing.
The process is held to one core and one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import arguments, machine, show, write

ROOT = Path(__file__).parents[1]
SAMPLES = sorted((ROOT / "samples").glob("*.jpg"))
BATCH = 32


def aligned_samples() -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """The samples' faces as aligned crops, with landmarks in their pixels."""
    from masquerade.faces import align_faces, find_faces
    from masquerade.faces.align import landmarks_in_crops
    from masquerade.image import read_image

    found = []
    for path in SAMPLES:
        image = read_image(path)
        faces = find_faces(image)[:1]
        found.append((align_faces(image, faces)[0], landmarks_in_crops(faces)[0]))
    return found


def rates(call: Callable[[int], object], batches: int, batch: int) -> dict[str, float]:
    """Calls a second: in the middle batch, and in the best."""
    seconds = []
    for number in range(batches):
        started = time.perf_counter()
        for index in range(batch):
            call(number * batch + index)
        seconds.append((time.perf_counter() - started) / batch)
    return {"median_per_s": round(1 / float(np.median(seconds)), 1), "best_per_s": round(1 / min(seconds), 1)}


def measure() -> dict[str, dict[str, float]]:
    """Measure in this process."""
    import cv2

    from masquerade.faces import find_faces
    from masquerade.image import read_image
    from masquerade.masks import WORN, Choice, apply, draw
    from masquerade.masks.crops import masked_crops

    samples = aligned_samples()
    crops = [samples[index % len(samples)] for index in range(BATCH)]
    pictures, landmarks = (np.stack(parts) for parts in zip(*crops, strict=True))
    choices = {
        "crop, all kinds, worn correctly": Choice(),
        "crop, surgical alone": Choice(kinds=("surgical",)),
        "crop, all kinds, all ways": Choice(worn=WORN),
    }
    results = {}
    for name, choice in choices.items():

        def one(index: int, choice: Choice = choice) -> object:
            seeds = [(7, BATCH * index + at) for at in range(BATCH)]
            return masked_crops(pictures, landmarks, seeds, choice)

        rates(one, 60, 1)  # textures are made on the way
        results[name] = {key: round(BATCH * value, 1) for key, value in rates(one, 120, 1).items()}
    photos = []
    for path in SAMPLES:
        image = read_image(path)
        scale = 640 / max(image.shape[:2])
        photos.append(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    rng = np.random.default_rng(7)

    def photo(index: int) -> object:
        image = photos[index % len(photos)]
        faces = find_faces(image, "frame")
        return apply(image, faces, draw(rng, faces))

    known = [find_faces(image, "frame") for image in photos]

    def drawing(index: int) -> object:
        at = index % len(photos)
        return apply(photos[at], known[at], draw(rng, known[at]))

    for name, call in (("photo, whole", photo), ("photo, drawing alone", drawing)):
        rates(call, 4, 12)
        results[name] = rates(call, 10, 12)
    return results


def main() -> None:
    """Run in a child on one core, print, write."""
    options = arguments(__doc__).parse_args()
    code = (
        "import os, json; hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from benchmarks.masking_speed import measure; print(json.dumps(measure()))"
    )
    environment = {**os.environ, "MASQUERADE_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    results: dict[str, dict[str, float]] = json.loads(done.stdout)
    show(
        f"{machine()['cpu']}, one core",
        [[name, *result.values()] for name, result in results.items()],
        ["what", "median a second", "best a second"],
    )
    write("masking_speed", results, options.json)


if __name__ == "__main__":
    main()
