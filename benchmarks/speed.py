"""How long a look takes, warm, on the threads that the settings grant (``MASQUERADE_THREADS``, 2 by default).

python -m benchmarks.speed
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import masquerade
from benchmarks.common import arguments, machine, show, time_call, write
from masquerade.faces import Search, detect_faces, fit_mesh
from masquerade.image import read_image
from masquerade.models import get_session
from masquerade.settings import get_settings
from masquerade.wearing import classify_crops, read_wearing

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "person_b_2.jpg"


def frame_with_one_face() -> NDArray[np.uint8]:
    """A 640x480 frame with one face of about 150 px: a sample portrait on grey."""
    import cv2

    portrait = read_image(SAMPLE)
    height = 440
    width = round(portrait.shape[1] * height / portrait.shape[0])
    frame = np.full((480, 640, 3), 110, np.uint8)
    frame[20 : 20 + height, 150 : 150 + width] = cv2.resize(portrait, (width, height), interpolation=cv2.INTER_AREA)
    return frame


def wearing_network() -> dict[str, dict[str, float]]:
    """Time the wearing network alone, a face at batch 1 and 8, on the threads of this process."""
    size = int(get_session(get_settings().wearing_model).card.parameters["size"])
    crops = np.random.default_rng(0).integers(0, 256, (8, size, size, 3), np.uint8)
    eight = time_call(lambda: classify_crops(crops))
    return {
        "wearing network, a face, batch 1": time_call(lambda: classify_crops(crops[:1])),
        "wearing network, a face, batch 8": {name: value / 8 for name, value in eight.items()},
    }


def on_one_thread() -> dict[str, dict[str, float]]:
    """The same in a new process that is held to one thread."""
    code = "import json; from benchmarks.speed import wearing_network; print(json.dumps(wearing_network()))"
    environment = {**os.environ, "MASQUERADE_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    results: dict[str, dict[str, float]] = json.loads(done.stdout)
    return {f"{name}, one thread": result for name, result in results.items()}


def main() -> None:
    """Run, print, write."""
    options = arguments(__doc__).parse_args()
    frame = frame_with_one_face()
    search = Search()
    faces = masquerade.find_faces(frame, "frame")
    if len(faces) != 1:
        raise SystemExit(f"expected one face in the frame, found {len(faces)}")
    calls = {
        "look at a 640x480 frame, one face": lambda: masquerade.look(frame, effort="frame"),
        "  of it the detector": lambda: detect_faces(frame, "frame", search),
        "  of it the mesh": lambda: fit_mesh(frame, faces.boxes, faces.points),
        "  of it the wearing": lambda: read_wearing(frame, faces),
        "look at the same as a photo": lambda: masquerade.look(frame),
        "read and look at samples/person_b_2.jpg": lambda: masquerade.look(SAMPLE),
    }
    results = {name: time_call(call, 60 if "photo" in name or "read" in name else 200) for name, call in calls.items()}
    results |= on_one_thread()
    show(
        f"{machine()['cpu']}, {get_settings().threads} threads, warm",
        [[name, *result.values()] for name, result in results.items()],
        ["what", "median ms", "p95 ms", "min ms"],
    )
    write(
        "speed",
        {"threads": get_settings().threads, **{key.strip(): value for key, value in results.items()}},
        options.json,
    )


if __name__ == "__main__":
    main()
